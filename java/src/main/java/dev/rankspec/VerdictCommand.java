package dev.rankspec;

import com.google.protobuf.Message;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Prints one line of JSON for each file that is named: whether it holds a valid config, what is wrong with
 * it, and its fingerprint.
 */
public final class VerdictCommand {
  // Strings compare by UTF-16 units of their own accord, which is not the order of UTF-8.
  private static final Comparator<String> BY_BYTES =
      (a, b) ->
          Arrays.compareUnsigned(
              a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
  private static final Comparator<Violation> IN_ORDER =
      Comparator.comparing(Violation::path, BY_BYTES).thenComparing(Violation::code, BY_BYTES);

  private VerdictCommand() {}

  /** Judges the files; {@code ${VAR}} in them stands for variables of the environment. */
  public static void main(String[] files) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
    for (String file : files) {
      FileNames.misreading(file).ifPresent(System.err::println);
      out.println(verdict(file));
    }
  }

  /** Returns the line for a file. */
  static String verdict(String file) {
    try {
      Fingerprint fingerprint = load(file).fingerprint();
      return line(file, List.of(), fingerprint);
    } catch (InvalidConfigException invalid) {
      return line(file, invalid.violations(), null);
    }
  }

  private static Config<Message> load(String file) throws InvalidConfigException {
    byte[] data = bytesOf(file);
    Form form = Form.readableOf(Path.of(file));
    Optional<Message> prototype =
        form == Form.TEXT ? MessageTypes.ofHeader(data) : MessageTypes.named(MessageTypes.DEFAULT);
    if (prototype.isEmpty()) {
      throw refusal("file.unknown_message");
    }
    ConfigLoader<Message> loader = ConfigLoader.of(prototype.get()).withVariables(Environment.variables());
    return form == Form.TEXT ? loader.loadText(data) : loader.loadBinary(data);
  }

  private static byte[] bytesOf(String file) throws InvalidConfigException {
    try {
      Path path = Path.of(file);
      if (Files.isDirectory(path)) {
        throw refusal("file.is_folder");
      }
      if (Files.notExists(path)) {
        throw missing(file);
      }
      return Files.readAllBytes(path);
    } catch (InvalidPathException noName) {
      throw missing(file);
    } catch (IOException broken) {
      throw refusal("file.unreadable");
    }
  }

  /** What is said of a file that is not there; the JVM may have read its name as another. */
  private static InvalidConfigException missing(String file) {
    return refusal(FileNames.misreading(file).isPresent() ? "file.unreadable" : "file.missing");
  }

  private static InvalidConfigException refusal(String code) {
    return new InvalidConfigException(List.of(new Violation("", code, "the file cannot be read", null)));
  }

  private static String line(String file, List<Violation> violations, Fingerprint fingerprint) {
    String list =
        violations.stream()
            .sorted(IN_ORDER)
            .map(v -> "{\"path\": " + quoted(v.path()) + ", \"code\": " + quoted(v.code()) + "}")
            .distinct()
            .collect(Collectors.joining(", ", "[", "]"));
    return "{\"file\": " + quoted(file)
        + ", \"ok\": " + (fingerprint != null)
        + ", \"violations\": " + list
        + ", \"semantic\": " + (fingerprint == null ? "null" : quoted(fingerprint.semantic()))
        + ", \"full\": " + (fingerprint == null ? "null" : quoted(fingerprint.full()))
        + "}";
  }

  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char character : text.toCharArray()) {
      if (character == '"' || character == '\\') {
        json.append('\\').append(character);
      } else if (character < ' ' || character > '~') {
        json.append(String.format("\\u%04x", (int) character));
      } else {
        json.append(character);
      }
    }
    return json.append('"').toString();
  }
}
