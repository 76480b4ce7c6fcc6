package dev.rankspec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files of the repository that tests read; they run in the folder {@code java}. */
public final class Repository {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  private Repository() {}

  /** Returns the place of a file or folder. */
  public static Path at(String path) {
    return ROOT.resolve(path);
  }

  /** Reads a file of UTF-8. */
  public static String text(String path) {
    try {
      return Files.readString(at(path));
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
