package dev.rankspec.scorer;

import dev.rankspec.recap.v1.OutOfRangeIds;
import dev.rankspec.serving.v1.AllowedValues;
import dev.rankspec.serving.v1.ErrorCode;
import dev.rankspec.serving.v1.FeatureSignature;
import dev.rankspec.serving.v1.IdTable;
import dev.rankspec.serving.v1.ServedInput;
import dev.rankspec.serving.v1.ValueType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Places the columns of requests into the inputs of a signature. */
final class Placement {
  private static final String SEPARATOR = "/";

  private final FeatureSignature signature;
  private final List<Input> inputs = new ArrayList<>();
  /** What columns may be called, and the place in the signature of the input that they are of. */
  private final Map<String, Integer> places = new HashMap<>();

  Placement(FeatureSignature signature) {
    this.signature = signature;
    for (ServedInput served : signature.getInputsList()) {
      Input input = new Input(served, features(served));
      places.put(served.getName(), inputs.size());
      input.features().forEach(name -> places.put(name, inputs.size()));
      inputs.add(input);
    }
  }

  /** An input of the signature, and what the columns of its features are called. */
  private record Input(ServedInput served, List<String> features) {}

  /** Inputs of the model, in the signature's order, all with as many rows. */
  record Placed(List<Column> inputs, int rows) {}

