package dev.rankspec.scorer;

import dev.rankspec.serving.v1.ValueType;

/** The values that all rows of a request have of an input, or of one of its features. The arrays are not copied. */
public final class Column {
  private final float[] floats;
  private final long[] integers;
  private final boolean isMatrix;
  private final int width;

  private Column(float[] floats, long[] integers, boolean isMatrix, int width) {
    this.floats = floats;
    this.integers = integers;
    this.isMatrix = isMatrix;
    this.width = width;
  }

  /** Returns the column of a feature of float32: a value for each row. */
  public static Column floats(float[] values) {
    return new Column(values, null, false, 1);
  }

  /** Returns the column of a feature of int64: a value for each row. */
  public static Column integers(long[] values) {
    return new Column(null, values, false, 1);
  }

  /** Returns the column of a whole input of float32: {@code width} values for each row, a row after the other. */
  public static Column floatRows(int width, float[] values) {
    return new Column(values, null, true, width);
  }

  /** Returns the column of a whole input of int64: {@code width} values for each row, a row after the other. */
  public static Column integerRows(int width, long[] values) {
    return new Column(null, values, true, width);
  }

  float[] floats() {
    return floats;
  }

  long[] integers() {
    return integers;
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
    return isFloat() == (type == ValueType.VALUE_TYPE_FLOAT32);
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
