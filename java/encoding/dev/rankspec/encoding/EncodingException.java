package dev.rankspec.encoding;

import java.util.OptionalInt;

/**
 * Rows that a recipe cannot read, or a recipe that cannot be used. It holds no value of a row, which may be personal
 * data.
 */
public final class EncodingException extends Exception {
  private static final long serialVersionUID = 1L;
  private static final int NONE = -1;

  private final String code;
  private final String column;
  private final int row;
  private final String reason;

  EncodingException(String code, String column, String reason) {
    this(code, column, NONE, reason);
  }

  EncodingException(String code, String column, int row, String reason) {
    super(placed(column, row, reason));
    this.code = code;
    this.column = column;
    this.row = row;
    this.reason = reason;
  }

  /**
   * Returns the kind of error, which is the same in every language: {@code row.value}, {@code column.absent}, {@code
   * column.type}, {@code recipe.unfitted}, {@code recipe.semantics}, {@code recipe.damaged}, {@code vocabulary.absent}
   * or {@code vocabulary.digest}.
   */
  public String code() {
    return code;
  }

  /** Returns the raw column; empty if it is about none. */
  public String column() {
    return column;
  }

  /** Returns the row's place among those that were given, from 0; nothing if it is about none. */
  public OptionalInt row() {
    return row == NONE ? OptionalInt.empty() : OptionalInt.of(row);
  }

  /** Returns what is wrong and what to do about it, without column and row. */
  public String reason() {
    return reason;
  }

  private static String placed(String column, int row, String reason) {
    if (column.isEmpty()) {
      return reason;
    }
    return "column " + column + (row == NONE ? "" : ", row " + row) + ": " + reason;
  }
}
