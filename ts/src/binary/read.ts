/** Reading a message from the binary form. */
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";

import { MAX_BYTES, MAX_DEPTH } from "../limits.js";
import { at, join, type Key } from "../paths.js";
import { ConfigError, type Violation } from "../violations.js";
import { checkWire } from "./wire.js";

/**
 * Reads a message from the binary form.
 *
 * @param schema The type of the message.
 * @param bytes The serialized message.
 * @throws ConfigError if it does not decode, or has fields that the schema does not have.
 */
export function readBinary<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  if (bytes.length > MAX_BYTES) {
    const message = `the message has more than ${MAX_BYTES / 2 ** 20} MiB, which no config needs`;
    throw new ConfigError([{ path: "", code: "parse.too_large", message }]);
  }
  const config = decoded(schema, bytes);
  const unknown = [...unknownFields(reflect(schema, config), "")];
  if (unknown.length > 0) {
    throw new ConfigError(unknown);
  }
  return config;
}

function decoded<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    checkWire(schema, bytes);
    // The library counts the message itself.
    return fromBinary(schema, bytes, { recursionLimit: MAX_DEPTH + 1 });
  } catch (error) {
    if (error instanceof ConfigError) {
      throw error;
    }
    // What does not decode has no class of its own in protobuf-es.
    const message = `this is no serialized ${schema.name}: ${error instanceof Error ? error.message : error}`;
    throw new ConfigError([{ path: "", code: "parse.syntax", message }]);
  }
}

/** Yields what protobuf-es kept of each message because its type has no such field. */
function* unknownFields(message: ReflectMessage, path: string): Generator<Violation> {
  const numbers = [...new Set(message.getUnknown()?.map(({ no }) => no))];
  if (numbers.length > 0) {
    const text = `${message.desc.typeName} does not have what is here as field ${numbers.join(", ")}`;
    yield { path, code: "parse.unknown_field", message: text };
  }
  for (const [place, inner] of messagesIn(message, path)) {
    yield* unknownFields(inner, place);
  }
}

/** Yields the messages that a message holds, with their paths. */
function* messagesIn(message: ReflectMessage, path: string): Generator<[string, ReflectMessage]> {
  for (const field of message.fields) {
    const name = join(path, field.name);
    if (field.fieldKind === "message" && message.isSet(field)) {
      yield [name, message.get(field)];
    } else if (field.fieldKind === "list" && field.listKind === "message") {
      for (const [index, item] of [...message.get(field)].entries()) {
        yield [at(name, index), item as ReflectMessage];
      }
    } else if (field.fieldKind === "map" && field.mapKind === "message") {
      for (const [key, item] of message.get(field)) {
        yield [at(name, key as Key), item as ReflectMessage];
      }
    }
  }
}
