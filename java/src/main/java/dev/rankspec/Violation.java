package dev.rankspec;

import java.io.Serializable;

/**
 * One thing that is wrong with a config.
 *
 * @param path the offending field, such as {@code model.tasks["like"].mlp_config.layer_sizes[1]}; empty for
 *     the config itself
 * @param code the id of the rule, or a code that begins with {@code parse.} or {@code env.}; the same in
 *     every language
 * @param message what is wrong, for a person
 * @param position where it stands in the text; null where that is not known
 */
public record Violation(String path, String code, String message, Position position)
    implements Serializable {

  /** Returns one line: the place, the path, what is wrong, and the code. */
  @Override
  public String toString() {
    String place = position == null ? "" : position.line() + ":" + position.column() + ": ";
    String field = path.isEmpty() ? "" : path + ": ";
    return place + field + message + " [" + code + "]";
  }
}
