package dev.rankspec.scorer;

import dev.rankspec.serving.v1.ValueType;

/** The values that all rows of a request have of an input, or of one of its features. The arrays are not copied. */
public final class Column {
  private final float[] floats;
  private final long[] integers;
  private final long[][] lists;
  private final boolean isMatrix;
  private final int width;

  private Column(float[] floats, long[] integers, long[][] lists, boolean isMatrix, int width) {
    this.floats = floats;
    this.integers = integers;
    this.lists = lists;
    this.isMatrix = isMatrix;
    this.width = width;
  }

  /** Returns the column of a feature of float32: a value for each row. */
  public static Column floats(float[] values) {
    return new Column(values, null, null, false, 1);
  }

  /** Returns the column of a feature of int64: a value for each row. */
  public static Column integers(long[] values) {
    return new Column(null, values, null, false, 1);
  }

  /** Returns the column of a whole input of float32: {@code width} values for each row, a row after the other. */
  public static Column floatRows(int width, float[] values) {
    return new Column(values, null, null, true, width);
  }

  /**
   * Returns the column of a whole input of int64: {@code width} values for each row, a row after the other. Of an input of
   * lists these are the ids of each row, and behind them {@link Long#MIN_VALUE}.
   */
  public static Column integerRows(int width, long[] values) {
    return new Column(null, values, null, true, width);
  }

  /** Returns the column of an input of lists: the ids of each row, any number of them. */
  public static Column lists(long[][] ids) {
    return new Column(null, null, ids, false, 0);
  }

  float[] floats() {
    return floats;
  }

  long[] integers() {
    return integers;
  }

  /** Returns the lists, or null if the column is of something else. */
  long[][] lists() {
    return lists;
  }

  boolean isFloat() {
    return floats != null;
  }

  boolean isMatrix() {
    return isMatrix;
  }

  int width() {
    return width;
  }

  int rows() {
    return length() / width;
  }

  boolean isOf(ValueType type) {
    return lists == null && isFloat() == (type == ValueType.VALUE_TYPE_FLOAT32);
  }

  /** Returns whether the values are whole rows of so many. */
  boolean isWhole(int wanted) {
    return isMatrix && width == wanted && length() % wanted == 0;
  }

  /** Returns a value as a double. */
  double at(int row, int position) {
    int place = row * width + position;
    return isFloat() ? floats[place] : integers[place];
  }

  private int length() {
    return isFloat() ? floats.length : integers.length;
  }
}
