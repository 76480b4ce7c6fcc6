package dev.rankspec.encoding;

import java.util.Arrays;

/** What features add to. */
final class Vectors {
  private float[] continuous = new float[16];
  private long[] binary = new long[16];
  private long[] discrete = new long[16];
  private int numContinuous;
  private int numBinary;
  private int numDiscrete;

  void addContinuous(float value) {
    if (numContinuous == continuous.length) {
      continuous = Arrays.copyOf(continuous, 2 * numContinuous);
    }
    continuous[numContinuous++] = value;
  }

  void addBinary(boolean value) {
    if (numBinary == binary.length) {
      binary = Arrays.copyOf(binary, 2 * numBinary);
    }
    binary[numBinary++] = value ? 1 : 0;
  }

  void addDiscrete(long id) {
    if (numDiscrete == discrete.length) {
      discrete = Arrays.copyOf(discrete, 2 * numDiscrete);
    }
    discrete[numDiscrete++] = id;
  }

  Encoded encoded() {
    return new Encoded(
        Arrays.copyOf(continuous, numContinuous),
        Arrays.copyOf(binary, numBinary),
        Arrays.copyOf(discrete, numDiscrete));
  }
}
