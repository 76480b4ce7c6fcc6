package dev.rankspec;

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

  /** Tells whether a path is another one or names something inside of it. */
  static boolean isAtOrBelow(String path, String ancestor) {
    return path.equals(ancestor) || path.startsWith(ancestor + ".") || path.startsWith(ancestor + "[");
  }
}
