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
import java.util.Set;
import java.util.stream.Collectors;

/** Encodes rows by a fitted recipe. It does not change, and may be used by several threads at once. */
public final class Encoder {
  /** The newest meaning of recipes that is known: 2 where a list has no width, otherwise 1. */
  private static final int SEMANTICS = 2;

  private final List<Reading> readings;
  private final List<String> columns;

  private record Reading(Column column, Encoding encoding) {}

  private Encoder(List<Reading> readings, List<String> columns) {
    this.readings = readings;
    this.columns = columns;
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
      readings.add(new Reading(columns.get(encoding.column()), encoding));
    }
    Set<String> read = readings.stream().map(reading -> reading.column().name()).collect(Collectors.toSet());
    return new Encoder(readings, recipe.getColumnsList().stream().map(RawColumn::getName).filter(read::contains).toList());
  }

  /** Returns the names of the raw columns that rows have to have, in the recipe's order. */
  public List<String> columns() {
    return columns;
  }

  /**
   * Encodes rows.
   *
   * @param rows each the values by column: null where missing, a {@link String}, {@link Long} or {@link Integer},
   *     {@link Double} or {@link Float}, {@link Boolean}, or a {@link List} of such
   * @throws EncodingException if a column is absent or of another type, or a value is none of its column's kind. Of several
   *     the first, by the order of the features that read them; of a column, what is wrong with all of it comes first
   */
  public Encoded encode(List<? extends Map<String, ?>> rows) throws EncodingException {
    Map<Column, Object[]> values = new HashMap<>();
    for (Reading reading : readings) {
      if (!values.containsKey(reading.column())) {
        values.put(reading.column(), reading.column().values(rows));
      }
    }
    Vectors vectors =
        new Vectors(readings.stream().map(reading -> reading.encoding().wholeList()).filter(Objects::nonNull).toList());
    for (int number = 0; number < rows.size(); number++) {
      for (Reading reading : readings) {
        reading.encoding().encode(values.get(reading.column())[number], vectors);
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
    Soundness.check(recipe);
  }
}
