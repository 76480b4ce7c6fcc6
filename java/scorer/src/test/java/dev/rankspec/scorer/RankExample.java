package dev.rankspec.scorer;

import dev.rankspec.serving.v1.ErrorCode;
import java.nio.file.Path;
import java.util.Map;

/** What the README shows. */
final class RankExample {
  private RankExample() {}

  // README: begin
  /** Scores two rows with a bundle, and returns what is to be said of them. */
  static String rank(Path folder, long[] discrete) throws ScoringException {
    try (Scorer scorer = Scorer.open(folder)) {
      Map<String, Column> columns =
          Map.of(
              "continuous", Column.floatRows(6, new float[12]),
              "binary", Column.integerRows(3, new long[6]),
              "discrete", Column.integerRows(2, discrete));
      // The hash is that of the signature that the rows were made for.
      float[] scores = scorer.score(columns, scorer.signatureHash()).get(Scorer.SCORE);
      return scores[0] >= scores[1] ? "the first row comes first" : "the second row comes first";
    } catch (ScoringException e) {
      if (e.code() == ErrorCode.ERROR_CODE_ID_OUT_OF_RANGE) {
        return "row " + e.row().getAsInt() + " has a new user: " + e.getMessage();
      }
      throw e;
    }
  }
  // README: end
}
