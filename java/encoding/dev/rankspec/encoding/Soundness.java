package dev.rankspec.encoding;

import dev.rankspec.data.v1.Feature;
import dev.rankspec.data.v1.ListPlaces;
import dev.rankspec.data.v1.RawColumn;
import dev.rankspec.data.v1.RawKind;
import dev.rankspec.data.v1.Recipe;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Whether a recipe contradicts itself: what rules refuse in a recipe that is written, and nobody has checked in one that is
 * found.
 */
final class Soundness {
  private static final Set<RawKind> NUMBERS =
      Set.of(RawKind.RAW_KIND_INT64, RawKind.RAW_KIND_FLOAT64, RawKind.RAW_KIND_TIME);
  private static final Set<RawKind> IDS = Set.of(RawKind.RAW_KIND_TEXT, RawKind.RAW_KIND_INT64, RawKind.RAW_KIND_BOOL);
  private static final Set<RawKind> FLAGS = Set.of(RawKind.RAW_KIND_BOOL);
  private static final int MAX_WIDTH = 1024;

  private Soundness() {}

  /** Makes sure that encoding by a recipe cannot but give what it says. */
  static void check(Recipe recipe) throws EncodingException {
    Map<String, RawColumn> columns = new HashMap<>();
    for (RawColumn column : recipe.getColumnsList()) {
      check(column);
      if (columns.put(column.getName(), column) != null) {
        throw damaged(column.getName(), "the recipe lists the column twice");
      }
    }
    for (Feature feature : recipe.getFeaturesList()) {
      check(feature, columns, recipe.getSemantics());
    }
  }

  private static void check(RawColumn column) throws EncodingException {
    if (column.getKind() == RawKind.RAW_KIND_UNSPECIFIED) {
      throw damaged(column.getName(), "the recipe does not say what the column holds");
    }
    if (column.hasSeparator() && column.getSeparator().isEmpty()) {
      throw damaged(column.getName(), "the recipe separates values by nothing");
    }
    if (column.hasTimeUnitMicros() && column.getTimeUnitMicros() < 1) {
      throw damaged(column.getName(), "the recipe's time_unit_micros is no unit of time");
    }
  }

  private static void check(Feature feature, Map<String, RawColumn> columns, int semantics)
      throws EncodingException {
    String name = feature.getName();
    switch (feature.getKindCase()) {
      case NUMBER -> checkColumn(name, feature.getNumber().getColumn(), false, NUMBERS, columns);
      case BINNED -> checkColumn(name, feature.getBinned().getColumn(), false, NUMBERS, columns);
      case FLAG -> checkColumn(name, feature.getFlag().getColumn(), false, FLAGS, columns);
      case CATEGORY -> {
        boolean isList = feature.getCategory().hasList();
        checkColumn(name, feature.getCategory().getColumn(), isList, IDS, columns);
        checkPlaces(name, isList, feature.getCategory().getList(), semantics);
      }
      case HASHED -> {
        boolean isList = feature.getHashed().hasList();
        checkColumn(name, feature.getHashed().getColumn(), isList, IDS, columns);
        checkPlaces(name, isList, feature.getHashed().getList(), semantics);
        if (feature.getHashed().getNumBuckets() < 1) {
          throw damaged("", "the recipe has no buckets for " + name);
        }
      }
      case KIND_NOT_SET -> throw damaged("", "the recipe does not say what " + name + " is");
    }
  }

  private static void checkColumn(
      String feature, String read, boolean isList, Set<RawKind> kinds, Map<String, RawColumn> columns)
      throws EncodingException {
    RawColumn column = columns.get(read);
    if (column == null || column.getList() != isList || !kinds.contains(column.getKind())) {
      throw damaged(read, "the recipe lists no column that " + feature + " could read");
    }
  }

  private static void checkPlaces(String feature, boolean isList, ListPlaces list, int semantics)
      throws EncodingException {
    // Without a width all values of a list are kept; that came with semantics 2.
    boolean isWhole = !list.hasWidth() && semantics >= 2;
    if (isList && !isWhole && (list.getWidth() < 1 || list.getWidth() > MAX_WIDTH)) {
      throw damaged("", "the recipe gives " + feature + " " + list.getWidth() + " places, and not 1 to " + MAX_WIDTH);
    }
  }

  private static EncodingException damaged(String column, String reason) {
    return new EncodingException("recipe.damaged", column, reason);
  }
}
