package dev.rankspec.scorer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rankspec.serving.v1.BundleFile;
import dev.rankspec.serving.v1.BundleManifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ListsTest {
  /** With two inputs of lists, that a recipe makes of one column; every language's tests open it. */
  private static final Path BUNDLE =
      Path.of("../../tests/scoring/example_raw_lists_bundle").toAbsolutePath().normalize();

  private static final long NONE = Long.MIN_VALUE;

  /** What Python's scorer gives the rows of {@link #columns}. */
  private static final float[] EXPECTED = {0.46415246f, 0.49401927f, 0.48753911f};

  private static Map<String, Column> columns(Column tags) {
    return Map.of(
        "continuous", Column.floatRows(1, new float[] {2500, 100, 0}),
        "binary", Column.integerRows(1, new long[] {1, 0, 1}),
        "tags", tags,
        "tag_buckets", Column.lists(new long[][] {{7}, {1, 0}, {}}));
  }

  static Stream<Column> forms() {
    return Stream.of(
        Column.lists(new long[][] {{2, 3, 2}, {}, {4}}),
        Column.integerRows(3, new long[] {2, 3, 2, NONE, NONE, NONE, 4, NONE, NONE}),
        Column.integerRows(4, new long[] {2, 3, 2, NONE, NONE, NONE, NONE, NONE, 4, NONE, NONE, NONE}));
  }

  @ParameterizedTest
  @MethodSource("forms")
  void everyFormOfListsScoresAsInPython(Column tags) throws ScoringException {
    try (Scorer scorer = Scorer.open(BUNDLE)) {
      assertTrue(scorer.goldenDifference() < 1e-6);
      assertArrayEquals(EXPECTED, scorer.score(columns(tags), scorer.signatureHash()).get("bought"), 1e-6f);
    }
  }

  @Test
  void listsNeedNoHashAndThereMayBeNoRows() throws ScoringException {
    try (Scorer scorer = Scorer.open(BUNDLE)) {
      Column none = Column.lists(new long[0][]);
      Map<String, Column> columns =
          Map.of(
              "continuous/income", Column.floats(new float[0]),
              "binary/member", Column.integers(new long[0]),
              "tags", none,
              "tag_buckets", none);
      assertEquals(0, scorer.score(columns).get("bought").length);
    }
  }

  @Test
  void rawRowsBecomeListsAsInPython() throws ScoringException {
    Map<String, Object> second = new HashMap<>();
    second.put("income", null);
    second.putAll(Map.of("tags", List.of(), "member", false));
    List<Map<String, Object>> rows =
        List.of(
            Map.of("income", 2500.0, "tags", List.of("eco", "new"), "member", true),
            second,
            Map.of("income", 100.0, "tags", List.of("sale"), "member", true));
    try (Scorer scorer = Scorer.open(BUNDLE)) {
      assertArrayEquals(
          new float[] {0.48177043f, 0.49992672f, 0.48101231f}, scorer.scoreRaw(rows).get("bought"), 1e-6f);
      assertEquals(0, scorer.scoreRaw(List.of()).get("bought").length);
    }
  }

  static Stream<Arguments> wrongLists() {
    return Stream.of(
        Arguments.of("above", "ID_OUT_OF_RANGE", 2, Column.lists(new long[][] {{0}, {}, {1, 5}})),
        Arguments.of("below", "ID_OUT_OF_RANGE", 0, Column.lists(new long[][] {{-1}, {}, {5}})),
        Arguments.of("padding", "VALUE_NOT_ALLOWED", 1, Column.lists(new long[][] {{-1}, {NONE}, {}})),
        Arguments.of("null", "TYPE_MISMATCH", -1, Column.lists(new long[][] {{NONE}, null, {}})),
        Arguments.of("a gap", "TYPE_MISMATCH", -1, Column.integerRows(2, new long[] {0, 0, NONE, 1, 1, NONE})),
        Arguments.of("cut", "TYPE_MISMATCH", -1, Column.integerRows(2, new long[5])),
        Arguments.of("no width", "TYPE_MISMATCH", -1, Column.integerRows(0, new long[0])),
        Arguments.of("flat", "TYPE_MISMATCH", -1, Column.integers(new long[3])),
        Arguments.of("floats", "TYPE_MISMATCH", -1, Column.floatRows(1, new float[3])),
        Arguments.of("too few", "ROWS_MISMATCH", -1, Column.lists(new long[][] {{0}, {}})));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrongLists")
  void listsThatCannotBeScoredAreRefused(String name, String code, int row, Column tags) throws ScoringException {
    try (Scorer scorer = Scorer.open(BUNDLE)) {
      // The first of what is wrong in the signature's order is told: tag_buckets is right, and comes before tags.
      ScoringException refused =
          assertThrows(ScoringException.class, () -> scorer.score(columns(tags), scorer.signatureHash()));

      assertEquals("ERROR_CODE_" + code, refused.code().name());
      assertEquals("tags", refused.input());
      assertEquals(row < 0 ? OptionalInt.empty() : OptionalInt.of(row), refused.row());
    }
  }

  @Test
  void listsAreNoVectors() throws ScoringException {
    Map<String, Column> columns = new HashMap<>(columns(Column.lists(new long[3][0])));
    columns.put("binary", Column.lists(new long[][] {{1}, {0}, {1}}));
    try (Scorer scorer = Scorer.open(BUNDLE)) {
      ScoringException refused =
          assertThrows(ScoringException.class, () -> scorer.score(columns, scorer.signatureHash()));

      assertEquals("ERROR_CODE_TYPE_MISMATCH", refused.code().name());
      assertEquals("binary", refused.input());
    }
  }

  @Test
  void listsThatAreTooLongForAllRowsAreRefused() {
    long[][] lists = new long[(1 << 15) + 1][0];
    lists[0] = new long[1 << 16];

    ScoringException refused = assertThrows(ScoringException.class, () -> PaddedLists.padded(lists, "tags"));

    assertEquals("ERROR_CODE_SCORING_FAILED", refused.code().name());
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 1L << 62, (1L << 61) + 1, 3000})
  void aGoldenListOfAnotherLengthIsRefused(long length, @TempDir Path folder) throws IOException {
    // The lists begin behind 165 rows of a float32 and an int64.
    ScoringException refused =
        refusal(folder, golden -> golden.putLong(165 * 12, length), BundleManifest.newBuilder().build());

    assertEquals("ERROR_CODE_GOLDEN_INVALID", refused.code().name());
    assertEquals("golden.bin", refused.input());
  }

  @Test
  void aReaderOfVersion1IsNotEnough(@TempDir Path folder) throws IOException {
    ScoringException refused =
        refusal(folder, golden -> {}, BundleManifest.newBuilder().setLeastReaderVersion(1).build());

    assertEquals("ERROR_CODE_MANIFEST_INVALID", refused.code().name());
  }

  private interface Spoiling {
    void spoil(ByteBuffer golden);
  }

  /** Opens a copy with other golden rows, and another manifest that says so. */
  private static ScoringException refusal(Path folder, Spoiling change, BundleManifest laidOver) throws IOException {
    BundleManifest.Builder manifest =
        BundleManifest.parseFrom(Files.readAllBytes(BUNDLE.resolve("manifest.binpb"))).toBuilder();
    for (BundleFile.Builder listed : manifest.getFilesBuilderList()) {
      byte[] data = Files.readAllBytes(BUNDLE.resolve(listed.getName()));
      if (listed.getName().equals("golden.bin")) {
        change.spoil(ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN));
        listed.setSha256(HexFormat.of().formatHex(sha256(data)));
      }
      Files.write(folder.resolve(listed.getName()), data);
    }
    Files.write(folder.resolve("manifest.binpb"), manifest.mergeFrom(laidOver).build().toByteArray());
    return assertThrows(ScoringException.class, () -> Scorer.open(folder).close());
  }

  private static byte[] sha256(byte[] data) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(data);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
