package dev.rankspec.scorer;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.rankspec.data.v1.Feature;
import dev.rankspec.data.v1.Recipe;
import dev.rankspec.encoding.Encoded;
import dev.rankspec.encoding.Encoder;
import dev.rankspec.encoding.EncodingException;
import dev.rankspec.encoding.Positions;
import dev.rankspec.serving.v1.BundleManifest;
import dev.rankspec.serving.v1.ErrorCode;
import dev.rankspec.serving.v1.FeatureSignature;
import dev.rankspec.serving.v1.ServedInput;
import dev.rankspec.serving.v1.ValueType;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** From raw rows to the model's inputs, by the bundle's recipe. */
final class RawRows {
  // An array of Java has no more.
  private static final int MAX_BYTES = Integer.MAX_VALUE - 8;
  private static final String CONTINUOUS = "continuous";
  private static final String BINARY = "binary";
  private static final String DISCRETE = "discrete";
  private static final Map<String, ErrorCode> CODES =
      Map.of(
          "recipe.damaged", ErrorCode.ERROR_CODE_RECIPE_INVALID,
          "recipe.unfitted", ErrorCode.ERROR_CODE_RECIPE_UNFITTED,
          "recipe.semantics", ErrorCode.ERROR_CODE_RECIPE_UNKNOWN,
          "vocabulary.absent", ErrorCode.ERROR_CODE_VOCABULARY_INVALID,
          "vocabulary.digest", ErrorCode.ERROR_CODE_VOCABULARY_INVALID,
          "column.absent", ErrorCode.ERROR_CODE_COLUMN_MISSING,
          "column.type", ErrorCode.ERROR_CODE_COLUMN_TYPE,
          "row.value", ErrorCode.ERROR_CODE_VALUE_INVALID);

  private final Encoder encoder;
  private final List<ServedInput> inputs;

  private RawRows(Encoder encoder, FeatureSignature signature) {
    this.encoder = encoder;
    inputs = signature.getInputsList();
  }

