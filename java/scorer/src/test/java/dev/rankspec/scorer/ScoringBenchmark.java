package dev.rankspec.scorer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.rankspec.serving.v1.ServedInput;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Scores rows with a bundle, and with a bare session of ONNX Runtime, in turn. Prints, as a line of JSON, how many
 * milliseconds each took, and the largest difference between their scores.
 */
public final class ScoringBenchmark {
  private ScoringBenchmark() {}

  /**
   * Measures. The arguments are the bundle, a file of the rows' values as little-endian float32, how many rounds warm up,
   * and how many are timed.
   */
  public static void main(String[] arguments) throws Exception {
    Path bundle = Path.of(arguments[0]);
    FloatBuffer read = ByteBuffer.wrap(Files.readAllBytes(Path.of(arguments[1]))).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[] values = new float[read.remaining()];
    read.get(values);
    int warmUp = Integer.parseInt(arguments[2]);
    int rounds = Integer.parseInt(arguments[3]);
    try (Scorer scorer = Scorer.open(bundle, Scorer.Options.defaults().withThreads(1));
        OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      String model = bundle.resolve(scorer.manifest().getModelFile()).toString();
      try (OrtSession session = OrtEnvironment.getEnvironment().createSession(model, options)) {
        measure(scorer, session, values, warmUp, rounds);
      }
    }
  }

  private static void measure(Scorer scorer, OrtSession session, float[] values, int warmUp, int rounds) throws Exception {
    ServedInput input = scorer.manifest().getSignature().getInputs(0);
    int width = input.getWidth();
    int numOutputs = scorer.manifest().getOutputsCount();
    Work<Map<String, float[]>> ours =
        new Work<>(rounds, () -> scorer.score(Map.of(input.getName(), Column.floatRows(width, values)), scorer.signatureHash()));
    Work<float[]> bare = new Work<>(rounds, () -> outputs(session, input.getName(), width, values, numOutputs));
    List<Work<?>> works = List.of(ours, bare);
    for (int round = -warmUp; round < rounds; round++) {
      // Each comes first as often as the other: what runs later finds the rows in the processor's memory.
      works.get(round & 1).run(round);
      works.get(1 - (round & 1)).run(round);
    }
    System.out.printf(
        "{\"scorer_ms\": %s, \"bare_ms\": %s, \"difference\": %s}%n",
        Arrays.toString(ours.times), Arrays.toString(bare.times), difference(ours.result, bare.result));
  }

  /** What is done again and again, how many milliseconds it took, and what came of it last. */
  private static final class Work<T> {
    private final Callable<T> work;
    private final double[] times;
    private T result;

    Work(int rounds, Callable<T> work) {
      this.work = work;
      times = new double[rounds];
    }

    /** Does it once, in a round that is below 0 to warm up. */
    void run(int round) throws Exception {
      long start = System.nanoTime();
      result = work.call();
      if (round >= 0) {
        times[round] = (System.nanoTime() - start) / 1e6;
      }
    }
  }

  /** Returns the model's outputs, a row after the other. */
  private static float[] outputs(OrtSession session, String name, int width, float[] values, int numOutputs)
      throws OrtException {
    long[] shape = {values.length / width, width};
    float[] outputs = new float[values.length / width * numOutputs];
    try (OnnxTensor input = OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), FloatBuffer.wrap(values), shape);
        OrtSession.Result result = session.run(Map.of(name, input))) {
      ((OnnxTensor) result.get(0)).getFloatBuffer().get(outputs);
    }
    return outputs;
  }

  /** Returns the largest difference of scores from a model's outputs, a row after the other. */
  private static double difference(Map<String, float[]> scores, float[] outputs) {
    double worst = 0;
    int task = 0;
    for (float[] column : scores.values()) {
      for (int row = 0; row < column.length; row++) {
        worst = Math.max(worst, Math.abs((double) column[row] - outputs[row * scores.size() + task]));
      }
      task++;
    }
    return worst;
  }
}
