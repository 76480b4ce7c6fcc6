package dev.rankspec.scorer;

import dev.rankspec.serving.v1.BundleManifest;
import dev.rankspec.serving.v1.ErrorCode;
import dev.rankspec.serving.v1.GoldenBatch;
import dev.rankspec.serving.v1.ServedInput;
import dev.rankspec.serving.v1.ValueType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Golden rows: rows whose outputs are known, and how far other outputs are from them. */
final class GoldenRows {
  private GoldenRows() {}

  /** Rows that are scored together; outputs are those of all tasks, a row after the other. */
  record Batch(String name, Placement.Placed placed, float[] outputs) {}

  /** Reads a golden file. */
  static List<Batch> of(Bundle bundle) throws ScoringException, IOException {
    BundleManifest manifest = bundle.manifest();
    List<ServedInput> inputs = manifest.getSignature().getInputsList();
    int tasks = manifest.getOutputsCount();
    long rowBytes = 4L * tasks + inputs.stream().mapToLong(input -> (long) input.getWidth() * bytes(input)).sum();
    long rows = manifest.getGoldenBatchesList().stream().mapToLong(GoldenBatch::getNumRows).sum();
    long size = bundle.size(manifest.getGoldenFile());
    // Divided, since the product may be more than any number.
    if (size % rowBytes != 0 || size / rowBytes != rows) {
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_GOLDEN_INVALID, manifest.getGoldenFile(), rows + " rows of " + rowBytes + " bytes");
    }
    List<Batch> batches = new ArrayList<>();
    long start = 0;
    for (GoldenBatch listed : manifest.getGoldenBatchesList()) {
      long length = listed.getNumRows() * rowBytes;
      ByteBuffer content = bundle.content(manifest.getGoldenFile(), start, length);
      List<Column> columns = new ArrayList<>();
      for (ServedInput input : inputs) {
        columns.add(column(input, listed.getNumRows(), content));
      }
      float[] outputs = floats(content, listed.getNumRows() * tasks);
      batches.add(new Batch(listed.getName(), new Placement.Placed(columns, listed.getNumRows()), outputs));
      start += length;
    }
    return batches;
  }

  /**
   * Returns the largest difference between outputs; of a value above 1 in size, relative to it. Where only one of two is
   * no number, or infinite, they are infinitely far apart.
   */
  static double difference(float[] found, float[] expected) {
    double worst = 0;
    for (int place = 0; place < expected.length; place++) {
      double one = found[place];
      double other = expected[place];
      if (one == other || Double.isNaN(one) && Double.isNaN(other)) {
        continue;
      }
      double apart = Math.abs(one - other) / Math.max(1, Math.abs(other));
      worst = Math.max(worst, Double.isNaN(apart) ? Double.POSITIVE_INFINITY : apart);
    }
    return worst;
  }

  private static int bytes(ServedInput input) {
    return input.getType() == ValueType.VALUE_TYPE_FLOAT32 ? Float.BYTES : Long.BYTES;
  }

  private static Column column(ServedInput input, int rows, ByteBuffer content) {
    int number = rows * input.getWidth();
    if (input.getType() == ValueType.VALUE_TYPE_FLOAT32) {
      return Column.floatRows(input.getWidth(), floats(content, number));
    }
    long[] values = new long[number];
    content.asLongBuffer().get(values);
    content.position(content.position() + number * Long.BYTES);
    return Column.integerRows(input.getWidth(), values);
  }

  private static float[] floats(ByteBuffer content, int number) {
    float[] values = new float[number];
    content.asFloatBuffer().get(values);
    content.position(content.position() + number * Float.BYTES);
    return values;
  }
}
