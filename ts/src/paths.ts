/** Field paths such as `model.tasks["liked"].pos_weight`: writing them, and telling whether they name anything. */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

/** A list index or a map key. */
export type Key = string | number | bigint | boolean;

/** Appends a path below another one. */
export function join(path: string, below: string): string {
  return path === "" ? below : `${path}.${below}`;
}

/** Appends a list index or a map key. */
export function at(path: string, key: Key): string {
  return typeof key === "string" ? `${path}["${key.replace(/[\\"]/g, "\\$&")}"]` : `${path}[${key}]`;
}

/** Tells whether a path is another one or names something inside of it. */
export function isAtOrBelow(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}.`) || path.startsWith(`${ancestor}[`);
}

const fieldMaps = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** The fields of a message type by their names in the schema. */
export function fieldsByName(message: DescMessage): ReadonlyMap<string, DescField> {
  let fields = fieldMaps.get(message);
  if (fields === undefined) {
    fields = new Map(message.fields.map((field) => [field.name, field]));
    fieldMaps.set(message, fields);
  }
  return fields;
}

const STEP = /([A-Za-z_][A-Za-z0-9_]*)(?:\[(?:("[^"\\]*(?:\\.[^"\\]*)*")|(-?[0-9]+)|(true|false))\])?(\.|$)/sy;

/** Tells whether a path, read from a message type on, names a field of it or of a message inside it. */
export function namesField(message: DescMessage, path: string): boolean {
  let here: DescMessage | undefined = message;
  STEP.lastIndex = 0;
  while (STEP.lastIndex < path.length) {
    const step = STEP.exec(path);
    const field: DescField | undefined = here && fieldsByName(here).get(step?.[1] ?? "");
    if (step === null || field === undefined || !takesKey(field, step)) {
      return false;
    }
    const hasKey = (step[2] ?? step[3] ?? step[4]) !== undefined;
    const isMany: boolean = field.fieldKind === "list" || field.fieldKind === "map";
    here = isMany && !hasKey ? undefined : field.message;
    // A path that ends in a dot goes on without naming anything.
    if (step[5] === "." && STEP.lastIndex === path.length) {
      return false;
    }
  }
  return path !== "";
}

function takesKey(field: DescField, [, , text, number, truth]: RegExpExecArray): boolean {
  if ((text ?? number ?? truth) === undefined) {
    return true;
  }
  if (field.fieldKind === "list") {
    return number !== undefined && !/^-0*[1-9]/.test(number);
  }
  if (field.fieldKind !== "map") {
    return false;
  }
  switch (field.mapKey) {
    case ScalarType.STRING:
      return text !== undefined;
    case ScalarType.BOOL:
      return truth !== undefined;
    default:
      return number !== undefined;
  }
}
