package dev.rankspec.scorer;

import dev.rankspec.serving.v1.ErrorCode;
import dev.rankspec.serving.v1.ValueType;
import java.util.Arrays;
import java.util.Objects;

/** Lists of ids as the model takes them: a matrix as wide as the longest list, and at least 1, with padding behind the ids. */
final class PaddedLists {
  /** Stands for no id. */
  static final long PADDING = Long.MIN_VALUE;

  // An array of Java has no more.
  private static final int MAX_VALUES = Integer.MAX_VALUE - 8;

  private PaddedLists() {}

  /** Returns a request's column of an input of lists, which has lists or such a matrix, as the matrix. */
  static Column checked(Column given, String name) throws ScoringException {
    if (given.lists() == null) {
      if (!isPadded(given)) {
        throw noLists(name);
      }
      return given;
    }
    if (Arrays.stream(given.lists()).anyMatch(Objects::isNull)) {
      throw noLists(name);
    }
    for (int row = 0; row < given.lists().length; row++) {
      if (Arrays.stream(given.lists()[row]).anyMatch(id -> id == PADDING)) {
        throw ScoringException.atRow(
            ErrorCode.ERROR_CODE_VALUE_NOT_ALLOWED, name, row, "ids, and " + PADDING + " stands for none");
      }
    }
    return padded(given.lists(), name);
  }

  /** Returns the matrix of lists. */
  static Column padded(long[][] lists, String name) throws ScoringException {
    int width = Math.max(1, Arrays.stream(lists).mapToInt(list -> list.length).max().orElse(1));
    if ((long) lists.length * width > MAX_VALUES) {
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_SCORING_FAILED,
          name,
          "lists whose rows times the longest are " + MAX_VALUES + " at most; score fewer rows at once");
    }
    long[] values = new long[lists.length * width];
    Arrays.fill(values, PADDING);
    for (int row = 0; row < lists.length; row++) {
      System.arraycopy(lists[row], 0, values, row * width, lists[row].length);
    }
    return Column.integerRows(width, values);
  }

  /** Returns whether a column is a matrix of int64 whose rows have no id behind padding. */
  private static boolean isPadded(Column given) {
    if (!given.isOf(ValueType.VALUE_TYPE_INT64) || given.width() < 1 || !given.isWhole(given.width())) {
      return false;
    }
    long[] values = given.integers();
    for (int place = 1; place < values.length; place++) {
      if (place % given.width() != 0 && values[place - 1] == PADDING && values[place] != PADDING) {
        return false;
      }
    }
    return true;
  }

  private static ScoringException noLists(String name) {
    return ScoringException.of(
        ErrorCode.ERROR_CODE_TYPE_MISMATCH,
        name,
        "a list of whole numbers of 64 bits for each row, or a matrix of int64 with "
            + PADDING
            + " behind the ids of each");
  }
}
