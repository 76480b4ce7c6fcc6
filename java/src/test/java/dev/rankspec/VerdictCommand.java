package dev.rankspec;

import com.google.protobuf.Message;
import dev.rankspec.recap.v1.RecapConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Prints one line of JSON for each file that is named: whether it holds a valid config, what is wrong with
 * it, and its fingerprint.
 */
public final class VerdictCommand {
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
    Map<String, String> variables = Environment.variables();
    return form == Form.TEXT
        ? ConfigLoader.of(MessageTypes.ofHeader(data)).withVariables(variables).loadText(data)
        : ConfigLoader.<Message>of(RecapConfig.getDefaultInstance()).withVariables(variables).loadBinary(data);
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
      return ConfigLoader.bytesOf(path);
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
    return new InvalidConfigException(new Violation("", code, "the file cannot be read"));
  }

  private static String line(String file, List<Violation> violations, Fingerprint fingerprint) {
    String list =
        violations.stream().map(VerdictCommand::object).collect(Collectors.joining(", ", "[", "]"));
    return "{\"file\": " + quoted(file)
        + ", \"ok\": " + (fingerprint != null)
        + ", \"violations\": " + list
        + ", \"semantic\": " + (fingerprint == null ? "null" : quoted(fingerprint.semantic()))
        + ", \"full\": " + (fingerprint == null ? "null" : quoted(fingerprint.full()))
        + "}";
  }

  private static String object(Violation violation) {
    Optional<Position> position = violation.position();
    return "{\"path\": " + quoted(violation.path())
        + ", \"code\": " + quoted(violation.code())
        + ", \"line\": " + position.map(Position::line).orElse(null)
        + ", \"column\": " + position.map(Position::column).orElse(null)
        + "}";
  }

  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char character : text.toCharArray()) {
      if (character == '"' || character == '\\') {
        json.append('\\').append(character);
      } else if (character < ' ' || character > '~') {
        json.append(String.format(Locale.ROOT, "\\u%04x", (int) character));
      } else {
        json.append(character);
      }
    }
    return json.append('"').toString();
  }
}
