/** String literals of the portable text format. */
import { Mistake, type Token } from "./scanner.js";

const CONTROL = /[\x00-\x08\n-\x1f]/;
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
  const bytes = tokens.flatMap((token) => unescaped(token, path));
  if (!isText) {
    return undefined;
  }
  try {
    return decoder.decode(joined(bytes));
  } catch {
    const message = "the bytes are not UTF-8, which a string has to be";
    throw new Mistake("parse.not_portable.utf8", message, first.start, path);
  }
}

/** The inside of a literal. */
function plain(token: Token, path: string): string {
  const text = token.text.slice(1, -1);
  const control = CONTROL.exec(text);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    const message = `a raw U+${code} in a string is not read alike by all languages`;
    const offset = token.start + 1 + control.index;
    throw new Mistake("parse.not_portable.control_character", message, offset, path);
  }
  return text;
}

/** The bytes of a literal, in pieces. */
function unescaped(token: Token, path: string): Uint8Array[] {
  const text = plain(token, path);
  const pieces: Uint8Array[] = [];
  let done = 0;
  for (const escape of text.matchAll(ESCAPE)) {
    pieces.push(encoder.encode(text.slice(done, escape.index)), escapedBytes(escape, token, path));
    done = escape.index + escape[0].length;
  }
  pieces.push(encoder.encode(text.slice(done)));
  return pieces;
}

function escapedBytes(escape: RegExpExecArray, token: Token, path: string): Uint8Array {
  const [written, simple, octal, hexadecimal, short, long] = escape;
  const byte = simple === undefined ? Number.parseInt(octal ?? "", 8) : SIMPLE[simple];
  if (byte !== undefined && byte < 256) {
    return Uint8Array.of(byte);
  }
  if (hexadecimal !== undefined) {
    return Uint8Array.of(Number.parseInt(hexadecimal, 16));
  }
  const point = Number.parseInt(short ?? long ?? "", 16);
  if (point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff)) {
    return encoder.encode(String.fromCodePoint(point));
  }
  const what = written === "\\" ? token.text.slice(escape.index + 1, escape.index + 3) : written;
  const message = `the escape \`${what}\` is not read alike by all languages`;
  throw new Mistake("parse.not_portable.escape", message, token.start + 1 + escape.index, path);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    all.set(piece, offset);
    offset += piece.length;
  }
  return all;
}
