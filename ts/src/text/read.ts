/** Reading a message from the text format. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { fromText } from "@bufbuild/protobuf/txtpb";

import { MAX_BYTES, MAX_DEPTH } from "../limits.js";
import { SpecError } from "../violations.js";
import type { Places } from "./places.js";
import { checkPortable } from "./portable.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a message from a text in the portable subset of the text format.
 *
 * @param schema The type of the message.
 * @param source The text; bytes are UTF-8.
 * @throws SpecError with the first mistake of the text.
 */
export function readText<Desc extends DescMessage>(schema: Desc, source: string | Uint8Array): MessageShape<Desc> {
  return readWithPlaces(schema, source).config;
}

/** What `readText` gives, and where its fields stand. */
export function readWithPlaces<Desc extends DescMessage>(
  schema: Desc,
  source: string | Uint8Array,
): { config: MessageShape<Desc>; places: Places } {
  if (sizeOf(source) > MAX_BYTES) {
    throw refusal("parse.too_large", `the text has more than ${MAX_BYTES / 2 ** 20} MiB, which no config needs`);
  }
  const text = decoded(source);
  const places = checkPortable(schema, text);
  // The library counts the message itself as a block.
  return { config: fromText(schema, text, { recursionLimit: MAX_DEPTH + 1 }), places };
}

function sizeOf(source: string | Uint8Array): number {
  const isSurelySmall = typeof source !== "string" || 3 * source.length <= MAX_BYTES;
  return isSurelySmall ? source.length : Buffer.byteLength(source);
}

function decoded(source: string | Uint8Array): string {
  if (typeof source !== "string") {
    try {
      return decoder.decode(source);
    } catch {
      throw refusal("parse.not_portable.encoding", "the text is not UTF-8");
    }
  }
  if (/\p{Surrogate}/u.test(source)) {
    throw refusal("parse.not_portable.encoding", "the text has lone surrogates, which UTF-8 does not");
  }
  return source;
}

function refusal(code: string, message: string): SpecError {
  return new SpecError([{ path: "", code, message, line: 1, column: 1 }]);
}
