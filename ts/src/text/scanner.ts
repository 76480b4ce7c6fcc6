/** Tokens of the portable text format, and what is none. */

export type TokenKind = "word" | "number" | "string" | "mark" | "sign" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As it is written. */
  readonly text: string;
  /** Offset of its first UTF-16 unit. */
  readonly start: number;
}

/** A mistake of a text; `offset` counts UTF-16 units, and `path` is missing where the open block is meant. */
export class Mistake extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly offset: number,
    readonly path?: string,
  ) {
    super(message);
  }
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const HASH = 0x23;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const BACKSLASH = 0x5c;
const MARKS = "{}<>[]:,;";
// White space to some parsers only.
const ODD_SPACE = /[\v\f\x1c-\x1f\x85\xa0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000]/;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}

function isSign(code: number): boolean {
  return code === PLUS || code === MINUS;
}

/**
 * Reads tokens one at a time, one ahead.
 *
 * By character codes rather than by regular expressions, whose backtracking needs memory for every character of a
 * long string.
 */
export class Scanner {
  private position = 0;
  private ahead: Token | undefined;

  constructor(private readonly text: string) {}

  /** The next token, which stays the next one. */
  peek(): Token {
    this.ahead ??= this.scan();
    return this.ahead;
  }

  /** Takes the next token. */
  next(): Token {
    const token = this.peek();
    this.ahead = undefined;
    return token;
  }

  /** Takes the next token if it is this mark. */
  take(mark: string): boolean {
    const token = this.peek();
    if (token.kind !== "mark" || token.text !== mark) {
      return false;
    }
    this.ahead = undefined;
    return true;
  }

  private code(offset: number): number {
    // NaN after the end, which no comparison holds for.
    return this.text.charCodeAt(offset);
  }

  private scan(): Token {
    this.skip();
    const start = this.position;
    if (start >= this.text.length) {
      return { kind: "end", text: "", start };
    }
    const first = this.code(start);
    if (isLetter(first)) {
      return this.upTo("word", start, this.endOfWord(start, false));
    }
    if (this.beginsNumber(start)) {
      return this.upTo("number", start, this.endOfWord(start, true));
    }
    const character = this.text.charAt(start);
    if (character === '"' || character === "'") {
      return this.upTo("string", start, this.endOfString(start, first));
    }
    if (MARKS.includes(character)) {
      return this.upTo("mark", start, start + 1);
    }
    if (isSign(first)) {
      return this.upTo("sign", start, start + 1);
    }
    throw this.noToken(start);
  }

  private upTo(kind: TokenKind, start: number, end: number): Token {
    this.position = end;
    return { kind, text: this.text.slice(start, end), start };
  }

  private beginsNumber(start: number): boolean {
    const signed = isSign(this.code(start)) ? 1 : 0;
    const following = this.code(start + signed);
    if (signed === 1 && isLetter(following)) {
      return true;
    }
    return isDigit(following) || (following === DOT && isDigit(this.code(start + signed + 1)));
  }

  private endOfWord(start: number, dots: boolean): number {
    let end = start + 1;
    for (;;) {
      const code = this.code(end);
      if (!isLetter(code) && !isDigit(code) && !isSign(code) && !(dots && code === DOT)) {
        return end;
      }
      end += 1;
    }
  }

  private endOfString(start: number, quote: number): number {
    for (let position = start + 1; ; position += 1) {
      let code = this.code(position);
      if (code === quote) {
        return position + 1;
      }
      if (code === BACKSLASH) {
        position += 1;
        code = this.code(position);
      }
      if (Number.isNaN(code) || code === LINE_FEED) {
        throw new Mistake("parse.unterminated", "this string has no closing quote on its line", start);
      }
    }
  }

  private skip(): void {
    for (;;) {
      const code = this.code(this.position);
      if (code === HASH) {
        this.skipComment();
      } else if (code === SPACE || code === LINE_FEED || code === TAB || code === RETURN) {
        this.position += 1;
      } else {
        return;
      }
    }
  }

  private skipComment(): void {
    const start = this.position;
    const lineFeed = this.text.indexOf("\n", start);
    let end = lineFeed < 0 ? this.text.length : lineFeed;
    this.position = end;
    if (lineFeed >= 0 && this.code(end - 1) === RETURN) {
      end -= 1;
    }
    for (let position = start; position < end; position += 1) {
      const code = this.code(position);
      if (code === RETURN || code === 0x85 || code === 0x2028 || code === 0x2029) {
        const message = "a line end other than a line feed ends a comment to some parsers and editors only";
        throw new Mistake("parse.not_portable.comment", message, position);
      }
    }
  }

  private noToken(offset: number): Mistake {
    const point = this.text.codePointAt(offset) ?? 0;
    const name = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
    if (point === 0xfeff) {
      const message = "a byte order mark is not read alike by all languages";
      return new Mistake("parse.not_portable.byte_order_mark", message, offset);
    }
    if (ODD_SPACE.test(String.fromCodePoint(point))) {
      const message = `${name} as white space is not read alike by all languages`;
      return new Mistake("parse.not_portable.white_space", message, offset);
    }
    if (point < SPACE || point === 0x7f) {
      const message = `a control character (${name}) is not read alike by all languages`;
      return new Mistake("parse.not_portable.control_character", message, offset);
    }
    return new Mistake("parse.syntax", `unexpected \`${String.fromCodePoint(point)}\``, offset);
  }
}
