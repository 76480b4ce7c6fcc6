package dev.rankspec;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Finds where in a text the fields stand that violations are about. */
final class Places {
  /** For what is no text. */
  static final Places NONE = new Places("", null);

  private final String text;
  private final Place root;

  /**
   * The places of a text.
   *
   * @param root the place of the whole message; null if there is no text
   */
  Places(String text, Place root) {
    this.text = text;
    this.root = root;
  }

  private record Found(int depth, int offset) {}

  private record Located(Violation violation, int offset) {}

  /**
   * Returns violations at their places: what is not there has the place of what should have it.
   *
   * @param copies what was filled in, which has the places of what it was copied from
   */
  List<Violation> locate(List<Violation> violations, List<Inheritance.Copy> copies) {
    if (root == null) {
      return violations;
    }
    List<Located> found =
        violations.stream()
            .map(violation -> new Located(violation, offsetOf(violation.path(), copies)))
            .sorted(Comparator.comparingInt(Located::offset))
            .toList();
    List<Violation> located = new ArrayList<>();
    Position position = Position.START;
    int reached = 0;
    for (Located next : found) {
      position = position.advanced(text, reached, next.offset());
      reached = next.offset();
      located.add(next.violation().at(position));
    }
    return located;
  }

  private int offsetOf(String path, List<Inheritance.Copy> copies) {
    Found deepest = deepest(Paths.steps(path));
    for (Inheritance.Copy copy : copies) {
      if (Paths.isAtOrBelow(path, copy.path())) {
        Found source = deepest(Paths.steps(copy.sourceOf(path)));
        int depth = source.depth() - Paths.steps(copy.source()).size() + Paths.steps(copy.path()).size();
        deepest = depth > deepest.depth() ? new Found(depth, source.offset()) : deepest;
      }
    }
    return deepest.offset();
  }

  /** Follows steps as far as there is something. */
  private Found deepest(List<String> steps) {
    Place here = root;
    int depth = 0;
    for (String step : steps) {
      Place next = here.step(step);
      if (next == null) {
        break;
      }
      here = next;
      depth++;
    }
    return new Found(depth, here.offset());
  }
}
