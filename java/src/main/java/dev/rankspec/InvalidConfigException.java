package dev.rankspec;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/** A config that cannot be read, or that breaks rules; it carries everything that was found. */
public final class InvalidConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  private final ArrayList<Violation> violations;

  InvalidConfigException(List<Violation> violations) {
    this(new ArrayList<>(Violation.inOrder(violations)));
  }

  InvalidConfigException(Violation violation) {
    this(List.of(violation));
  }

  private InvalidConfigException(ArrayList<Violation> violations) {
    super(violations.stream().map(Violation::toString).collect(Collectors.joining("\n")));
    this.violations = violations;
  }

  /**
   * Returns what is wrong, sorted by line, column, then by the UTF-8 bytes of path and code; never empty, and nothing
   * twice.
   */
  public List<Violation> violations() {
    return Collections.unmodifiableList(violations);
  }
}
