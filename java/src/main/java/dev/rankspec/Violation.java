package dev.rankspec;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** One thing that is wrong with a config. */
public final class Violation implements Serializable {
  private static final long serialVersionUID = 1L;

  // Strings compare by UTF-16 units of their own accord, which is not the order of UTF-8.
  private static final Comparator<String> BY_BYTES =
      (a, b) ->
          Arrays.compareUnsigned(
              a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
  private static final Comparator<Position> BY_PLACE =
      Comparator.comparingInt(Position::line).thenComparingInt(Position::column);
  private static final Comparator<Violation> IN_ORDER =
      Comparator.comparing((Violation v) -> v.position, Comparator.nullsFirst(BY_PLACE))
          .thenComparing(Violation::path, BY_BYTES)
          .thenComparing(Violation::code, BY_BYTES);

  private final String path;
  private final String code;
  private final String message;
  // Null for none: an Optional cannot be serialized.
  private final Position position;

  private Violation(String path, String code, String message, Position position) {
    this.path = path;
    this.code = code;
    this.message = message;
    this.position = position;
  }

  /** A violation in what has no text, or whose place is yet to be found. */
  Violation(String path, String code, String message) {
    this(path, code, message, null);
  }

  /** Returns the same violation at a place. */
  Violation at(Position place) {
    return new Violation(path, code, message, place);
  }

  /** Sorts violations by line, column, path and code; of several that agree in all of these the first stays. */
  static List<Violation> inOrder(Collection<Violation> violations) {
    TreeSet<Violation> sorted = new TreeSet<>(IN_ORDER);
    sorted.addAll(violations);
    return List.copyOf(sorted);
  }

  /**
   * Returns the path of the offending field, such as {@code model.tasks["like"].mlp_config.layer_sizes[1]}; empty for
   * the config itself.
   */
  public String path() {
    return path;
  }

  /**
   * Returns the id of the rule, or a code that begins with {@code file.}, {@code parse.} or {@code env.}; the same in
   * every language.
   */
  public String code() {
    return code;
  }

  /** Returns what is wrong, for a person. */
  public String message() {
    return message;
  }

  /**
   * Returns where it stands in the text; where a field is missing, the place of what should have it. Empty for what
   * was not read from a text: the binary form, and messages that a program built.
   */
  public Optional<Position> position() {
    return Optional.ofNullable(position);
  }

  /** Returns one line: the place, the path, what is wrong, and the code. */
  @Override
  public String toString() {
    String place = position == null ? "" : position.line() + ":" + position.column() + ": ";
    String field = path.isEmpty() ? "" : path + ": ";
    return place + field + message + " [" + code + "]";
  }
}
