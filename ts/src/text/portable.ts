/**
 * Whether a text is in the portable subset of the text format (docs/portable.md), and fits its message type.
 *
 * What passes is read alike by the official parsers of all languages. That of protobuf-es, which comes after this,
 * takes more than others do: octal bools, signs apart from their numbers.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

import { MAX_DEPTH } from "../limits.js";
import { at, fieldsByName, join } from "../paths.js";
import { ConfigError } from "../violations.js";
import { checkEnum, checkScalar, type Kind, type Literal, shortened, takes } from "./literals.js";
import { type Mark, placesOf } from "./places.js";
import { Mistake, Scanner, type Token, type TokenKind } from "./scanner.js";

const CLOSERS: ReadonlyMap<string, string> = new Map([
  ["{", "}"],
  ["<", ">"],
]);

const LITERALS: ReadonlySet<TokenKind> = new Set(["word", "number", "string"]);

// What takes a block and nothing else.
const BLOCK: Kind = {};

type MapField = DescField & { fieldKind: "map" };

/** The field that set each singular field or oneof of a block so far, by the name of either. */
type Given = Map<string, DescField>;

/**
 * Checks a text.
 *
 * @param schema The type of the message.
 * @param text The text, in well-formed Unicode.
 * @returns The mark of the message, with those of all that it says inside.
 * @throws ConfigError with the first mistake, at its line and column.
 */
export function checkPortable(schema: DescMessage, text: string): Mark {
  const checker = new Checker(text);
  const root: Mark = { offset: 0 };
  try {
    checker.message(schema, root);
  } catch (error) {
    if (!(error instanceof Mistake)) {
      throw error;
    }
    const { path = checker.path, code, message, offset } = error;
    throw new ConfigError([{ path, code, message, ...placesOf([offset], text).get(offset) }]);
  }
  return root;
}

class Checker {
  /** Path of the open block. */
  path = "";
  private readonly scanner: Scanner;
  private depth = 0;

  constructor(text: string) {
    this.scanner = new Scanner(text);
  }

  /** Checks the fields of a message up to the end of its block, or without one of the text. */
  message(schema: DescMessage, mark: Mark, opener?: Token): void {
    const given: Given = new Map();
    this.fields(opener, (name) => {
      const path = join(this.path, name.text);
      const field = fieldsByName(schema).get(name.text);
      if (field === undefined) {
        const message = `${schema.name} has no field \`${shortened(name.text)}\``;
        throw new Mistake("parse.unknown_field", message, name.start, path);
      }
      const inside = (mark.inside ??= new Map<string, Mark>());
      const fieldMark: Mark = inside.get(field.name) ?? { offset: name.start };
      inside.set(field.name, fieldMark);
      if (field.fieldKind === "list") {
        this.list(field, path, fieldMark);
      } else if (field.fieldKind === "map") {
        this.map(field, path, fieldMark);
      } else {
        refuseSecond(field, name, path, given);
        this.colon(field.message !== undefined, path);
        this.value(field, path, fieldMark);
      }
    });
  }

  private list(field: DescField, path: string, mark: Mark): void {
    const items = (mark.items ??= []);
    this.elements(field, path, () => {
      const item = { offset: this.scanner.peek().start };
      const index = items.push(field.message === undefined ? item.offset : item) - 1;
      this.value(field, at(path, index), item);
    });
  }

  private map(field: MapField, path: string, mark: Mark): void {
    const entries = (mark.inside ??= new Map<string, Mark>());
    this.elements(field, path, () => this.entry(field, path, entries));
  }

  /** Reads names and separators up to the end of a block; `field` reads what follows a name. */
  private fields(opener: Token | undefined, field: (name: Token) => void): void {
    for (;;) {
      const token = this.scanner.next();
      if (token.kind === "end" && opener === undefined) {
        return;
      }
      if (token.kind === "end") {
        throw new Mistake("parse.unterminated", `this \`${opener?.text}\` is never closed`, opener?.start ?? 0);
      }
      if (opener !== undefined && token.text === CLOSERS.get(opener.text)) {
        return;
      }
      if (token.kind !== "word") {
        throw new Mistake("parse.syntax", `unexpected \`${shortened(token.text)}\``, token.start);
      }
      field(token);
      if (!this.scanner.take(",")) {
        this.scanner.take(";");
      }
    }
  }

  /** Takes the colon after a name; before blocks it may be missing. */
  private colon(takesBlock: boolean, path: string): void {
    if (this.scanner.take(":")) {
      return;
    }
    const token = this.scanner.peek();
    const isBlock = token.text === "{" || token.text === "<";
    if (!takesBlock && !isBlock) {
      throw new Mistake("parse.syntax", "is not followed by a colon", token.start, path);
    }
  }

  /** Reads what follows the name of a list or map: one element, or several between brackets. */
  private elements(field: DescField, path: string, element: () => void): void {
    this.colon(field.fieldKind === "map" || field.message !== undefined, path);
    const bracket = this.scanner.peek();
    if (!this.scanner.take("[")) {
      element();
      return;
    }
    if (this.scanner.take("]")) {
      return;
    }
    do {
      element();
    } while (this.scanner.take(","));
    const token = this.scanner.next();
    if (token.text === "]") {
      return;
    }
    if (LITERALS.has(token.kind) || CLOSERS.has(token.text)) {
      throw new Mistake("parse.syntax", "a comma is missing between two elements", token.start, path);
    }
    throw new Mistake("parse.unterminated", "this list is not closed", bracket.start, path);
  }

