/** String literals of the portable text format. */
import { Mistake, type Token } from "./scanner.js";

const ESCAPE = /\\(?:([abfnrtv\\'"])|([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|)/g;
const SIMPLE: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  v: 0x0b,
  "\\": 0x5c,
  "'": 0x27,
  '"': 0x22,
};
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one or more adjacent string literals.
 *
 * @param tokens The literals.
 * @param isText Whether the bytes have to be UTF-8, as those of a `string` have.
 * @param path The field's path, for mistakes.
 * @returns The text; undefined for bytes.
 * @throws Mistake if there is something else, an escape that not all languages read, or no UTF-8.
 */
export function readString(tokens: readonly [Token, ...Token[]], isText: boolean, path: string): string | undefined {
  const first = tokens[0];
  if (first.kind !== "string") {
    throw new Mistake("parse.wrong_type", "takes a string in quotes", first.start, path);
  }
  if (tokens.every((token) => !token.text.includes("\\"))) {
    return tokens.map((token) => plain(token, path)).join("");
  }
  const texts = tokens.map((token) => plain(token, path));
  // No escape gives more bytes than it has characters, and no character more than three.
  const bytes = new Uint8Array(3 * texts.reduce((length, text) => length + text.length, 0));
  let end = 0;
  for (const [index, text] of texts.entries()) {
    end = unescape(text, bytes, end, (tokens[index] ?? first).start + 1, path);
  }
  if (!isText) {
    return undefined;
  }
  try {
    return decoder.decode(bytes.subarray(0, end));
  } catch {
    const message = "the bytes are not UTF-8, which a string has to be";
    throw new Mistake("parse.not_portable.utf8", message, first.start, path);
  }
}

/** The inside of a literal. */
function plain(token: Token, path: string): string {
  const text = token.text.slice(1, -1);
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    const message = "a raw U+0000 in a string is not read alike by all languages";
    throw new Mistake("parse.not_portable.control_character", message, token.start + 1 + nul, path);
  }
  return text;
}

/** Writes the bytes of a literal behind those that are there; returns the new end. `offset` is that of its inside. */
function unescape(text: string, bytes: Uint8Array, start: number, offset: number, path: string): number {
  let end = start;
  let done = 0;
  ESCAPE.lastIndex = 0;
  for (let escape = ESCAPE.exec(text); escape !== null; escape = ESCAPE.exec(text)) {
    if (done < escape.index) {
      end += encoder.encodeInto(text.slice(done, escape.index), bytes.subarray(end)).written;
    }
    const byte = byteOf(escape);
    const point = pointOf(escape);
    if (byte !== undefined) {
      bytes[end] = byte;
      end += 1;
    } else if (point !== undefined) {
      end += encoder.encodeInto(String.fromCodePoint(point), bytes.subarray(end)).written;
    } else {
      const written = text.slice(escape.index, Math.max(ESCAPE.lastIndex, escape.index + 2));
      const message = `the escape \`${written}\` is not read alike by all languages`;
      throw new Mistake("parse.not_portable.escape", message, offset + escape.index, path);
    }
    done = ESCAPE.lastIndex;
  }
  return end + encoder.encodeInto(text.slice(done), bytes.subarray(end)).written;
}

function byteOf([, simple, octal, hexadecimal]: RegExpExecArray): number | undefined {
  if (simple !== undefined) {
    return SIMPLE[simple];
  }
  const byte = octal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number.parseInt(octal, 8);
  return byte < 256 ? byte : undefined;
}

function pointOf([, , , , short, long]: RegExpExecArray): number | undefined {
  const point = Number.parseInt(short ?? long ?? "", 16);
  const isSurrogate = point >= 0xd800 && point <= 0xdfff;
  return point <= 0x10ffff && !isSurrogate ? point : undefined;
}
