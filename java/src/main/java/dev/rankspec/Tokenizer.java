package dev.rankspec;

import dev.rankspec.Token.Kind;
import java.util.Locale;

/**
 * Tokens of the portable text format.
 *
 * <p>White space is space, tab, carriage return and line feed; a comment runs from {@code #} to the end of
 * its line. Whatever else the official parsers take for white space, or for the end of a comment, only some
 * of them do.
 */
final class Tokenizer {
  private final String text;

  Tokenizer(String text) {
    this.text = text;
  }

  /** Returns the first token at or after a position. */
  Token next(int position) throws TextException {
    int start = skip(position);
    if (start == text.length()) {
      return new Token(Kind.END, "", start);
    }
    char first = text.charAt(start);
    if (isWordStart(first)) {
      return token(Kind.WORD, start, endOfWord(start));
    }
    if (isDigit(first) || first == '+' || first == '-' || first == '.') {
      return number(start);
    }
    if (first == '"' || first == '\'') {
      return string(start);
    }
    if ("{}<>[]:,;".indexOf(first) >= 0) {
      return token(Kind.MARK, start, start + 1);
    }
    if (first < ' ' || first == '\u007f') {
      throw new TextException(
          "parse.not_portable.control_character",
          "a control character (" + name(first) + ") is not read alike by all languages",
          start);
    }
    return token(Kind.OTHER, start, text.offsetByCodePoints(start, 1));
  }

  private int skip(int start) throws TextException {
    int position = start;
    while (position < text.length()) {
      char character = text.charAt(position);
      if (character == '#') {
        position = endOfComment(position);
      } else if (character == ' ' || character == '\t' || character == '\r' || character == '\n') {
        position++;
      } else if (isOddSpace(character)) {
        throw oddSpace(character, position);
      } else {
        break;
      }
    }
    return position;
  }

  private int endOfComment(int start) throws TextException {
    int end = start;
    while (end < text.length() && !endsSomeComments(text.charAt(end))) {
      end++;
    }
    if (end == text.length() || text.charAt(end) == '\n' || text.startsWith("\r\n", end)) {
      return end;
    }
    throw new TextException(
        "parse.not_portable.comment",
        name(text.charAt(end)) + " in a comment is a line end to some parsers and editors only; end the line"
            + " with a line feed",
        end);
  }

  private static boolean endsSomeComments(char character) {
    return "\n\r\u0085\u2028\u2029".indexOf(character) >= 0;
  }

  private static boolean isOddSpace(char character) {
    return (character >= '\u000b' && character <= '\u000c')
        || (character >= '\u001c' && character <= '\u001f')
        || (character >= '\u2000' && character <= '\u200b')
        || "\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff".indexOf(character) >= 0;
  }

  private static TextException oddSpace(char character, int position) {
    if (character == '\ufeff') {
      return new TextException(
          "parse.not_portable.byte_order_mark",
          "a byte order mark is not read alike by all languages; save the file without one",
          position);
    }
    return new TextException(
        "parse.not_portable.white_space",
        name(character) + " as white space is not read alike by all languages; write a plain space",
        position);
  }

  private static String name(char character) {
    return String.format(Locale.ROOT, "U+%04X", (int) character);
  }

  /** Reads a number, a word with a sign, or a sign or full stop that begins neither. */
  private Token number(int start) {
    int digits = start;
    boolean isSigned = text.charAt(start) == '+' || text.charAt(start) == '-';
    if (isSigned) {
      digits++;
      if (digits < text.length() && isWordStart(text.charAt(digits))) {
        return token(Kind.NUMBER, start, endOfWord(digits));
      }
    }
    if (digits < text.length() && text.charAt(digits) == '.') {
      digits++;
    }
    if (digits == text.length() || !isDigit(text.charAt(digits))) {
      return token(Kind.OTHER, start, start + 1);
    }
    int end = digits;
    while (end < text.length() && (isWordPart(text.charAt(end)) || text.charAt(end) == '.')) {
      end++;
    }
    return token(Kind.NUMBER, start, end);
  }

  private Token string(int start) {
    char quote = text.charAt(start);
    int end = start + 1;
    while (end < text.length() && text.charAt(end) != '\n') {
      char character = text.charAt(end);
      if (character == quote) {
        return token(Kind.STRING, start, end + 1);
      }
      boolean isEscape = character == '\\' && end + 1 < text.length() && text.charAt(end + 1) != '\n';
      end += isEscape ? 2 : 1;
    }
    return token(Kind.UNTERMINATED, start, end);
  }

  private int endOfWord(int start) {
    int end = start;
    while (end < text.length() && isWordPart(text.charAt(end))) {
      end++;
    }
    return end;
  }

  private Token token(Kind kind, int start, int end) {
    return new Token(kind, text.substring(start, end), start);
  }

  private static boolean isWordStart(char character) {
    return (character >= 'a' && character <= 'z')
        || (character >= 'A' && character <= 'Z')
        || character == '_';
  }

  private static boolean isWordPart(char character) {
    return isWordStart(character) || isDigit(character) || character == '+' || character == '-';
  }

  private static boolean isDigit(char character) {
    return character >= '0' && character <= '9';
  }
}
