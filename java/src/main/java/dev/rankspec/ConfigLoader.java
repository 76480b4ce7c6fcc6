package dev.rankspec;

import com.google.protobuf.Message;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
   * @param prototype the type's default instance
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
   * @throws InvalidConfigException if it is no valid config, is in a form that this package does not read, or has a
   *     header that asks for another message than the loader's
   */
  public Config<M> load(Path file) throws IOException, InvalidConfigException {
    Form form = Form.readableOf(file);
    byte[] data = bytesOf(file);
    if (form == Form.BINARY) {
      return loadBinary(data);
    }
    refuseOtherMessage(Header.of(data));
    return loadText(data);
  }

  /** Loads a config from its text, which is UTF-8; a header in it is a comment. */
  public Config<M> loadText(byte[] text) throws InvalidConfigException {
    refuseTooLarge(text.length, Position.START);
    return checked(TextReader.read(text, prototype));
  }

  /** Loads a config from its text; a header in it is a comment. */
  public Config<M> loadText(String text) throws InvalidConfigException {
    int surrogate = Utf8.loneSurrogate(text);
    if (surrogate >= 0) {
      Violation violation = new Violation("", "parse.not_portable.encoding", "this is a lone surrogate");
      throw new InvalidConfigException(violation.at(Position.of(text, surrogate)));
    }
    return loadText(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Loads a config from its serialized form. */
  public Config<M> loadBinary(byte[] data) throws InvalidConfigException {
    refuseTooLarge(data.length, null);
    return checked(BinaryReader.read(data, prototype));
  }

  /** Reads a file, but of one that is too large only so much that it shows. */
  static byte[] bytesOf(Path file) throws IOException {
    try (InputStream bytes = Files.newInputStream(file)) {
      return bytes.readNBytes(MAX_BYTES + 1);
    }
  }

  private void refuseOtherMessage(Header header) throws InvalidConfigException {
    Optional<String> named = header.messageName();
    String wanted = prototype.getDescriptorForType().getFullName();
    if (named.isEmpty() || named.get().equals(wanted)) {
      return;
    }
    // A message that does not exist is another mistake than the wrong one.
    header.message();
    throw header.refusal(
        "file.other_message", "the header says that this is a " + named.get() + ", but it is loaded as a " + wanted);
  }

  private static void refuseTooLarge(int size, Position position) throws InvalidConfigException {
    if (size > MAX_BYTES) {
      String message = "this has more than " + MAX_BYTES / 1024 / 1024 + " MiB, which no config needs";
      throw new InvalidConfigException(new Violation("", "parse.too_large", message).at(position));
    }
  }

  private Config<M> checked(Source<M> source) throws InvalidConfigException {
    Places places = source.places();
    Variables.Replaced<M> replaced = Variables.replace(source.message(), variables);
    refuseAny(places.locate(replaced.violations(), List.of()));
    // What is inherited is copied for each heir, so that both are counted before.
    refuseAny(places.locate(Counts.tooMany(replaced.message()), List.of()));
    Inheritance.Completed<M> completed = Inheritance.fill(replaced.message());
    M message = completed.config();
    List<Violation> violations = completed.withoutRepeats(Rules.violations(message));
    refuseAny(places.locate(violations, completed.copies()));
    return new Config<>(message, Defaults.resolve(message));
  }

  private static void refuseAny(List<Violation> violations) throws InvalidConfigException {
    if (!violations.isEmpty()) {
      throw new InvalidConfigException(violations);
    }
  }
}
