package dev.rankspec.encoding;

import dev.rankspec.data.v1.BinnedFeature;
import dev.rankspec.data.v1.CategoryFeature;
import dev.rankspec.data.v1.Feature;
import dev.rankspec.data.v1.FlagFeature;
import dev.rankspec.data.v1.HashedFeature;
import dev.rankspec.data.v1.ListPlaces;
import dev.rankspec.data.v1.NumberFeature;
import dev.rankspec.data.v1.NumberFitting;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.ToLongFunction;

/**
 * Which column a feature reads, and what it makes of a value.
 *
 * @param column the column
 * @param wholeList the feature's name if its lists are kept whole; null for all others
 * @param adding adds what the feature makes of a value
 */
record Encoding(String column, String wholeList, BiConsumer<Object, Vectors> adding) {
  private Encoding(String column, BiConsumer<Object, Vectors> adding) {
    this(column, null, adding);
  }

  /** Half a unit above the largest float: from here on, rounding gives infinity. */
  private static final double FLOAT_END = 0x1p128 - 0x1p103;

  private static final int MISSING = 0;

  /** Adds what the feature makes of a value. */
  void encode(Object value, Vectors into) {
    adding.accept(value, into);
  }

  static Encoding of(Feature feature, Map<String, byte[]> vocabularies) throws EncodingException {
    return switch (feature.getKindCase()) {
      case NUMBER -> number(feature.getName(), feature.getNumber());
      case BINNED -> binned(feature.getName(), feature.getBinned());
      case CATEGORY -> category(feature.getName(), feature.getCategory(), vocabularies);
      case HASHED -> hashed(feature.getName(), feature.getHashed());
      case FLAG -> flag(feature.getFlag());
      case KIND_NOT_SET -> throw new IllegalArgumentException("a feature of a sound recipe has a kind");
    };
  }

  private static Encoding number(String name, NumberFeature feature) throws EncodingException {
    requireFitted(feature.hasFitted(), name);
    NumberFitting fitted = feature.getFitted();
    boolean standardize = feature.getStandardize();
    boolean missingFlag = feature.getMissingFlag();
    return new Encoding(
        feature.getColumn(),
        (value, into) -> {
          double given = finite(value);
          boolean isMissing = Double.isNaN(given);
          into.addContinuous(standardized(isMissing ? fitted.getFill() : given, fitted, standardize));
          if (missingFlag) {
            into.addBinary(isMissing);
          }
        });
  }

  private static float standardized(double x, NumberFitting fitted, boolean standardize) {
    x = x < fitted.getLow() ? fitted.getLow() : x;
    x = x > fitted.getHigh() ? fitted.getHigh() : x;
    // One zero of the two.
    x = x == 0 ? 0 : x;
    if (standardize) {
      x = (x - fitted.getMean()) * fitted.getInverseDeviation();
    }
    x = x > Float.MAX_VALUE ? Float.MAX_VALUE : x;
    return (float) (x < -Float.MAX_VALUE ? -Float.MAX_VALUE : x);
  }

  private static Encoding binned(String name, BinnedFeature feature) throws EncodingException {
    requireFitted(feature.hasFitted(), name);
    double[] edges =
        feature.getFitted().getEdgesList().stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return new Encoding(
        feature.getColumn(),
        (value, into) -> {
          double given = finite(value);
          into.addDiscrete(Double.isNaN(given) ? MISSING : 1 + numBelow(edges, given));
        });
  }

  /** Returns how many of rising edges lie below a number. */
  private static int numBelow(double[] edges, double x) {
    int begin = 0;
    int end = edges.length;
    while (begin < end) {
      int middle = (begin + end) >>> 1;
      if (edges[middle] < x) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    return begin;
  }

  private static Encoding category(String name, CategoryFeature feature, Map<String, byte[]> vocabularies)
      throws EncodingException {
    requireFitted(feature.hasFitted(), name);
    Map<String, Long> ids = Vocabulary.ids(feature.getFitted(), vocabularies, feature.getColumn());
    if (isWhole(feature.hasList(), feature.getList())) {
      return ofLists(feature.getColumn(), name, text -> ids.getOrDefault(text, Vocabulary.UNSEEN));
    }
    int width = feature.hasList() ? feature.getList().getWidth() : 1;
    return byValue(
        feature.getColumn(), feature.hasList(), width, text -> ids.getOrDefault(text, Vocabulary.UNSEEN));
  }

  private static Encoding hashed(String name, HashedFeature feature) {
    String prefix = feature.getSalt() + "/";
    long buckets = feature.getNumBuckets();
    ToLongFunction<String> idOf =
        text -> {
          byte[] hash = Vocabulary.sha256().digest((prefix + text).getBytes(StandardCharsets.UTF_8));
          return 1 + Long.remainderUnsigned(ByteBuffer.wrap(hash).getLong(), buckets);
        };
    if (isWhole(feature.hasList(), feature.getList())) {
      return ofLists(feature.getColumn(), name, idOf);
    }
    int width = feature.hasList() ? feature.getList().getWidth() : 1;
    return byValue(feature.getColumn(), feature.hasList(), width, idOf);
  }

  private static boolean isWhole(boolean isList, ListPlaces places) {
    return isList && !places.hasWidth();
  }

  /** Encodes all values of a list by an id of each text. */
  private static Encoding ofLists(String column, String name, ToLongFunction<String> idOf) {
    return new Encoding(
        column,
        name,
        (value, into) -> {
          List<?> items = value == null ? List.of() : (List<?>) value;
          into.beginList(name, items.size());
          for (Object item : items) {
            into.addToList(name, item == null ? MISSING : idOf.applyAsLong(item.toString()));
          }
        });
  }

  private static Encoding flag(FlagFeature feature) {
    boolean missingFlag = feature.getMissingFlag();
    return new Encoding(
        feature.getColumn(),
        (value, into) -> {
          into.addBinary(Boolean.TRUE.equals(value));
          if (missingFlag) {
            into.addBinary(value == null);
          }
        });
  }

  /** Encodes a value, or those of a list, by an id of each text. */
  private static Encoding byValue(String column, boolean isList, int width, ToLongFunction<String> idOf) {
    return new Encoding(
        column,
        (value, into) -> {
          for (int place = 0; place < width; place++) {
            Object single = value;
            if (isList) {
              List<?> items = value == null ? List.of() : (List<?>) value;
              single = place < items.size() ? items.get(place) : null;
            }
            into.addDiscrete(single == null ? MISSING : idOf.applyAsLong(single.toString()));
          }
        });
  }

  /** Returns a value as a number whose float is finite; NaN if it is none. */
  private static double finite(Object value) {
    double number = value instanceof Number given ? given.doubleValue() : Double.NaN;
    return Math.abs(number) < FLOAT_END ? number : Double.NaN;
  }

  private static void requireFitted(boolean isFitted, String name) throws EncodingException {
    if (!isFitted) {
      throw new EncodingException("recipe.unfitted", "", "the recipe is not fitted: nothing is known of " + name);
    }
  }
}
