package dev.rankspec.scorer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How many threads can run at once: what the container may use, not what the machine has. */
final class AvailableThreads {
  private AvailableThreads() {}

  /**
   * Returns the number, at least 1.
   *
   * @param groups where Linux says how much processor time a group of processes gets, {@code /sys/fs/cgroup}
   */
  static int number(Path groups) {
    double quota = quota(groups);
    return (int) Math.max(1, Math.min(Runtime.getRuntime().availableProcessors(), quota));
  }

  /** Returns the processors' worth of time that the container gets; infinite without a limit. */
  private static double quota(Path groups) {
    String[] words = words(groups.resolve("cpu.max"));
    if (words.length != 2) {
      String[] allowed = words(groups.resolve("cpu/cpu.cfs_quota_us"));
      String[] period = words(groups.resolve("cpu/cpu.cfs_period_us"));
      if (allowed.length != 1 || period.length != 1) {
        return Double.POSITIVE_INFINITY;
      }
      words = new String[] {allowed[0], period[0]};
    }
    try {
      double processors = (double) Long.parseLong(words[0]) / Long.parseLong(words[1]);
      return processors > 0 ? processors : Double.POSITIVE_INFINITY;
    } catch (NumberFormatException e) {
      return Double.POSITIVE_INFINITY; // Without a limit it says `max`.
    }
  }

  private static String[] words(Path file) {
    try {
      return Files.readString(file).strip().split("\\s+");
    } catch (IOException e) {
      return new String[0];
    }
  }
}
