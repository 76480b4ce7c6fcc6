package dev.rankspec;

import dev.rankspec.recap.v1.RecapConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Prints, as a line of JSON, how long loading the file that is named takes: the first time, with and without
 * prewarming, and when warm; and the heap that is kept afterwards.
 */
public final class LoadBenchmark {
  private static final int WARM_UP = 300;
  private static final int RUNS = 200;

  private LoadBenchmark() {}

  /** Measures; a second argument {@code prewarm} prewarms first. */
  public static void main(String[] arguments) throws Exception {
    byte[] text = Files.readAllBytes(Path.of(arguments[0]));
    ConfigLoader<RecapConfig> loader = ConfigLoader.of(RecapConfig.getDefaultInstance());
    double prewarm = arguments.length > 1 ? milliseconds(loader::prewarm) : 0;
    double first = milliseconds(() -> loader.loadText(text));
    double[] warm = new double[WARM_UP + RUNS];
    for (int run = 0; run < warm.length; run++) {
      warm[run] = milliseconds(() -> loader.loadText(text));
    }
    double[] measured = Arrays.copyOfRange(warm, WARM_UP, warm.length);
    Arrays.sort(measured);
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    System.out.printf(
        "{\"prewarm_ms\": %.1f, \"first_ms\": %.1f, \"warm_ms\": %.3f, \"heap_mib\": %.1f}%n",
        prewarm,
        first,
        measured[RUNS / 2],
        (runtime.totalMemory() - runtime.freeMemory()) / 1024.0 / 1024.0);
  }

  private interface Work {
    void run() throws InvalidConfigException;
  }

  private static double milliseconds(Work work) throws InvalidConfigException {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e6;
  }
}
