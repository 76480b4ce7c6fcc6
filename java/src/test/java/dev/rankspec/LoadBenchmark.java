package dev.rankspec;

import com.google.protobuf.TextFormat;
import dev.rankspec.recap.v1.RecapConfig;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Prints, as a line of JSON, how long loading the ranker's config that is named takes: the first time, with and
 * without prewarming, and when warm, beside protobuf's own parser on the text that is named second; and the heap that
 * is kept afterwards.
 */
public final class LoadBenchmark {
  private static final int WARM_UP = 300;
  private static final int RUNS = 200;

  private LoadBenchmark() {}

  /** Measures; a third argument {@code prewarm} prewarms first. */
  public static void main(String[] arguments) throws Exception {
    byte[] text = Files.readAllBytes(Path.of(arguments[0]));
    String expanded = Files.readString(Path.of(arguments[1]));
    ConfigLoader<RecapConfig> loader = ConfigLoader.of(RecapConfig.getDefaultInstance());
    double prewarm = arguments.length > 2 ? milliseconds(loader::prewarm) : 0;
    double first = milliseconds(() -> loader.loadText(text));
    double[] medians =
        medians(
            () -> loader.loadText(text),
            () -> TextFormat.getParser().merge(expanded, RecapConfig.newBuilder()));
    Config<RecapConfig> kept = loader.loadText(text);
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    System.out.printf(
        Locale.ROOT,
        "{\"prewarm_ms\": %.3f, \"first_ms\": %.3f, \"warm_ms\": %.3f, \"parse_ms\": %.3f, \"heap_mib\": %.3f}%n",
        prewarm,
        first,
        medians[0],
        medians[1],
        (runtime.totalMemory() - runtime.freeMemory()) / 1024.0 / 1024.0);
    Reference.reachabilityFence(kept);
  }

  private interface Work {
    void run() throws Exception;
  }

  /** Times works in turn, so that a busy moment of the machine hits all of them. */
  private static double[] medians(Work... works) throws Exception {
    double[][] samples = new double[works.length][RUNS];
    for (int run = -WARM_UP; run < RUNS; run++) {
      for (int which = 0; which < works.length; which++) {
        double took = milliseconds(works[which]);
        if (run >= 0) {
          samples[which][run] = took;
        }
      }
    }
    return Arrays.stream(samples).mapToDouble(times -> Arrays.stream(times).sorted().toArray()[RUNS / 2]).toArray();
  }

  private static double milliseconds(Work work) throws Exception {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e6;
  }
}
