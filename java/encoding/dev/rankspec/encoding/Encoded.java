package dev.rankspec.encoding;

/**
 * What a model takes of rows, one row after the other.
 *
 * @param continuous continuous values
 * @param binary binary values, 0 or 1
 * @param discrete discrete values: ids
 */
public record Encoded(float[] continuous, long[] binary, long[] discrete) {}