  /** Returns the model's inputs; throws the first thing that is wrong, in the order that docs/serving.md gives. */
  Placed placed(Map<String, Column> columns, String signatureHash) throws ScoringException {
    if (signatureHash != null && !signatureHash.equals(signature.getHash())) {
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_SIGNATURE_MISMATCH, "", "the hash of this bundle's signature");
    }
    Optional<String> unknown =
        columns.keySet().stream().filter(name -> !places.containsKey(name)).min(Manifests.BY_BYTES);
    if (unknown.isPresent()) {
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_INPUT_UNKNOWN, unknown.get(), "an input of the signature, or a feature of one");
    }
    boolean[] byFeatures = givenByFeatures(columns);
    RowCount count = new RowCount();
    List<Column> found = new ArrayList<>();
    for (int place = 0; place < inputs.size(); place++) {
      found.add(input(inputs.get(place), columns, byFeatures[place], signatureHash != null, count));
    }
    Placed placed = new Placed(found, count.rows);
    for (IdTable table : signature.getIdTablesList()) {
      checkIds(table, placed);
    }
    for (ServedInput input : signature.getInputsList()) {
      if (input.hasAllowedValues()) {
        checkAllowed(input, placed);
      }
    }
    return placed;
  }

  /**
   * Returns of each input whether columns of its features are there; to ask for each of hundreds takes longer than to look
   * at a request.
   */
  private boolean[] givenByFeatures(Map<String, Column> columns) {
    boolean[] given = new boolean[inputs.size()];
    for (String name : columns.keySet()) {
      int place = places.get(name);
      given[place] |= !name.equals(inputs.get(place).served().getName());
    }
    return given;
  }

  private static Column input(
      Input input, Map<String, Column> columns, boolean hasFeatures, boolean isSigned, RowCount count)
      throws ScoringException {
    ServedInput served = input.served();
    String name = served.getName();
    Column whole = columns.get(name);
    if (whole == null) {
      if (!hasFeatures) {
        throw missing(name);
      }
      return joined(input, columns, count);
    }
    if (served.getList()) {
      Column lists = PaddedLists.checked(whole, name);
      count.check(lists, name);
      return lists;
    }
    if (hasFeatures) {
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_INPUT_TWICE, name, "either whole vectors or single features");
    }
    checkType(whole, name, served);
    if (!whole.isWhole(served.getWidth())) {
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_WIDTH_MISMATCH, name, "a matrix of " + served.getWidth() + " values a row");
    }
    if (!isSigned) {
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_SIGNATURE_REQUIRED,
          name,
          "the signature's hash beside whole vectors, or features by their names");
    }
    count.check(whole, name);
    return whole;
  }

  /** Returns the input of its features, each in its place; those that the model does not read may be left out. */
  private static Column joined(Input input, Map<String, Column> columns, RowCount count) throws ScoringException {
    ServedInput served = input.served();
    List<String> names = input.features();
    Column[] found = new Column[names.size()];
    for (int position = 0; position < found.length; position++) {
      String name = names.get(position);
      Column column = columns.get(name);
      if (column == null) {
        if (served.getUnreadPositionsList().contains(position)) {
          continue;
        }
        throw missing(name);
      }
      checkType(column, name, served);
      if (column.isMatrix()) {
        throw ScoringException.of(ErrorCode.ERROR_CODE_WIDTH_MISMATCH, name, "one value a row");
      }
      count.check(column, name);
      found[position] = column;
    }
    return interleaved(served, found, count.rows);
  }

  private static Column interleaved(ServedInput input, Column[] found, int rows) {
    int width = input.getWidth();
    boolean isFloat = input.getType() == ValueType.VALUE_TYPE_FLOAT32;
    float[] floats = new float[isFloat ? rows * width : 0];
    long[] integers = new long[isFloat ? 0 : rows * width];
    for (int position = 0; position < width; position++) {
      for (int row = 0; found[position] != null && row < rows; row++) {
        if (isFloat) {
          floats[row * width + position] = found[position].floats()[row];
        } else {
          integers[row * width + position] = found[position].integers()[row];
        }
      }
    }
    return isFloat ? Column.floatRows(width, floats) : Column.integerRows(width, integers);
  }

  /** Refuses ids that a table has neither a row nor a bucket for. */
  private void checkIds(IdTable table, Placed placed) throws ScoringException {
    if (table.getOutOfRangeIds() != OutOfRangeIds.OUT_OF_RANGE_IDS_ERROR) {
      return;
    }
    int place = places.get(table.getInput());
    Column column = placed.inputs().get(place);
    ServedInput input = signature.getInputs(place);
    for (int row = 0; row < placed.rows(); row++) {
      if (isOutOfRange(table, column, row, input.getList())) {
        List<String> names = inputs.get(place).features();
        throw ScoringException.atRow(
            ErrorCode.ERROR_CODE_ID_OUT_OF_RANGE,
            names.isEmpty() ? input.getName() : names.get(table.getPosition()),
            row,
            "an id from 0 to " + (table.getNumIds() - 1) + " of the table \"" + table.getName() + "\"");
      }
    }
  }

  /** Returns whether a row has an id that a table has no row for: the one at its position, or any of a list. */
  private static boolean isOutOfRange(IdTable table, Column column, int row, boolean isList) {
    int start = row * column.width();
    if (!isList) {
      return isOutOfRange(table, column.integers()[start + table.getPosition()]);
    }
    return Arrays.stream(column.integers(), start, start + column.width())
        .anyMatch(id -> id != PaddedLists.PADDING && isOutOfRange(table, id));
  }

  private static boolean isOutOfRange(IdTable table, long id) {
    return id < 0 || id >= table.getNumIds();
  }

  /** Refuses values that training refuses. */
  private void checkAllowed(ServedInput input, Placed placed) throws ScoringException {
    Column column = placed.inputs().get(places.get(input.getName()));
    Set<Integer> unread = Set.copyOf(input.getUnreadPositionsList());
    for (int row = 0; row < placed.rows(); row++) {
      for (int position = 0; position < column.width(); position++) {
        if (!unread.contains(position) && !isAllowed(input.getAllowedValues(), column.at(row, position))) {
          throw ScoringException.atRow(
              ErrorCode.ERROR_CODE_VALUE_NOT_ALLOWED, input.getName(), row, described(input.getAllowedValues()));
        }
      }
    }
  }

  private static boolean isAllowed(AllowedValues allowed, double value) {
    if (!Double.isFinite(value)) {
      return !allowed.getWhole();
    }
    return !(allowed.hasLeast() && value < allowed.getLeast())
        && !(allowed.hasMost() && value > allowed.getMost())
        && !(allowed.getWhole() && value != Math.rint(value));
  }

  private static String described(AllowedValues allowed) {
    return (allowed.getWhole() ? "whole numbers" : "values")
        + (allowed.hasLeast() ? " from " + allowed.getLeast() : "")
        + (allowed.hasMost() ? " up to " + allowed.getMost() : "");
  }

  private static void checkType(Column column, String name, ServedInput input) throws ScoringException {
    if (!column.isOf(input.getType())) {
      String wanted = input.getType() == ValueType.VALUE_TYPE_FLOAT32 ? "float32" : "int64";
      throw ScoringException.of(ErrorCode.ERROR_CODE_TYPE_MISMATCH, name, "values of " + wanted);
    }
  }

  private static ScoringException missing(String name) {
    return ScoringException.of(ErrorCode.ERROR_CODE_INPUT_MISSING, name, "a column of this name");
  }

  /** Returns what columns of an input's features are called: no input has a slash in its name, and a list no features. */
  private static List<String> features(ServedInput input) {
    if (input.getList()) {
      return List.of();
    }
    return input.getFeatureNamesList().stream().map(name -> input.getName() + SEPARATOR + name).toList();
  }

  /** How many rows the columns of a request have: all as many as the first, and -1 before that. */
  private static final class RowCount {
    private int rows = -1;

    void check(Column column, String name) throws ScoringException {
      if (rows < 0) {
        rows = column.rows();
      }
      if (column.rows() != rows) {
        throw ScoringException.of(ErrorCode.ERROR_CODE_ROWS_MISMATCH, name, rows + " rows");
      }
    }
  }
}
