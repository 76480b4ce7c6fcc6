/** Reading a message from the text format. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { fromText } from "@bufbuild/protobuf/txtpb";

import { MAX_BYTES, MAX_DEPTH } from "../limits.js";
import { ConfigError } from "../violations.js";
import { type Place, Places, placesOf } from "./places.js";
import { checkPortable } from "./portable.js";

/** A message, and where in its text its values stand. */
export interface Reading<Desc extends DescMessage> {
  readonly message: MessageShape<Desc>;
  readonly places: Places;
}

const START: Place = { line: 1, column: 1 };
const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a message from a text in the portable subset of the text format.
 *
 * @param schema The type of the message.
 * @param source The text; bytes are UTF-8.
 * @throws ConfigError with the first mistake of the text.
 */
export function readText<Desc extends DescMessage>(schema: Desc, source: string | Uint8Array): Reading<Desc> {
  if (sizeOf(source) > MAX_BYTES) {
    throw refusal("parse.too_large", `the text has more than ${MAX_BYTES / 2 ** 20} MiB, which no config needs`, START);
  }
  const text = typeof source === "string" ? wellFormed(source) : decoded(source);
  const places = new Places(text, checkPortable(schema, text));
  // The library counts the message itself as a block.
  return { message: fromText(schema, text, { recursionLimit: MAX_DEPTH + 1 }), places };
}

function sizeOf(source: string | Uint8Array): number {
  const isSurelySmall = typeof source !== "string" || 3 * source.length <= MAX_BYTES;
  return isSurelySmall ? source.length : encoder.encode(source).length;
}

function wellFormed(text: string): string {
  const surrogate = /\p{Surrogate}/u.exec(text);
  if (surrogate !== null) {
    throw notUtf8("the text has lone surrogates, which UTF-8 does not", text.slice(0, surrogate.index));
  }
  return text;
}

function decoded(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    throw notUtf8("the text is not UTF-8", textBeforeMistake(bytes));
  }
}

/** Returns what bytes that are not UTF-8 say before the first that shows it. */
function textBeforeMistake(bytes: Uint8Array): string {
  const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  const mended = encoder.encode(lenient.decode(bytes));
  const end = bytes.findIndex((byte, index) => byte !== mended[index]);
  // As if more came, so that a character that is cut off is none.
  return lenient.decode(bytes.subarray(0, end < 0 ? bytes.length : end), { stream: true });
}

function notUtf8(message: string, before: string): ConfigError {
  return refusal("parse.not_portable.encoding", message, placesOf([before.length], before).get(before.length));
}

function refusal(code: string, message: string, place: Place | undefined): ConfigError {
  return new ConfigError([{ path: "", code, message, ...place }]);
}
