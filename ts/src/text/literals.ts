/** Literals of the portable text format: which spellings a type takes, and what is wrong with the others. */
import { type DescEnum, type DescMessage, ScalarType } from "@bufbuild/protobuf";

import { readString } from "./strings.js";
import { Mistake, type Token } from "./scanner.js";

/** What a key of a map stands for. */
export type Literal = string | bigint | boolean;

/** What a value is of: a message type, an enum or a scalar type. Fields are their own kind. */
export interface Kind {
  readonly message?: DescMessage | undefined;
  readonly enum?: DescEnum | undefined;
  readonly scalar?: ScalarType | undefined;
}

const DECIMAL = /^-?(?:0|[1-9][0-9]*)$/;
const HEXADECIMAL = /^-?0x[0-9a-fA-F]+$/;
const REAL = /^-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?$/;
const NOT_FINITE = /^(?:nan|-?inf(?:inity)?)$/i;
// What some parser reads as a number, once underscores are gone.
const LENIENT_INTEGER = /^[+-]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+)$/;
const LENIENT_REAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]*$/;
const LENIENT_NOT_FINITE = /^[+-]?(?:nan|inf(?:inity)?)f?$/i;
const LENIENT_BOOL = /^[+-]?(?:0[xXbBoO])?0*[01]$/;
const TRUE = new Set(["true", "True", "t", "1"]);
const FALSE = new Set(["false", "False", "f", "0"]);
// Decimal numbers with more characters than this are out of every range.
const MOST_CHARACTERS = 400;

const SIGNED_32 = [-(2n ** 31n), 2n ** 31n - 1n] as const;
const SIGNED_64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const UNSIGNED_32 = [0n, 2n ** 32n - 1n] as const;
const UNSIGNED_64 = [0n, 2n ** 64n - 1n] as const;

type Range = readonly [lowest: bigint, highest: bigint];

/**
 * Checks the literal of a scalar.
 *
 * @param type The scalar's type.
 * @param tokens A word or number, or one or more adjacent strings.
 * @param path The field's path, for mistakes.
 * @returns What it stands for; undefined for real numbers and bytes.
 * @throws Mistake if the type does not take it, or not in this spelling.
 */
export function checkScalar(type: ScalarType, tokens: readonly [Token, ...Token[]], path: string): Literal | undefined {
  const token = tokens[0];
  if (type === ScalarType.STRING || type === ScalarType.BYTES) {
    return readString(tokens, type === ScalarType.STRING, path);
  }
  if (token.kind === "string") {
    throw wrongType(token, path, typeName(type));
  }
  switch (type) {
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return checkReal(token, path);
    case ScalarType.BOOL:
      return checkBool(token, path);
    default:
      return checkInteger(token, path, rangeOf(type));
  }
}

/**
 * Checks the literal of an enum: a value's name, or a number.
 *
 * @throws Mistake if the enum does not take it, or not in this spelling.
 */
export function checkEnum(description: DescEnum, token: Token, path: string): void {
  const { text } = token;
  if (token.kind === "string") {
    throw wrongType(token, path, `a value of ${description.name}`);
  }
  if (description.values.some((value) => value.name === text)) {
    return;
  }
  if (DECIMAL.test(text) || HEXADECIMAL.test(text)) {
    const number = inRange(token, path, SIGNED_32);
    if (!description.open && description.value[Number(number)] === undefined) {
      throw unknownValue(description, token, path);
    }
    return;
  }
  if (looksLikeNumber(text)) {
    throw text.length < MOST_CHARACTERS && LENIENT_INTEGER.test(text.replaceAll("_", ""))
      ? notPortable(token, path)
      : wrongType(token, path, `a value of ${description.name}`);
  }
  throw unknownValue(description, token, path);
}

