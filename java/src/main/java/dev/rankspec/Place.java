package dev.rankspec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where a value stands in a text, and where the values inside of it stand.
 *
 * <p>That is of a scalar where it begins, of a block, list or map the name of its field, of a message in a list the
 * mark that opens it, and of a message in a map its key.
 */
final class Place {
  private static final int[] NONE = {};

  private final int offset;
  // Fields by their names, entries of a map by their keys in brackets.
  private Map<String, Place> named = Map.of();
  // Messages of a list.
  private List<Place> blocks = List.of();
  // Where the scalars of a list begin: a text may have millions.
  private int[] scalars = NONE;
  private int numScalars;

  Place(int offset) {
    this.offset = offset;
  }

  int offset() {
    return offset;
  }

  /** Returns the place of a field, which is the given one if this is the first time. */
  Place field(String name, int start) {
    if (named.isEmpty()) {
      named = new HashMap<>();
    }
    return named.computeIfAbsent(name, absent -> new Place(start));
  }

  /** Returns the number of elements of a list. */
  int size() {
    return blocks.size() + numScalars;
  }

  /** Adds a message to a list. */
  Place addBlock(int opener) {
    if (blocks.isEmpty()) {
      blocks = new ArrayList<>();
    }
    Place block = new Place(opener);
    blocks.add(block);
    return block;
  }

  /** Adds a scalar to a list. */
  void addScalar(int start) {
    if (numScalars == scalars.length) {
      scalars = Arrays.copyOf(scalars, Math.max(4, 2 * numScalars));
    }
    scalars[numScalars++] = start;
  }

  /**
   * Adds an entry to a map.
   *
   * @param key the key in brackets
   * @param start the place of the entry
   * @param value the place of its value; null if it has none
   * @return whether the map had no such entry
   */
  boolean addEntry(String key, int start, Place value) {
    if (named.isEmpty()) {
      named = new HashMap<>();
    }
    Place entry = new Place(start);
    if (value != null) {
      entry.named = value.named;
    }
    return named.putIfAbsent(key, entry) == null;
  }

  /** Returns the place that a step leads to: a field's name, or an index or key in brackets; null if it is not there. */
  Place step(String step) {
    if (size() == 0) {
      return named.get(step);
    }
    int index = Integer.parseInt(step, 1, step.length() - 1, 10);
    if (index >= size()) {
      return null;
    }
    return blocks.isEmpty() ? new Place(scalars[index]) : blocks.get(index);
  }
}
