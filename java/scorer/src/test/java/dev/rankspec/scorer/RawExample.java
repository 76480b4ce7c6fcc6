package dev.rankspec.scorer;

import dev.rankspec.serving.v1.ErrorCode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the README shows of raw rows. */
final class RawExample {
  private RawExample() {}

  // README: begin
  /** Scores a visit of a customer and of a stranger, as the table has them, and returns what is to be said of them. */
  static String rank(Path folder, String income) throws ScoringException {
    try (Scorer scorer = Scorer.open(folder)) {
      Map<String, Object> known =
          Map.of("customer", "c17", "income", income, "city", "Ulm", "tags", List.of("eco", "new"), "member", true);
      Map<String, Object> stranger = new HashMap<>(known);
      stranger.put("customer", null); // A missing value; a column that is not there is refused.
      float[] scores = scorer.scoreRaw(List.of(known, stranger)).get("bought");
      return scores[0] >= scores[1] ? "the customer comes first" : "the stranger comes first";
    } catch (ScoringException e) {
      if (e.code() == ErrorCode.ERROR_CODE_VALUE_INVALID) {
        return "row " + e.row().getAsInt() + " cannot be read: " + e.getMessage();
      }
      throw e;
    }
  }
  // README: end
}
