package dev.rankspec;

import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** Names of files, which the JVM turns into characters and back by the locale. */
final class FileNames {
  private FileNames() {}

  /** Says why a name leads to no file, if it is because the locale has no such characters. */
  static Optional<String> misreading(String name) {
    String encoding = System.getProperty("sun.jnu.encoding");
    if (exists(name) || !isMisread(name, encoding)) {
      return Optional.empty();
    }
    return Optional.of(
        name + ": the JVM reads names by the locale, whose encoding, " + encoding + ", has no such one; "
            + (encoding.equals("UTF-8") ? "give the file a name in UTF-8" : "set LC_ALL=C.UTF-8"));
  }

  /** Tells whether U+FFFD stands for bytes of a name, or whether the name cannot be turned into bytes. */
  private static boolean isMisread(String name, String encoding) {
    return name.indexOf('\ufffd') >= 0 || !Charset.forName(encoding).newEncoder().canEncode(name);
  }

  private static boolean exists(String name) {
    try {
      return Files.exists(Path.of(name));
    } catch (InvalidPathException noName) {
      return false;
    }
  }
}
