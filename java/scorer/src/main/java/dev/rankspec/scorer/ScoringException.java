package dev.rankspec.scorer;

import dev.rankspec.serving.v1.ErrorCode;
import java.util.OptionalInt;

/**
 * A bundle that is not opened, or a request that is not scored. Values of a request are never in it: ids are personal data.
 */
public final class ScoringException extends Exception {
  private static final long serialVersionUID = 1L;
  private static final String PREFIX = "ERROR_CODE_";
  private static final int NO_ROW = -1;

  private final ErrorCode code;
  private final String input;
  private final int row;
  private final String expectation;

  private ScoringException(ErrorCode code, String input, int row, String expectation, Throwable cause) {
    super(
        code.name().substring(PREFIX.length())
            + (input.isEmpty() ? "" : " \"" + input + "\"")
            + (row == NO_ROW ? "" : ", row " + row)
            + ": "
            + expectation,
        cause);
    this.code = code;
    this.input = input;
    this.row = row;
    this.expectation = expectation;
  }

  static ScoringException of(ErrorCode code, String input, String expectation) {
    return new ScoringException(code, input, NO_ROW, expectation, null);
  }

  static ScoringException of(ErrorCode code, String input, String expectation, Throwable cause) {
    return new ScoringException(code, input, NO_ROW, expectation, cause);
  }

  static ScoringException atRow(ErrorCode code, String input, int row, String expectation) {
    return new ScoringException(code, input, row, expectation, null);
  }

  /** Returns the code, the same in every language. */
  public ErrorCode code() {
    return code;
  }

  /** Returns the input, column or file that it is about; empty if it is about none. */
  public String input() {
    return input;
  }

  /** Returns the row of the request, from 0, if it is about a single one. */
  public OptionalInt row() {
    return row == NO_ROW ? OptionalInt.empty() : OptionalInt.of(row);
  }

  /** Returns what should have been there. */
  public String expectation() {
    return expectation;
  }
}
