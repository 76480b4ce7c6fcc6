package dev.rankspec;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** The forms that a config is kept in. */
enum Form {
  /** The text format. */
  TEXT,
  /** Serialized. */
  BINARY,
  /**
   * JSON or YAML, which this package does not read: the library's JSON parser takes much that other
   * languages' parsers refuse.
   */
  UNSUPPORTED,
  /** None. */
  UNKNOWN;

  private static final Map<String, Form> BY_EXTENSION =
      Map.of(
          ".textproto", TEXT,
          ".txtpb", TEXT,
          ".pbtxt", TEXT,
          ".binpb", BINARY,
          ".pb", BINARY,
          ".json", UNSUPPORTED,
          ".yaml", UNSUPPORTED,
          ".yml", UNSUPPORTED);

  /** Returns the form that a file name's extension stands for; without one it is text. */
  static Form ofFile(Path file) {
    String name = file.getFileName() == null ? "" : file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    if (dot <= 0) {
      return TEXT;
    }
    return BY_EXTENSION.getOrDefault(name.substring(dot).toLowerCase(Locale.ROOT), UNKNOWN);
  }

  /**
   * Returns the form of a file that this package reads.
   *
   * @throws InvalidConfigException if the extension stands for another one
   */
  static Form readableOf(Path file) throws InvalidConfigException {
    Form form = ofFile(file);
    if (form == UNSUPPORTED) {
      throw refusal(
          "file.unsupported_form",
          file + " is JSON or YAML, which this package does not read; write it as .textproto or .binpb");
    }
    if (form == UNKNOWN) {
      throw refusal(
          "file.unknown_form",
          "the extension of " + file + " stands for no form of a config; those that do are .textproto,"
              + " .txtpb, .pbtxt, .binpb and .pb");
    }
    return form;
  }

  private static InvalidConfigException refusal(String code, String message) {
    return new InvalidConfigException(new Violation("", code, message));
  }
}