/** Cuts what a text holds to what fits into a message. */
export function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 37)}...`;
}

/** Names what a kind takes, for messages. */
export function takes(kind: Kind): string {
  if (kind.scalar !== undefined) {
    return typeName(kind.scalar);
  }
  return kind.enum === undefined ? "a block" : `a value of ${kind.enum.name}`;
}

function typeName(type: ScalarType): string {
  const name = ScalarType[type].toLowerCase();
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return "a string in quotes";
    case ScalarType.BOOL:
      return "`true` or `false`";
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return "a number";
    default:
      return `a whole number (${name})`;
  }
}

function rangeOf(type: ScalarType): Range {
  switch (type) {
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return UNSIGNED_32;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return UNSIGNED_64;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return SIGNED_64;
    default:
      return SIGNED_32;
  }
}

function checkInteger(token: Token, path: string, range: Range): bigint {
  const { text } = token;
  if (text.length > MOST_CHARACTERS && /^[+-]*[0-9]+$/.test(text)) {
    throw outOfRange(token, path, range);
  }
  if (DECIMAL.test(text) || HEXADECIMAL.test(text)) {
    // Zero with a sign; other negative numbers are out of range.
    if (range[0] === 0n && /^-(?:0x)?0+$/.test(text)) {
      throw notPortable(token, path);
    }
    return inRange(token, path, range);
  }
  if (REAL.test(text)) {
    throw wrongType(token, path, "a whole number");
  }
  if (!text.startsWith("_") && LENIENT_INTEGER.test(text.replaceAll("_", ""))) {
    throw notPortable(token, path);
  }
  throw looksLikeNumber(text) ? malformed(token, path) : wrongType(token, path, "a whole number");
}

function inRange(token: Token, path: string, range: Range): bigint {
  if (token.text.length > MOST_CHARACTERS && DECIMAL.test(token.text)) {
    throw outOfRange(token, path, range);
  }
  const isNegative = token.text.startsWith("-");
  const size = BigInt(isNegative ? token.text.slice(1) : token.text);
  const number = isNegative ? -size : size;
  if (number < range[0] || number > range[1]) {
    throw outOfRange(token, path, range);
  }
  return number;
}

function checkReal(token: Token, path: string): undefined {
  const { text } = token;
  if (REAL.test(text) || NOT_FINITE.test(text)) {
    return;
  }
  if (text.length > MOST_CHARACTERS || LENIENT_NOT_FINITE.test(text)) {
    throw notPortable(token, path);
  }
  const bare = text.replaceAll("_", "");
  if (!text.startsWith("_") && (LENIENT_REAL.test(bare) || LENIENT_INTEGER.test(bare))) {
    throw notPortable(token, path);
  }
  throw looksLikeNumber(text) ? malformed(token, path) : wrongType(token, path, "a number");
}

function checkBool(token: Token, path: string): boolean {
  if (TRUE.has(token.text)) {
    return true;
  }
  if (FALSE.has(token.text)) {
    return false;
  }
  if (LENIENT_BOOL.test(token.text)) {
    throw notPortable(token, path, "parse.not_portable.bool");
  }
  throw wrongType(token, path, "`true` or `false`");
}

function looksLikeNumber(text: string): boolean {
  return /^[0-9+.-]/.test(text);
}

function wrongType(token: Token, path: string, expected: string): Mistake {
  return new Mistake("parse.wrong_type", `takes ${expected}, not \`${shortened(token.text)}\``, token.start, path);
}

function malformed(token: Token, path: string): Mistake {
  return new Mistake("parse.syntax", `\`${shortened(token.text)}\` is no number`, token.start, path);
}

function notPortable(token: Token, path: string, code = "parse.not_portable.number"): Mistake {
  return new Mistake(code, `\`${shortened(token.text)}\` is not read alike by all languages`, token.start, path);
}

function outOfRange(token: Token, path: string, [lowest, highest]: Range): Mistake {
  const message = `takes whole numbers from ${lowest} to ${highest}, not ${shortened(token.text)}`;
  return new Mistake("parse.out_of_range", message, token.start, path);
}

function unknownValue(description: DescEnum, token: Token, path: string): Mistake {
  const message = `\`${shortened(token.text)}\` is not a value of ${description.name}`;
  return new Mistake("parse.unknown_enum_value", message, token.start, path);
}
