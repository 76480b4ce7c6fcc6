package dev.rankspec.scorer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rankspec.data.v1.Feature;
import dev.rankspec.data.v1.Recipe;
import dev.rankspec.serving.v1.BundleFile;
import dev.rankspec.serving.v1.BundleManifest;
import dev.rankspec.serving.v1.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RawRowsTest {
  private static final Path REPOSITORY = Path.of("../..").toAbsolutePath().normalize();

  /** Of a data set that `rankspec data import` made; every language's tests open it. */
  private static final Path BUNDLE = REPOSITORY.resolve("tests/scoring/example_raw_bundle");

  /** What Python's scorer gives the rows of docs/serving.md, which are {@link #rows()}. */
  private static final float[] EXPECTED = {0.5844031f, 0.58885825f};

  private static List<Map<String, Object>> rows() {
    Map<String, Object> second = new HashMap<>();
    for (String missing : List.of("customer", "income")) {
      second.put(missing, null);
    }
    second.putAll(Map.of("city", "Paris", "tags", List.of(), "member", false));
    return List.of(
        Map.of("customer", "c17", "income", 2500.0, "city", "Ulm", "tags", List.of("eco", "new"), "member", true), second);
  }

  private static Map<String, Object> rowWith(String column, Object value) {
    Map<String, Object> row = new HashMap<>(rows().get(0));
    row.put(column, value);
    return row;
  }

  private static float[] scored(Scorer scorer, List<? extends Map<String, ?>> rows) {
    try {
      return scorer.scoreRaw(rows).get("bought");
    } catch (ScoringException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void theReadmesExampleRunsAndTellsAValueThatCannotBeRead() throws ScoringException, IOException {
    String source = Files.readString(Path.of("src/test/java/dev/rankspec/scorer/RawExample.java"));
    String shown =
        source.substring(source.indexOf("begin\n") + 6, source.indexOf("\n  // README: end")).stripIndent();

    assertTrue(Files.readString(REPOSITORY.resolve("java/README.md")).contains("```java\n" + shown + "\n```\n"), shown);
    String inner =
        source.substring(source.indexOf("      Map<String, Object> known"), source.indexOf("\n      return scores[0]")).stripIndent();
    assertTrue(Files.readString(REPOSITORY.resolve("docs/serving.md")).contains("```java\n" + inner + "\n```\n"), inner);
    assertTrue(RawExample.rank(BUNDLE, "2500").endsWith(" comes first"));
    assertEquals(
        "row 0 cannot be read: VALUE_INVALID \"income\", row 0: a value is to be a number, such as 1.5, -2 or 3e-4",
        RawExample.rank(BUNDLE, "secret"));
  }

  @Test
  void rawRowsScoreAsInPython() throws ScoringException {
    try (Scorer scorer = Scorer.open(BUNDLE)) {
      assertArrayEquals(EXPECTED, scored(scorer, rows()), 1e-6f);
      assertEquals(List.of("customer", "income", "city", "tags", "member"), scorer.rawColumns());
      assertEquals(0, scored(scorer, List.of()).length);
    }
  }

  @Test
  void anyNumberOfRowsAndThreadsAndOtherColumnsMakeNoDifference() throws ScoringException {
    try (Scorer scorer = Scorer.open(BUNDLE)) {
      List<Map<String, Object>> many = new ArrayList<>();
      for (int number = 0; number < 100; number++) {
        many.add(rowWith("remark", number));
      }
      for (float score : scored(scorer, many)) {
        assertEquals(EXPECTED[0], score, 1e-6f);
      }
    }
    try (Scorer scorer = Scorer.open(BUNDLE)) {
      assertTrue(
          IntStream.range(0, 50)
              .parallel()
              .allMatch(place -> Math.abs(scored(scorer, rows().subList(1, 2))[0] - EXPECTED[1]) < 1e-6f));
    }
  }

  @Test
  void aScorerThatIsClosedSaysSo() throws ScoringException {
    Scorer scorer = Scorer.open(BUNDLE);
    scorer.close();

    assertEquals(
        ErrorCode.ERROR_CODE_CLOSED, assertThrows(ScoringException.class, () -> scorer.scoreRaw(rows())).code());
  }

  @Test
  void aBundleWithoutARecipeTakesNoRawRows() throws ScoringException {
    try (Scorer scorer = Scorer.open(REPOSITORY.resolve("tests/scoring/example_bundle"))) {
      ScoringException refused = assertThrows(ScoringException.class, () -> scorer.scoreRaw(rows()));

      assertEquals(ErrorCode.ERROR_CODE_RECIPE_MISSING, refused.code());
    }
  }

  static Stream<Arguments> wrongRows() {
    Map<String, Object> without = rowWith("income", "1");
    without.remove("city");
    return Stream.of(
        Arguments.of("absent", "COLUMN_MISSING", "city", -1, List.of(rowWith("income", "1"), without)),
        Arguments.of("type", "COLUMN_TYPE", "city", -1, List.of(rowWith("city", 1.5))),
        Arguments.of("type of a list", "COLUMN_TYPE", "tags", -1, List.of(rowWith("tags", "eco"))),
        Arguments.of("types", "COLUMN_TYPE", "income", -1, List.of(rowWith("income", 1.5), rowWith("income", "2"))),
        Arguments.of("types in lists", "COLUMN_TYPE", "tags", -1, List.of(rowWith("tags", List.of("eco", 1)))),
        Arguments.of(
            "half of a character", "VALUE_INVALID", "city", 1, List.of(rowWith("city", "Bonn"), rowWith("city", "secret\ud83d"))),
        Arguments.of("value", "VALUE_INVALID", "income", 1, List.of(rowWith("income", "1"), rowWith("income", "secret"))),
        Arguments.of(
            "the first column that is wrong", "VALUE_INVALID", "income", 1, List.of(without, rowWith("income", "secret"))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrongRows")
  void rowsThatTheRecipeCannotReadAreRefused(
      String name, String code, String column, int row, List<Map<String, Object>> rows) throws ScoringException {
    try (Scorer scorer = Scorer.open(BUNDLE)) {
      ScoringException refused = assertThrows(ScoringException.class, () -> scorer.scoreRaw(rows));

      assertEquals("ERROR_CODE_" + code, refused.code().name());
      assertEquals(column, refused.input());
      assertEquals(row < 0 ? OptionalInt.empty() : OptionalInt.of(row), refused.row());
      assertFalse(refused.getMessage().contains("secret"));
    }
  }

  private static UnaryOperator<byte[]> recipe(Consumer<Recipe.Builder> change) {
    return data -> {
      try {
        Recipe.Builder recipe = Recipe.parseFrom(data).toBuilder();
        change.accept(recipe);
        return recipe.build().toByteArray();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    };
  }

  private static void unfit(Recipe.Builder recipe) {
    for (Feature.Builder feature : recipe.getFeaturesBuilderList()) {
      if (feature.hasCategory()) {
        feature.getCategoryBuilder().clearFitted();
      }
    }
  }

  private static void reverse(Recipe.Builder recipe) {
    List<Feature> features = new ArrayList<>(recipe.getFeaturesList());
    Collections.reverse(features);
    recipe.clearFeatures().addAllFeatures(features);
  }

  private static void widen(Recipe.Builder recipe) {
    for (Feature.Builder feature : recipe.getFeaturesBuilderList()) {
      if (feature.hasCategory() && feature.getCategory().hasList()) {
        feature.getCategoryBuilder().getListBuilder().setWidth(Integer.MAX_VALUE);
      }
    }
  }

  static Stream<Arguments> spoiltRecipes() {
    String file = "recipe.binpb";
    return Stream.of(
        Arguments.of("unfitted", file, "RECIPE_UNFITTED", recipe(Recipe.Builder::clearFitted)),
        Arguments.of("a feature unfitted", file, "RECIPE_UNFITTED", recipe(RawRowsTest::unfit)),
        Arguments.of("semantics", file, "RECIPE_UNKNOWN", recipe(changed -> changed.setSemantics(3))),
        Arguments.of("a feature less", file, "RECIPE_INVALID", recipe(changed -> changed.removeFeatures(0))),
        Arguments.of("another order", file, "RECIPE_INVALID", recipe(RawRowsTest::reverse)),
        Arguments.of("no columns", file, "RECIPE_INVALID", recipe(Recipe.Builder::clearColumns)),
        Arguments.of("lists of any width", file, "RECIPE_INVALID", recipe(RawRowsTest::widen)),
        Arguments.of("garbage", file, "RECIPE_INVALID", (UnaryOperator<byte[]>) data -> new byte[] {-1}),
        Arguments.of(
            "another vocabulary", "_vocabulary-0000", "VOCABULARY_INVALID", (UnaryOperator<byte[]>) data -> new byte[] {1, 'a'}),
        Arguments.of("no vocabulary", "_vocabulary-0000", "VOCABULARY_INVALID", (UnaryOperator<byte[]>) data -> null));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("spoiltRecipes")
  void aRecipeThatIsNotRightIsRefusedByName(
      String name, String file, String code, UnaryOperator<byte[]> change, @TempDir Path folder)
      throws ScoringException, IOException {
    spoil(folder, file, change);
    try (Scorer scorer = Scorer.open(folder)) {
      for (int attempt = 0; attempt < 2; attempt++) {
        ScoringException refused = assertThrows(ScoringException.class, () -> scorer.scoreRaw(rows()));

        assertEquals("ERROR_CODE_" + code, refused.code().name());
        assertEquals("recipe.binpb", refused.input());
      }
    }
  }

  /** Copies the bundle with another file, or without, and with a manifest that says so. */
  private static void spoil(Path folder, String changed, UnaryOperator<byte[]> change) throws IOException {
    BundleManifest.Builder manifest =
        BundleManifest.parseFrom(Files.readAllBytes(BUNDLE.resolve("manifest.binpb"))).toBuilder();
    List<BundleFile> files = manifest.getFilesList();
    manifest.clearFiles();
    for (BundleFile listed : files) {
      byte[] data = Files.readAllBytes(BUNDLE.resolve(listed.getName()));
      data = listed.getName().equals(changed) ? change.apply(data) : data;
      if (data != null) {
        Files.write(folder.resolve(listed.getName()), data);
        String sha256 = HexFormat.of().formatHex(sha256(data));
        manifest.addFiles(listed.toBuilder().setSize(data.length).setSha256(sha256));
      }
    }
    Files.write(folder.resolve("manifest.binpb"), manifest.build().toByteArray());
  }

  private static byte[] sha256(byte[] data) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(data);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
