package dev.rankspec;

import java.io.File;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The variables of this process, read as UTF-8 in every locale.
 *
 * <p>{@link System#getenv()} decodes them by the locale: in another one than UTF-8 it shows other characters
 * than there are, and a config with them has another fingerprint than every other language gives it.
 */
public final class Environment {
  private static final Path BYTES = Path.of("/proc/self/environ");
  private static final String UNKNOWN = "\ufffd";

  private Environment() {}

  /**
   * Returns the variables for {@link ConfigLoader#withVariables}. The value of one whose bytes are not UTF-8, or
   * cannot be known because the JVM decoded them by another encoding, has U+FFFD, which loading refuses.
   */
  public static Map<String, String> variables() {
    return corrected(System.getenv(), bytesAtStart(), isExact(encoding()));
  }

  /**
   * Replaces the values that are not ASCII, which alone depend on the encoding.
   *
   * @param shown the variables as the JVM decodes them
   * @param bytes the process's environment as it was handed over; empty where that cannot be read
   * @param isExact whether the JVM's decoding is to be trusted for what {@code bytes} does not have
   */
  static Map<String, String> corrected(Map<String, String> shown, byte[] bytes, boolean isExact) {
    Map<String, String> handedOver = parsed(bytes);
    Map<String, String> variables = new HashMap<>(shown);
    variables.replaceAll(
        (name, value) ->
            isAscii(value) ? value : handedOver.getOrDefault(name, isExact ? value : UNKNOWN));
    return Map.copyOf(variables);
  }

  /** Says what to do about a value that was decoded by an encoding; nothing if it cannot be at fault. */
  static String remedy(String encoding) {
    return isExact(encoding)
        ? ""
        : "; this JVM decodes by the locale, whose encoding is " + encoding
            + ": set LC_ALL=C.UTF-8, or take the variables from Environment.variables()";
  }

  /** Returns the name of the encoding by which the JVM decodes the environment. */
  static String encoding() {
    if (File.separatorChar == '\\') {
      // Windows hands over characters.
      return "UTF-16";
    }
    boolean byDefault = Runtime.version().feature() < 18;
    return byDefault ? Charset.defaultCharset().name() : System.getProperty("sun.jnu.encoding");
  }

  private static boolean isExact(String encoding) {
    return encoding.equalsIgnoreCase("UTF-8") || encoding.equals("UTF-16");
  }

  private static byte[] bytesAtStart() {
    try {
      return Files.readAllBytes(BYTES);
    } catch (IOException notLinux) {
      return new byte[0];
    }
  }

  /** Reads {@code NAME=VALUE} entries, each ended by NUL; of a name that is there twice the first counts. */
  private static Map<String, String> parsed(byte[] bytes) {
    Map<String, String> variables = new HashMap<>();
    // Latin-1 keeps every byte as it is.
    for (String entry : new String(bytes, StandardCharsets.ISO_8859_1).split("\0")) {
      int end = entry.indexOf('=');
      if (end > 0) {
        variables.putIfAbsent(entry.substring(0, end), utf8(entry.substring(end + 1)));
      }
    }
    return variables;
  }

  private static String utf8(String bytes) {
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(character -> character < 0x80);
  }
}
