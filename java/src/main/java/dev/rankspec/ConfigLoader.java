package dev.rankspec;

import com.google.protobuf.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Reads configs of one type, replaces the variables in them, fills in what their parts inherit, judges them by
 * all rules of their schema and fills in the defaults.
 *
 * <pre>{@code
 * Config<RecapConfig> config =
 *     ConfigLoader.of(RecapConfig.getDefaultInstance())
 *         .withVariables(Environment.variables())
 *         .load(Path.of("ranker.textproto"));
 * }</pre>
 *
 * <p>Text has to be of the subset of the text format that the parsers of all languages read alike. JSON is
 * not taken. A loader is immutable and may be shared by threads.
 *
 * @param <M> the config's message
 */
public final class ConfigLoader<M extends Message> {
  /** The most bytes that a config may have. */
  public static final int MAX_BYTES = 16 * 1024 * 1024;

  private final M prototype;
  private final Map<String, String> variables;

  private ConfigLoader(M prototype, Map<String, String> variables) {
    this.prototype = prototype;
    this.variables = variables;
  }

  /**
   * Returns a loader for a message type; no variable is set.
   *
   * @param prototype the type's default instance; a header in a text that names another type has no effect
   */
  public static <M extends Message> ConfigLoader<M> of(M prototype) {
    return new ConfigLoader<>(prototype, Map.of());
  }

  /**
   * Returns a loader for which {@code ${NAME}} in string values stands for these values, and no others; those of
   * the process are {@link Environment#variables()}.
   */
  public ConfigLoader<M> withVariables(Map<String, String> values) {
    return new ConfigLoader<>(prototype, Map.copyOf(values));
  }

  /**
   * Reads the schema and compiles its rules now rather than with the first config, which takes longer than
   * everything else.
   */
  public ConfigLoader<M> prewarm() {
    Rules.violations(prototype);
    Fingerprint.of(prototype);
    return this;
  }

  /**
   * Loads a file; its extension tells its form.
   *
   * @throws IOException if the file cannot be read
   * @throws InvalidConfigException if it is no valid config, or in a form that this package does not read
   */
  public Config<M> load(Path file) throws IOException, InvalidConfigException {
    Form form = Form.readableOf(file);
    byte[] data = Files.readAllBytes(file);
    return form == Form.TEXT ? loadText(data) : loadBinary(data);
  }

  /** Loads a config from its text, which is UTF-8. */
  public Config<M> loadText(byte[] text) throws InvalidConfigException {
    refuseTooLarge(text.length);
    return checked(TextReader.read(text, prototype));
  }

  /** Loads a config from its text. */
  public Config<M> loadText(String text) throws InvalidConfigException {
    if (!Utf8.isEncodable(text)) {
      throw new InvalidConfigException(
          List.of(
              new Violation(
                  "", "parse.not_portable.encoding", "the text has a lone surrogate", null)));
    }
    return loadText(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Loads a config from its serialized form. */
  public Config<M> loadBinary(byte[] data) throws InvalidConfigException {
    refuseTooLarge(data.length);
    return checked(BinaryReader.read(data, prototype));
  }

  private static void refuseTooLarge(int size) throws InvalidConfigException {
    if (size > MAX_BYTES) {
      String message = "this has more than " + MAX_BYTES / 1024 / 1024 + " MiB, which no config needs";
      throw new InvalidConfigException(List.of(new Violation("", "parse.too_large", message, null)));
    }
  }

  private Config<M> checked(M read) throws InvalidConfigException {
    M replaced = Variables.replace(read, variables);
    // What is inherited is copied for each heir, so that both are counted before.
    refuseAny(Counts.tooMany(replaced));
    Inheritance.Completed<M> completed = Inheritance.fill(replaced);
    M message = completed.config();
    refuseAny(completed.withoutRepeats(Rules.violations(message)));
    return new Config<>(message, Defaults.resolve(message));
  }

  private static void refuseAny(List<Violation> violations) throws InvalidConfigException {
    if (!violations.isEmpty()) {
      throw new InvalidConfigException(violations);
    }
  }
}
