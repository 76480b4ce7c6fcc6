/** Work that the first config of a process would wait for, done before. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";

import { fingerprint } from "./fingerprint.js";
import { readText } from "./text/read.js";
import { validate } from "./validation.js";

/**
 * Compiles the rules of a config's type and of all types inside it, and reads the options of their fields. The first
 * config that a process loads takes about as long as later ones after this; a server calls it as it starts.
 *
 * @param schema The config's type, such as `RecapConfigSchema`.
 */
export function prewarm(schema: DescMessage): void {
  for (const member of ["first", "last"] as const) {
    const config = reflect(schema);
    fill(config, member, [schema]);
    validate(schema, config.message as MessageShape<DescMessage>);
    fingerprint(schema, config.message as MessageShape<DescMessage>);
  }
  readText(schema, "");
}

/** Sets every message field, and of a oneof one member; a type inside itself is left out. */
function fill(message: ReflectMessage, member: "first" | "last", around: readonly DescMessage[]): void {
  const chosen = member === "first" ? message.fields.toReversed() : message.fields;
  for (const field of chosen) {
    if (field.message === undefined || around.includes(field.message)) {
      continue;
    }
    const inner = reflect(field.message);
    fill(inner, member, [...around, field.message]);
    if (field.fieldKind === "list") {
      message.get(field).add(inner);
    } else if (field.fieldKind === "map") {
      message.get(field).set("a", inner);
    } else if (field.fieldKind === "message") {
      message.set(field, inner);
    }
  }
}
