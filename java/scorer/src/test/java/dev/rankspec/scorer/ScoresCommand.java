package dev.rankspec.scorer;

import dev.rankspec.conformance.v1.RawRow;
import dev.rankspec.conformance.v1.RawRows;
import dev.rankspec.conformance.v1.RawValue;
import dev.rankspec.conformance.v1.ScoredColumn;
import dev.rankspec.conformance.v1.ScoringAnswer;
import dev.rankspec.conformance.v1.ScoringAnswers;
import dev.rankspec.conformance.v1.ScoringCase;
import dev.rankspec.conformance.v1.ScoringColumn;
import dev.rankspec.conformance.v1.ScoringCorpus;
import dev.rankspec.conformance.v1.ScoringRequest;
import dev.rankspec.conformance.v1.ScoringVerdict;
import dev.rankspec.serving.v1.ValueType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Answers the scoring corpus, in the folder that is the argument, with Java's scorer. The answers, a ScoringAnswers of the
 * test suite, go to the standard output.
 */
public final class ScoresCommand {
  private ScoresCommand() {}

  /** Answers all cases. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    ScoringCorpus corpus = ScoringCorpus.parseFrom(Files.readAllBytes(folder.resolve("corpus.binpb")));
    ScoringAnswers.Builder answers = ScoringAnswers.newBuilder();
    for (ScoringCase asked : corpus.getCasesList()) {
      answers.addAnswers(answer(folder, asked));
    }
    answers.build().writeTo(System.out);
    System.out.flush();
  }

  private static ScoringAnswer answer(Path folder, ScoringCase asked) {
    Scorer.Options options = Scorer.Options.defaults();
    if (asked.hasExpectDigest()) {
      options = options.withExpectDigest(asked.getExpectDigest());
    }
    ScoringAnswer.Builder answer = ScoringAnswer.newBuilder();
    try (Scorer scorer = Scorer.open(folder.resolve(asked.getBundle()), options)) {
      answer.setOpening(ScoringVerdict.newBuilder().setDigest(scorer.digest()));
      for (ScoringRequest request : asked.getRequestsList()) {
        answer.addRequests(verdict(scorer, request));
      }
    } catch (ScoringException e) {
      answer.setOpening(refusal(e));
    }
    return answer.build();
  }

  private static ScoringVerdict verdict(Scorer scorer, ScoringRequest asked) {
    ScoringVerdict.Builder verdict = ScoringVerdict.newBuilder();
    try {
      Map<String, float[]> scores = asked.hasRawRows() ? scorer.scoreRaw(rows(asked.getRawRows())) : scores(scorer, asked);
      for (Map.Entry<String, float[]> scored : scores.entrySet()) {
        ScoredColumn.Builder column = ScoredColumn.newBuilder().setName(scored.getKey());
        for (float score : scored.getValue()) {
          column.addScores(score);
        }
        verdict.addColumns(column);
      }
      return verdict.build();
    } catch (ScoringException e) {
      return refusal(e);
    }
  }

  private static Map<String, float[]> scores(Scorer scorer, ScoringRequest asked) throws ScoringException {
    Map<String, Column> columns = new HashMap<>();
    for (ScoringColumn column : asked.getColumnsList()) {
      columns.put(column.getName(), values(column));
    }
    return scorer.score(columns, asked.hasSignatureHash() ? asked.getSignatureHash() : null);
  }

  private static List<Map<String, Object>> rows(RawRows asked) {
    List<Map<String, Object>> rows = new ArrayList<>();
    for (RawRow row : asked.getRowsList()) {
      Map<String, Object> values = new HashMap<>();
      for (int place = 0; place < asked.getColumnsCount(); place++) {
        values.put(asked.getColumns(place), value(row.getValues(place)));
      }
      rows.add(values);
    }
    return rows;
  }

  private static Object value(RawValue raw) {
    return switch (raw.getValueCase()) {
      case TEXT -> raw.getText();
      case WHOLE -> raw.getWhole();
      case NUMBER -> raw.getNumber();
      case FLAG -> raw.getFlag();
      // What is missing has no place in a list that does not change.
      case LIST -> raw.getList().getValuesList().stream().map(ScoresCommand::value).collect(Collectors.toList());
      case VALUE_NOT_SET -> null;
    };
  }

  private static Column values(ScoringColumn column) {
    if (column.getType() == ValueType.VALUE_TYPE_FLOAT32) {
      float[] values = new float[column.getFloatsCount()];
      for (int place = 0; place < values.length; place++) {
        values[place] = column.getFloats(place);
      }
      return column.hasWidth() ? Column.floatRows(column.getWidth(), values) : Column.floats(values);
    }
    long[] values = column.getIntegersList().stream().mapToLong(Long::longValue).toArray();
    if (column.hasLists()) {
      return Column.lists(lists(column.getLists().getLengthsList(), values));
    }
    return column.hasWidth() ? Column.integerRows(column.getWidth(), values) : Column.integers(values);
  }

  private static long[][] lists(List<Integer> lengths, long[] values) {
    long[][] rows = new long[lengths.size()][];
    int start = 0;
    for (int row = 0; row < rows.length; row++) {
      int end = start + lengths.get(row);
      rows[row] = Arrays.copyOfRange(values, start, end);
      start = end;
    }
    return rows;
  }

  private static ScoringVerdict refusal(ScoringException error) {
    ScoringVerdict.Builder verdict = ScoringVerdict.newBuilder().setCode(error.code()).setInput(error.input());
    error.row().ifPresent(verdict::setRow);
    return verdict.build();
  }
}
