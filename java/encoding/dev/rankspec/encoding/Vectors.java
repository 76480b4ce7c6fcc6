package dev.rankspec.encoding;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What features add to. */
final class Vectors {
  private float[] continuous = new float[16];
  private int numContinuous;
  private final Longs binary = new Longs();
  private final Longs discrete = new Longs();
  private final Map<String, Ids> lists = new TreeMap<>();

  private record Ids(Longs lengths, Longs values) {}

  /** Begins without rows, and with these lists. */
  Vectors(List<String> lists) {
    lists.forEach(name -> this.lists.put(name, new Ids(new Longs(), new Longs())));
  }

  void addContinuous(float value) {
    if (numContinuous == continuous.length) {
      continuous = Arrays.copyOf(continuous, 2 * numContinuous);
    }
    continuous[numContinuous++] = value;
  }

  void addBinary(boolean value) {
    binary.add(value ? 1 : 0);
  }

  void addDiscrete(long id) {
    discrete.add(id);
  }

  /** Adds a row's list of so many ids, which follow by {@link #addToList}. */
  void beginList(String name, int length) {
    lists.get(name).lengths().add(length);
  }

  void addToList(String name, long id) {
    lists.get(name).values().add(id);
  }

  Encoded encoded() {
    Map<String, Encoded.Lists> found = new TreeMap<>();
    lists.forEach((name, ids) -> found.put(name, new Encoded.Lists(ids.lengths().toArray(), ids.values().toArray())));
    return new Encoded(Arrays.copyOf(continuous, numContinuous), binary.toArray(), discrete.toArray(), found);
  }

  /** Whole numbers, more and more of them. */
  private static final class Longs {
    private long[] values = new long[16];
    private int size;

    void add(long value) {
      if (size == values.length) {
        values = Arrays.copyOf(values, 2 * size);
      }
      values[size++] = value;
    }

    long[] toArray() {
      return Arrays.copyOf(values, size);
    }
  }
}