  /**
   * Reads a bundle's recipe.
   *
   * @throws ScoringException with one of the codes from RECIPE_INVALID to VOCABULARY_INVALID, or RECIPE_MISSING
   */
  static RawRows of(Bundle bundle) throws ScoringException {
    BundleManifest manifest = bundle.manifest();
    if (!manifest.hasRecipeFile()) {
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_RECIPE_MISSING,
          "",
          "a bundle of a data set that `rankspec data import` made; this one takes inputs as they are stored");
    }
    String file = manifest.getRecipeFile();
    Recipe recipe = recipe(bundle, file);
    Encoder encoder;
    try {
      encoder = Encoder.of(recipe, vocabularies(bundle, recipe));
    } catch (EncodingException e) {
      throw refused(e, file);
    }
    String problem = mismatch(Positions.of(recipe), manifest.getSignature());
    if (!problem.isEmpty()) {
      throw invalid(file, problem, null);
    }
    return new RawRows(encoder, manifest.getSignature());
  }

  /** Returns the names of the raw columns that are read, in the recipe's order. */
  List<String> columns() {
    return encoder.columns();
  }

  /**
   * Returns the model's inputs by name.
   *
   * @throws ScoringException COLUMN_MISSING, COLUMN_TYPE or VALUE_INVALID
   */
  Map<String, Column> inputs(List<? extends Map<String, ?>> rows) throws ScoringException {
    for (String name : columns()) {
      checkTypes(name, rows);
    }
    Encoded encoded;
    try {
      encoded = encoder.encode(rows);
    } catch (EncodingException e) {
      throw refused(e, e.column());
    }
    Map<String, Column> made = new HashMap<>();
    for (ServedInput input : inputs) {
      if (input.getList()) {
        // The signature names the feature that the lists are.
        made.put(input.getName(), lists(encoded.lists().get(input.getFeatureNames(0))));
        continue;
      }
      made.put(
          input.getName(),
          switch (input.getName()) {
            case CONTINUOUS -> Column.floatRows(input.getWidth(), encoded.continuous());
            case BINARY -> Column.integerRows(input.getWidth(), encoded.binary());
            default -> Column.integerRows(input.getWidth(), encoded.discrete());
          });
    }
    return made;
  }

  private static Column lists(Encoded.Lists encoded) {
    long[][] rows = new long[encoded.lengths().length][];
    int start = 0;
    for (int row = 0; row < rows.length; row++) {
      int end = start + (int) encoded.lengths()[row];
      rows[row] = Arrays.copyOfRange(encoded.values(), start, end);
      start = end;
    }
    return Column.lists(rows);
  }

  /** Refuses a column of values of several types, as no table has one. */
  private static void checkTypes(String name, List<? extends Map<String, ?>> rows) throws ScoringException {
    Set<Class<?>> ofValues = new HashSet<>();
    Set<Class<?>> ofItems = new HashSet<>();
    for (Map<String, ?> row : rows) {
      Object value = row.get(name);
      addType(value, ofValues);
      if (value instanceof List<?> items) {
        items.forEach(item -> addType(item, ofItems));
      }
    }
    if (ofValues.size() > 1 || ofItems.size() > 1) {
      throw ScoringException.of(ErrorCode.ERROR_CODE_COLUMN_TYPE, name, "values of one type");
    }
  }

  /** Adds the type of a value, if there is one; all numbers are of one, and so are all lists. */
  private static void addType(Object value, Set<Class<?>> types) {
    if (value != null) {
      types.add(value instanceof Number ? Number.class : value instanceof List ? List.class : value.getClass());
    }
  }

  private static Recipe recipe(Bundle bundle, String file) throws ScoringException {
    try {
      return Recipe.parseFrom(bundle.bytes(file, MAX_BYTES));
    } catch (InvalidProtocolBufferException e) {
      throw invalid(file, "a Recipe in protobuf's binary form", e);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** Returns the bytes, by name, of the files that a recipe needs beside it, as far as they are there. */
  private static Map<String, byte[]> vocabularies(Bundle bundle, Recipe recipe) throws ScoringException {
    Map<String, byte[]> contents = new HashMap<>();
    for (Feature feature : recipe.getFeaturesList()) {
      String name = feature.getCategory().getFitted().getFile();
      try {
        if (bundle.has(name) && !contents.containsKey(name)) {
          contents.put(name, bundle.bytes(name, MAX_BYTES));
        }
      } catch (IOException e) {
        throw unreadable(name, e);
      }
    }
    return contents;
  }

  /** Returns what a recipe should make and does not; nothing if its vectors are what the signature takes. */
  private static String mismatch(Positions places, FeatureSignature signature) {
    Map<String, List<String>> made =
        Map.of(CONTINUOUS, places.continuous(), BINARY, places.binary(), DISCRETE, places.discrete());
    for (ServedInput input : signature.getInputsList()) {
      String name = input.getName();
      if (input.getList()) {
        if (input.getFeatureNamesCount() == 0 || !places.lists().containsAll(input.getFeatureNamesList())) {
          return "a recipe that makes the lists of " + name + " too";
        }
        continue;
      }
      List<String> names = made.get(name);
      if (names == null) {
        return "a recipe that makes " + name + " too";
      }
      if ((input.getType() == ValueType.VALUE_TYPE_FLOAT32) != name.equals(CONTINUOUS)) {
        return "a recipe that makes " + name + " of the signature's type";
      }
      if (names.size() != input.getWidth()) {
        return "a recipe that makes " + input.getWidth() + " values of " + name + ", and not " + names.size();
      }
      if (input.getFeatureNamesCount() > 0 && !input.getFeatureNamesList().equals(names)) {
        return "a recipe that makes the features of " + name + " in the signature's order";
      }
    }
    return "";
  }

  private static ScoringException refused(EncodingException e, String name) {
    ErrorCode code = CODES.get(e.code());
    return e.row().isPresent()
        ? ScoringException.atRow(code, name, e.row().getAsInt(), e.reason())
        : ScoringException.of(code, name, e.reason());
  }

  private static ScoringException invalid(String file, String expectation, Throwable cause) {
    return ScoringException.of(ErrorCode.ERROR_CODE_RECIPE_INVALID, file, expectation, cause);
  }

  private static ScoringException unreadable(String file, Throwable cause) {
    return ScoringException.of(ErrorCode.ERROR_CODE_FILE_UNSAFE, file, "a plain file that can be read", cause);
  }
}
