package dev.rankspec;

/**
 * A piece of text.
 *
 * @param text as it is written
 * @param start offset of its first character
 */
record Token(Kind kind, String text, int start) {

  enum Kind {
    /** A name, or a value such as {@code true}. */
    WORD,
    /** Anything that begins like a number. */
    NUMBER,
    /** A string with both of its quotes. */
    STRING,
    /** A string without its closing quote. */
    UNTERMINATED,
    /** Punctuation. */
    MARK,
    /** What begins nothing. */
    OTHER,
    END
  }

  int end() {
    return start + text.length();
  }

  boolean isMark(String marks) {
    return kind == Kind.MARK && marks.contains(text);
  }

  boolean isLiteral() {
    return kind == Kind.WORD
        || kind == Kind.NUMBER
        || kind == Kind.STRING
        || kind == Kind.UNTERMINATED;
  }

  boolean isSign() {
    return kind == Kind.OTHER && (text.equals("-") || text.equals("+"));
  }

  boolean isEqualsSign() {
    return kind == Kind.OTHER && text.equals("=");
  }
}
