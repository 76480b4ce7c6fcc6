package dev.rankspec.encoding;

import java.util.Map;

/**
 * What a model takes of rows, one row after the other.
 *
 * @param continuous continuous values
 * @param binary binary values, 0 or 1
 * @param discrete discrete values: ids
 * @param lists lists of ids that are kept whole, by the name of the feature
 */
public record Encoded(float[] continuous, long[] binary, long[] discrete, Map<String, Lists> lists) {
  /**
   * The lists of ids of rows.
   *
   * @param lengths how many ids each row's list has
   * @param values the ids of all of them, one list after the other
   */
  public record Lists(long[] lengths, long[] values) {}
}
