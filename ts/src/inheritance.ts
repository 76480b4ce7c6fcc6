/**
 * Settings that one part of a config takes from another: a validation set from the training data.
 *
 * A bool with the option `inherits_from`, true in a message that the config holds by name, fills in what is unset there
 * from the config's field that the option names: blocks field by field, map entries by key, a list if it is empty, a
 * oneof if no member of it is set. The bool is dropped, so that the config then says everything itself.
 */
import { clone, type DescField, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { reflect, type ReflectMap, type ReflectMessage } from "@bufbuild/protobuf/reflect";

import { annotationsOf } from "./annotations.js";
import { at, fieldsByName, isAtOrBelow, join, type Key } from "./paths.js";
import type { Violation } from "./violations.js";

/** A value that was filled in. */
export interface Copy {
  readonly path: string;
  /** The path it came from. */
  readonly source: string;
  /** What is inherited from; it contains the source. */
  readonly base: string;
}

type MessageField = DescField & { fieldKind: "message" };
type MapField = DescField & { fieldKind: "map" };

/**
 * Fills in what the parts of a config inherit, in place.
 *
 * @param schema The config's type.
 * @param config The config, with its variables replaced.
 * @returns What was filled in. Where there is nothing to inherit from, what should have inherited stands for all of it.
 */
export function inherit<Desc extends DescMessage>(schema: Desc, config: MessageShape<Desc>): Copy[] {
  const root = reflect(schema, config);
  return schema.fields.flatMap((field) =>
    field.fieldKind === "list" || field.message === undefined
      ? []
      : field.message.fields.flatMap((toggle) => {
          const base = fieldsByName(schema).get(annotationsOf(toggle).inheritsFrom);
          return base?.fieldKind === "message" && base !== field ? inheritAll(root, base, field, toggle) : [];
        }),
  );
}

function inheritAll(root: ReflectMessage, base: MessageField, field: DescField, toggle: DescField): Copy[] {
  return heirs(root, field).flatMap(([path, heir]) => {
    const inherits = heir.get(toggle) === true;
    heir.clear(toggle);
    const whole = { path, source: base.name, base: base.name };
    if (!inherits) {
      return [];
    }
    if (!root.isSet(base)) {
      return [whole];
    }
    // A copy for each heir, so that changing one does not change the others.
    return fill(heir, reflect(base.message, clone(base.message, root.get(base).message)), whole);
  });
}

/** The messages that may inherit, and their paths. */
function heirs(root: ReflectMessage, field: DescField): [string, ReflectMessage][] {
  if (field.fieldKind === "map") {
    return [...root.get(field)].map(([key, value]) => [at(field.name, key as Key), value as ReflectMessage]);
  }
  return field.fieldKind === "message" && root.isSet(field) ? [[field.name, root.get(field)]] : [];
}

/** Moves what is set in `base` and unset in `message`. */
function fill(message: ReflectMessage, base: ReflectMessage, whole: Copy): Copy[] {
  return base.fields.flatMap((field) => {
    const member = field.oneof && message.oneofCase(field.oneof);
    if (!base.isSet(field) || (member !== undefined && member !== field)) {
      return [];
    }
    const here = { path: join(whole.path, field.name), source: join(whole.source, field.name), base: whole.base };
    if (!message.isSet(field)) {
      message.set(field, base.get(field));
      return [here];
    }
    if (field.fieldKind === "map") {
      return fillMap(message.get(field), field, base.get(field), here);
    }
    return field.fieldKind === "message" ? fill(message.get(field), base.get(field), here) : [];
  });
}

function fillMap(entries: ReflectMap, field: MapField, base: ReflectMap, whole: Copy): Copy[] {
  return [...base].flatMap(([key, value]) => {
    const here = { path: at(whole.path, key as Key), source: at(whole.source, key as Key), base: whole.base };
    if (!entries.has(key)) {
      entries.set(key, value);
      return [here];
    }
    return field.mapKind === "message" ? fill(entries.get(key) as ReflectMessage, value as ReflectMessage, here) : [];
  });
}

/**
 * Leaves out what is said of a value that was filled in and of the one it came from alike. Where there is nothing to
 * inherit from, that is what is missing, and nothing else.
 */
export function withoutRepeats(violations: Violation[], copies: readonly Copy[]): Violation[] {
  const said = (path: string, code: string): boolean =>
    violations.some((violation) => violation.path === path && violation.code === code);
  return violations.filter(
    ({ path, code }) =>
      !copies.some(
        (copy) =>
          isAtOrBelow(path, copy.path) &&
          (said(copy.base, "required") || said(copy.source + path.slice(copy.path.length), code)),
      ),
  );
}
