package dev.rankspec.scorer;

import dev.rankspec.serving.v1.BundleManifest;
import dev.rankspec.serving.v1.GoldenBatch;
import dev.rankspec.serving.v1.ServedInput;
import dev.rankspec.serving.v1.ValueType;
import java.io.IOException;
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
    // A list takes 8 bytes at least, as one value does: the number of its ids.
    long rowBytes = 4L * tasks + inputs.stream().mapToLong(input -> (long) input.getWidth() * bytes(input)).sum();
    long rows = manifest.getGoldenBatchesList().stream().mapToLong(GoldenBatch::getNumRows).sum();
    boolean hasLists = inputs.stream().anyMatch(ServedInput::getList);
    GoldenReader reader = new GoldenReader(bundle);
    // Divided, since the product may be more than any number.
    if (reader.left() / rowBytes < rows || !hasLists && (reader.left() / rowBytes > rows || reader.left() % rowBytes != 0)) {
      throw reader.invalid(rows + " rows of " + rowBytes + " bytes" + (hasLists ? " at least" : ""));
    }
    List<Batch> batches = new ArrayList<>();
    for (GoldenBatch listed : manifest.getGoldenBatchesList()) {
      List<Column> columns = new ArrayList<>();
      for (ServedInput input : inputs) {
        columns.add(column(input, listed.getNumRows(), reader));
      }
      float[] outputs = reader.floats((long) listed.getNumRows() * tasks);
      batches.add(new Batch(listed.getName(), new Placement.Placed(columns, listed.getNumRows()), outputs));
    }
    if (reader.left() > 0) {
      throw reader.invalid(reader.left() + " bytes less");
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

  private static Column column(ServedInput input, int rows, GoldenReader reader) throws ScoringException, IOException {
    if (input.getList()) {
      long[][] lists = new long[rows][];
      for (int row = 0; row < rows; row++) {
        lists[row] = reader.list();
      }
      return PaddedLists.padded(lists, input.getName());
    }
    long number = (long) rows * input.getWidth();
    return input.getType() == ValueType.VALUE_TYPE_FLOAT32
        ? Column.floatRows(input.getWidth(), reader.floats(number))
        : Column.integerRows(input.getWidth(), reader.integers(number));
  }
}
