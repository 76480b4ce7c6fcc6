package dev.rankspec.conformance;

import dev.rankspec.conformance.v1.Encode;
import dev.rankspec.conformance.v1.EncodingRefusal;
import dev.rankspec.conformance.v1.RawRow;
import dev.rankspec.conformance.v1.RawValue;
import dev.rankspec.conformance.v1.Response;
import dev.rankspec.encoding.Encoded;
import dev.rankspec.encoding.Encoder;
import dev.rankspec.encoding.EncodingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Encodes raw rows for conformance cases. */
final class EncodingExecutor {
  private EncodingExecutor() {}

  static Response encode(Encode task) {
    try {
      Map<String, byte[]> vocabularies = new HashMap<>();
      task.getVocabulariesMap().forEach((name, data) -> vocabularies.put(name, data.toByteArray()));
      List<Map<String, Object>> rows = new ArrayList<>();
      for (RawRow raw : task.getRowsList()) {
        Map<String, Object> row = new HashMap<>();
        for (int place = 0; place < task.getColumnsCount(); place++) {
          row.put(task.getColumns(place), value(raw.getValues(place)));
        }
        rows.add(row);
      }
      return answer(Encoder.of(task.getRecipe(), vocabularies).encode(rows));
    } catch (EncodingException refused) {
      EncodingRefusal.Builder refusal =
          EncodingRefusal.newBuilder().setCode(refused.code()).setColumn(refused.column());
      refused.row().ifPresent(refusal::setRow);
      return Response.newBuilder().setEncodingRefusal(refusal).build();
    }
  }

  private static Response answer(Encoded encoded) {
    Response.Builder response = Response.newBuilder();
    for (float continuous : encoded.continuous()) {
      response.getEncodedBuilder().addContinuous(Float.floatToRawIntBits(continuous));
    }
    response
        .getEncodedBuilder()
        .addAllBinary(Arrays.stream(encoded.binary()).boxed().toList())
        .addAllDiscrete(Arrays.stream(encoded.discrete()).boxed().toList());
    // In the order of their names.
    new TreeMap<>(encoded.lists())
        .forEach(
            (name, lists) ->
                response
                    .getEncodedBuilder()
                    .addListsBuilder()
                    .setName(name)
                    .addAllLengths(Arrays.stream(lists.lengths()).boxed().toList())
                    .addAllValues(Arrays.stream(lists.values()).boxed().toList()));
    return response.build();
  }

  private static Object value(RawValue raw) {
    return switch (raw.getValueCase()) {
      case TEXT -> raw.getText();
      case WHOLE -> raw.getWhole();
      case NUMBER -> raw.getNumber();
      case FLAG -> raw.getFlag();
      case LIST -> raw.getList().getValuesList().stream().map(EncodingExecutor::value).toList();
      case VALUE_NOT_SET -> null;
    };
  }
}
