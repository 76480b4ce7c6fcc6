/** Identifies what a config says, however it is written: by hashes over the canonical form of docs/fingerprint.md. */
import { createHash } from "node:crypto";

import { type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";

import { annotationsOf } from "./annotations.js";
import { join } from "./paths.js";
import { condense } from "./resolving.js";

/** The identity of a config: SHA-256, as 64 hexadecimal digits. */
export interface Fingerprint {
  /** Of everything that takes part in what the trained model computes. */
  readonly semantic: string;
  /** Of everything. */
  readonly full: string;
}

/** Which part of a config: what takes part in what the trained model computes, or everything. */
export type Part = keyof Fingerprint;

const FORM = "rankspec-fingerprint-2";
const encoder = new TextEncoder();
const bits = new DataView(new ArrayBuffer(8));

/**
 * Computes the fingerprint of a config.
 *
 * @param schema The config's type.
 * @param config A valid config; defaults need not be filled in.
 */
export function fingerprint<Desc extends DescMessage>(schema: Desc, config: MessageShape<Desc>): Fingerprint {
  const hash = (part: Part) => createHash("sha256").update(canonicalForm(schema, config, part)).digest("hex");
  return { semantic: hash("semantic"), full: hash("full") };
}

/**
 * Writes a config in the form that is hashed. It is ASCII.
 *
 * @param schema The config's type.
 * @param config A valid config; whether defaults are filled in makes no difference.
 * @param part Which part of it.
 */
export function canonicalForm<Desc extends DescMessage>(
  schema: Desc,
  config: MessageShape<Desc>,
  part: Part,
): string {
  const lines = [...linesOf(reflect(schema, condense(schema, config)), "", part)].sort();
  return [FORM, schema.typeName, ...lines].map((line) => `${line}\n`).join("");
}

function* linesOf(message: ReflectMessage, prefix: string, part: Part): Generator<string> {
  for (const field of message.fields) {
    if (!message.isSet(field) || (part === "semantic" && !annotationsOf(field).isSemantic)) {
      continue;
    }
    const path = join(prefix, field.name);
    for (const [key, value] of items(message, field)) {
      const place = key === undefined ? path : `${path}[${key}]`;
      if (field.message === undefined) {
        yield `${place}=${scalar(field.scalar, value)}`;
      } else {
        yield `${place}={}`;
        yield* linesOf(value as ReflectMessage, place, part);
      }
    }
  }
}

/** The single values of a field that is set, each with what stands between brackets in its path. */
function* items(message: ReflectMessage, field: DescField): Generator<[key: string | undefined, value: unknown]> {
  switch (field.fieldKind) {
    case "list":
      for (const [index, item] of [...message.get(field)].entries()) {
        yield [String(index), item];
      }
      break;
    case "map":
      for (const [key, item] of message.get(field)) {
        yield [scalar(field.mapKey, key), item];
      }
      break;
    default:
      yield [undefined, message.get(field)];
  }
}

/** @param type The scalar's type; undefined for an enum. */
function scalar(type: ScalarType | undefined, value: unknown): string {
  switch (type) {
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return real(value as number);
    case ScalarType.STRING:
      return quoted(encoder.encode(value as string));
    case ScalarType.BYTES:
      return quoted(value as Uint8Array);
    default:
      return String(value);
  }
}

/** The bits of a number, most significant first; both zeros are one, and so are all NaNs. */
function real(value: number): string {
  if (Number.isNaN(value)) {
    return "7ff8000000000000";
  }
  bits.setFloat64(0, value === 0 ? 0 : value);
  return bits.getBigUint64(0).toString(16).padStart(16, "0");
}

function quoted(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x22 && byte !== 0x5c;
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `"${text}"`;
}
