package dev.rankspec;

/** The first mistake in a text, before it is known in which message it stands. */
final class TextException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String code;
  private final String field;
  private final int offset;

  /** A mistake at a field of the open block. */
  TextException(String code, String message, String field, int offset) {
    // A stack trace would cost more than the reading.
    super(message, null, false, false);
    this.code = code;
    this.field = field;
    this.offset = offset;
  }

  /** A mistake of the open block itself. */
  TextException(String code, String message, int offset) {
    this(code, message, "", offset);
  }

  String code() {
    return code;
  }

  String field() {
    return field;
  }

  int offset() {
    return offset;
  }

  /** Returns the same mistake at another field, where this one names none. */
  TextException at(String name) {
    return field.isEmpty() ? new TextException(code, getMessage(), name, offset) : this;
  }
}