  /** Checks a value; that of a scalar moves the mark to where it begins. */
  private value(kind: Kind, path: string, mark: Mark): void {
    const { message } = kind;
    if (message !== undefined) {
      this.block(path, (opener) => this.message(message, mark, opener));
      return;
    }
    mark.offset = this.scanner.peek().start;
    const tokens = this.literal(kind, path);
    if (kind.enum !== undefined) {
      checkEnum(kind.enum, tokens[0], path);
    } else if (kind.scalar !== undefined) {
      checkScalar(kind.scalar, tokens, path);
    }
  }

  /** Reads a block; `inside` reads up to its end. */
  private block(path: string, inside: (opener: Token) => void): void {
    const opener = this.scanner.next();
    if (!CLOSERS.has(opener.text)) {
      throw this.misplaced(opener, BLOCK, path);
    }
    if (this.depth >= MAX_DEPTH) {
      throw new Mistake("parse.too_deep", `blocks are nested more than ${MAX_DEPTH} deep`, opener.start, path);
    }
    const outer = this.path;
    this.path = path;
    this.depth += 1;
    inside(opener);
    this.depth -= 1;
    this.path = outer;
  }

  /** Reads an entry of a map. */
  private entry(field: MapField, path: string, entries: Map<string, Mark>): void {
    this.block(path, (opener) => {
      const given = new Set<string>();
      const keyKind = { scalar: field.mapKey };
      let key = zeroKey(field.mapKey);
      let keyOffset = opener.start;
      const mark: Mark = { offset: opener.start };
      this.fields(opener, (name) => {
        if (given.has(name.text)) {
          throw new Mistake("parse.duplicate_field", `\`${name.text}\` is given twice`, name.start, this.path);
        }
        given.add(name.text);
        if (name.text === "key") {
          this.colon(false, this.path);
          keyOffset = this.scanner.peek().start;
          key = checkScalar(field.mapKey, this.literal(keyKind, this.path), this.path) ?? key;
          this.path = at(path, key);
        } else if (name.text === "value") {
          this.colon(field.message !== undefined, this.path);
          this.value(field, this.path, mark);
        } else {
          const message = `an entry of \`${field.name}\` has no field \`${shortened(name.text)}\``;
          throw new Mistake("parse.unknown_field", message, name.start, this.path);
        }
      });
      if (field.message !== undefined) {
        mark.offset = keyOffset;
      }
      const step = at("", key);
      if (entries.has(step)) {
        throw new Mistake("parse.duplicate_key", "this key is given twice", keyOffset, path + step);
      }
      entries.set(step, mark);
    });
  }

  /** Takes a word or number, or adjacent strings. */
  private literal(kind: Kind, path: string): [Token, ...Token[]] {
    const first = this.scanner.next();
    if (!LITERALS.has(first.kind) || this.beginsField(first)) {
      throw this.misplaced(first, kind, path);
    }
    const tokens: [Token, ...Token[]] = [first];
    while (first.kind === "string" && this.scanner.peek().kind === "string") {
      tokens.push(this.scanner.next());
    }
    return tokens;
  }

  /** Tells whether the token just taken is the name of another field. */
  private beginsField(token: Token): boolean {
    return token.kind === "word" && [":", "{", "<"].includes(this.scanner.peek().text);
  }

  /** Says what is wrong with a token that begins no value of this kind. */
  private misplaced(token: Token, kind: Kind, path: string): Mistake {
    if (token.kind === "sign" && LITERALS.has(this.scanner.peek().kind)) {
      const message = "a sign apart from its number is not read alike by all languages";
      return new Mistake("parse.not_portable.sign", message, token.start, path);
    }
    const isValue = LITERALS.has(token.kind) || ["{", "<", "["].includes(token.text);
    const code = isValue && !this.beginsField(token) ? "parse.wrong_type" : "parse.syntax";
    const found = token.kind === "end" ? "the end" : `\`${shortened(token.text)}\``;
    return new Mistake(code, `takes ${takes(kind)}, not ${found}`, token.start, path);
  }
}

function refuseSecond(field: DescField, name: Token, path: string, given: Given): void {
  const exclusive = field.oneof?.name ?? field.name;
  const first = given.get(exclusive);
  if (first === field) {
    throw new Mistake("parse.duplicate_field", `\`${field.name}\` is given twice`, name.start, path);
  }
  if (first !== undefined) {
    const message = `\`${field.name}\` and \`${first.name}\` exclude each other: \`${exclusive}\` takes one of them`;
    throw new Mistake("parse.oneof_conflict", message, name.start, path);
  }
  given.set(exclusive, field);
}

function zeroKey(type: ScalarType): Literal {
  if (type === ScalarType.STRING) {
    return "";
  }
  return type === ScalarType.BOOL ? false : 0n;
}
