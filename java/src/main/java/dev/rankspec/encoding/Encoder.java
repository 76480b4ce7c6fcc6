package dev.rankspec.encoding;

import dev.rankspec.data.v1.Feature;
import dev.rankspec.data.v1.RawColumn;
import dev.rankspec.data.v1.Recipe;
import dev.rankspec.data.v1.TextFormat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Encodes rows by a fitted recipe. It does not change, and may be used by several threads at once. */
public final class Encoder {
  /** The newest meaning of recipes that is known: 2 where a list has no width, otherwise 1. */
  private static final int SEMANTICS = 2;

  private final List<Reading> readings;

  private record Reading(Column column, Encoding encoding) {}

  private Encoder(List<Reading> readings) {
    this.readings = List.copyOf(readings);
  }

  /**
   * Returns the encoder of a recipe.
   *
   * @param recipe a fitted recipe
   * @param vocabularies the bytes of the files that it names, by name
   * @throws EncodingException if the recipe is not fitted, of semantics that are not known, or damaged, or if a
   *     vocabulary is not there or is another one
   */
  public static Encoder of(Recipe recipe, Map<String, byte[]> vocabularies) throws EncodingException {
    check(recipe);
    Map<String, Column> columns = new HashMap<>();
    for (RawColumn column : recipe.getColumnsList()) {
      columns.put(column.getName(), new Column(column, recipe.getText()));
    }
    List<Reading> readings = new ArrayList<>();
    for (Feature feature : recipe.getFeaturesList()) {
      Encoding encoding = Encoding.of(feature, vocabularies);
      Column column = columns.get(encoding.column());
      if (column == null || column.isList() != encoding.isList()) {
        throw new EncodingException(
            "recipe.damaged", encoding.column(), "the recipe does not list what " + feature.getName() + " reads");
      }
      readings.add(new Reading(column, encoding));
    }
    return new Encoder(readings);
  }

  /**
   * Encodes rows.
   *
   * @param rows each the values by column: null where missing, a {@link String}, {@link Long} or {@link Integer},
   *     {@link Double} or {@link Float}, {@link Boolean}, or a {@link List} of such
   * @throws EncodingException if a column is absent or of another type, or a value is none of its column's kind
   */
  public Encoded encode(List<? extends Map<String, ?>> rows) throws EncodingException {
    Vectors vectors =
        new Vectors(readings.stream().map(reading -> reading.encoding().wholeList()).filter(Objects::nonNull).toList());
    Map<Column, Object> values = new HashMap<>();
    for (int number = 0; number < rows.size(); number++) {
      values.clear();
      for (Reading reading : readings) {
        Column column = reading.column();
        if (!values.containsKey(column)) {
          values.put(column, column.value(rows.get(number), number));
        }
        reading.encoding().encode(values.get(column), vectors);
      }
    }
    return vectors.encoded();
  }

  private static void check(Recipe recipe) throws EncodingException {
    TextFormat text = recipe.getText();
    if (recipe.getSemantics() < 1 || recipe.getSemantics() > SEMANTICS) {
      throw new EncodingException(
          "recipe.semantics",
          "",
          "semantics " + recipe.getSemantics() + " are not known; it takes a newer rankspec");
    }
    if (text.getMissingCount() == 0 || text.getTrueValuesCount() == 0 || text.getFalseValuesCount() == 0) {
      throw new EncodingException("recipe.damaged", "", "the recipe says nothing of how text is read; fit it anew");
    }
    if (!recipe.hasFitted()) {
      throw new EncodingException(
          "recipe.unfitted", "", "the recipe is not fitted; `rankspec data import` fits it");
    }
  }
}
