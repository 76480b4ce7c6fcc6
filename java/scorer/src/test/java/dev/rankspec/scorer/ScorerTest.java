package dev.rankspec.scorer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rankspec.serving.v1.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScorerTest {
  private static final Path REPOSITORY = Path.of("../..").toAbsolutePath().normalize();

  /** A small one, which every language's tests open. */
  private static final Path BUNDLE = REPOSITORY.resolve("tests/scoring/example_bundle");

  private static Map<String, Column> rowOf(int user) {
    return Map.of(
        "continuous", Column.floatRows(6, new float[] {0, 1, 2, 3, 4, user}),
        "binary", Column.integerRows(3, new long[3]),
        "discrete", Column.integerRows(2, new long[] {user, 0}));
  }

  private static float scored(Scorer scorer, int user) {
    try {
      return scorer.score(rowOf(user), scorer.signatureHash()).get("like")[0];
    } catch (ScoringException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void theReadmesExampleRunsAndTellsARowWithoutItsId() throws ScoringException, IOException {
    String source = Files.readString(Path.of("src/test/java/dev/rankspec/scorer/RankExample.java"));
    String shown =
        source.substring(source.indexOf("begin\n") + 6, source.indexOf("\n  // README: end")).stripIndent();

    assertTrue(Files.readString(REPOSITORY.resolve("java/README.md")).contains("```java\n" + shown + "\n```\n"), shown);
    assertEquals("the first row comes first", RankExample.rank(BUNDLE, new long[4]));
    assertEquals(
        "row 1 has a new user: ID_OUT_OF_RANGE \"discrete/d/0\", row 1: an id from 0 to 19 of the table \"user\"",
        RankExample.rank(BUNDLE, new long[] {0, 0, 20, 0}));
  }

  @Test
  void manyThreadsScoreAtOnce() throws ScoringException {
    try (Scorer scorer = Scorer.open(BUNDLE)) {
      float[] alone = new float[20];
      for (int user = 0; user < alone.length; user++) {
        alone[user] = scored(scorer, user);
      }
      assertTrue(
          IntStream.range(0, 100).parallel().allMatch(place -> scored(scorer, place % 20) == alone[place % 20]));
    }
  }

  @Test
  void aScorerThatIsClosedSaysSo() throws ScoringException {
    Scorer scorer = Scorer.open(BUNDLE);
    scorer.close();
    scorer.close();

    ScoringException refused =
        assertThrows(ScoringException.class, () -> scorer.score(rowOf(0), scorer.signatureHash()));

    assertEquals(ErrorCode.ERROR_CODE_CLOSED, refused.code());
    assertTrue(refused.row().isEmpty());
  }

  @Test
  void onlyTheExpectedDigestIsOpened() throws ScoringException {
    Scorer.Options options = Scorer.Options.defaults();
    String digest;
    try (Scorer scorer = Scorer.open(BUNDLE)) {
      digest = scorer.digest();
    }
    Scorer.open(BUNDLE, options.withExpectDigest(digest)).close();

    ScoringException refused =
        assertThrows(ScoringException.class, () -> Scorer.open(BUNDLE, options.withExpectDigest("")));

    assertEquals(ErrorCode.ERROR_CODE_DIGEST_MISMATCH, refused.code());
  }

  @Test
  void threadsAreThoseOfTheContainer(@TempDir Path groups) throws IOException {
    int cores = Runtime.getRuntime().availableProcessors();
    Map<String, Integer> cases =
        Map.of("max 100000", cores, "100000 100000", 1, "150000 100000", 1, "50000 100000", 1, "damaged", cores, "-1 5", cores);
    for (Map.Entry<String, Integer> expected : cases.entrySet()) {
      Files.writeString(groups.resolve("cpu.max"), expected.getKey() + "\n");
      assertEquals(expected.getValue(), AvailableThreads.number(groups), expected.getKey());
    }
  }
}
