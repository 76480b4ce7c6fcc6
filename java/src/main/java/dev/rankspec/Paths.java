package dev.rankspec;

import java.util.ArrayList;
import java.util.List;

/** Field paths such as {@code model.tasks["like"].mlp_config.layer_sizes[1]}, as they are written. */
final class Paths {
  private Paths() {}

  /** Appends a field's name to a path. */
  static String join(String path, String name) {
    return path.isEmpty() || name.isEmpty() ? path + name : path + "." + name;
  }

  /** Appends a list index or a map key to a path: strings quoted, whole numbers and truth values bare. */
  static String at(String path, Object key) {
    if (key instanceof String text) {
      return path + "[\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"]";
    }
    return path + "[" + key + "]";
  }

  /** Splits a path into field names, and indices and keys in their brackets. */
  static List<String> steps(String path) {
    List<String> steps = new ArrayList<>();
    int start = 0;
    boolean isQuoted = false;
    for (int at = 0; at < path.length(); at++) {
      char character = path.charAt(at);
      if (character == '"') {
        isQuoted = !isQuoted;
      } else if (isQuoted) {
        at += character == '\\' ? 1 : 0;
      } else if (character == '.' || character == '[') {
        steps.add(path.substring(start, at));
        start = character == '.' ? at + 1 : at;
      }
    }
    steps.add(path.substring(start));
    return steps;
  }

  /** Tells whether a path is another one or names something inside of it. */
  static boolean isAtOrBelow(String path, String ancestor) {
    return path.equals(ancestor) || path.startsWith(ancestor + ".") || path.startsWith(ancestor + "[");
  }
}
