package dev.rankspec.encoding;

import dev.rankspec.data.v1.RawColumn;
import dev.rankspec.data.v1.RawKind;
import dev.rankspec.data.v1.TextFormat;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the raw values of one column; what would have to be guessed is refused. */
final class Column {
  private static final Pattern WHOLE = Pattern.compile("([+-]?)0*([0-9]{1,19})(?:\\.0*)?");
  private static final Pattern DECIMAL =
      Pattern.compile("[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?");
  private static final Pattern NOT_FINITE =
      Pattern.compile("[+-]?(?:[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)");
  private static final Pattern UNITS = Pattern.compile("[+-]?[0-9]{1,19}");
  private static final double LARGEST_WHOLE_DOUBLE = 0x1p53;

  private final RawColumn spec;
  private final TextFormat text;
  private final Set<String> missing;

  Column(RawColumn spec, TextFormat text) {
    this.spec = spec;
    this.text = text;
    this.missing = Set.copyOf(text.getMissingList());
  }

  String name() {
    return spec.getName();
  }

  /**
   * Returns the value of each row: null, a String, Long, Double or Boolean, or a List of such. What is wrong with the column
   * comes before a value that is.
   */
  Object[] values(List<? extends Map<String, ?>> rows) throws EncodingException {
    Object[] values = new Object[rows.size()];
    int wrong = -1;
    for (int number = 0; number < values.length; number++) {
      try {
        values[number] = value(rows.get(number));
      } catch (WrongValue e) {
        wrong = wrong < 0 ? number : wrong;
      }
    }
    if (wrong >= 0) {
      throw new EncodingException("row.value", name(), wrong, "a value is to be " + expected());
    }
    return values;
  }

  private Object value(Map<String, ?> row) throws EncodingException, WrongValue {
    if (!row.containsKey(name())) {
      throw new EncodingException("column.absent", name(), "the row has no such column; a missing value is null");
    }
    Object raw = row.get(name());
    try {
      return raw == null ? null : spec.getList() ? list(raw) : single(raw);
    } catch (TypeMismatch e) {
      throw new EncodingException(
          "column.type", name(), "expected " + expected() + ", and not " + raw.getClass().getSimpleName());
    }
  }

  /** A value of a type that the kind is not read from. */
  private static final class TypeMismatch extends Exception {
    private static final long serialVersionUID = 1L;
  }

  /** A value that is none of the kind. */
  static final class WrongValue extends Exception {
    private static final long serialVersionUID = 1L;
  }

  private String expected() {
    String single =
        switch (spec.getKind()) {
          case RAW_KIND_TEXT -> "text";
          case RAW_KIND_INT64 -> "a whole number of 64 bits, such as 42 or -7";
          case RAW_KIND_FLOAT64 -> "a number, such as 1.5, -2 or 3e-4";
          case RAW_KIND_BOOL -> "a flag, or one of the recipe's true_values or false_values";
          default -> "a time such as 2024-05-31T18:30:00Z, or a whole number of the recipe's time_unit_micros";
        };
    return spec.getList() ? "a list, each value " + single : single;
  }

  private List<Object> list(Object raw) throws TypeMismatch, WrongValue {
    List<?> items;
    if (raw instanceof List<?> given) {
      items = given;
    } else if (raw instanceof String given && spec.hasSeparator()) {
      items = pieces(given);
    } else {
      throw new TypeMismatch();
    }
    List<Object> values = new ArrayList<>();
    for (Object item : items) {
      values.add(item == null ? null : single(item));
    }
    return values;
  }

  private List<String> pieces(String given) {
    List<String> pieces = new ArrayList<>();
    if (given.isEmpty()) {
      return pieces;
    }
    for (String piece : given.split(Pattern.quote(spec.getSeparator()), -1)) {
      pieces.add(missing.contains(piece) ? null : piece);
    }
    return pieces;
  }

  private Object single(Object raw) throws TypeMismatch, WrongValue {
    if (raw instanceof Integer given) {
      raw = given.longValue();
    } else if (raw instanceof Float given) {
      raw = given.doubleValue();
    } else if (raw instanceof String given && !isUnicode(given)) {
      throw new WrongValue();
    } else if (raw instanceof String given && !isText() && missing.contains(given)) {
      return null;
    }
    return switch (spec.getKind()) {
      case RAW_KIND_TEXT -> asText(raw);
      case RAW_KIND_INT64 -> whole(raw);
      case RAW_KIND_FLOAT64 -> decimal(raw);
      case RAW_KIND_BOOL -> flag(raw);
      case RAW_KIND_TIME -> time(raw);
      default -> throw new TypeMismatch();
    };
  }

  /** Whether there is UTF-8 of a text: half of a pair of surrogates has none. */
  private static boolean isUnicode(String given) {
    return given.codePoints().noneMatch(point -> Character.MIN_SURROGATE <= point && point <= Character.MAX_SURROGATE);
  }

  private boolean isText() {
    return spec.getKind() == RawKind.RAW_KIND_TEXT;
  }

  private static String asText(Object raw) throws TypeMismatch {
    if (raw instanceof String given) {
      return given;
    }
    throw new TypeMismatch();
  }

  private static Long whole(Object raw) throws TypeMismatch, WrongValue {
    if (raw instanceof Long given) {
      return given;
    }
    if (raw instanceof Double given) {
      if (given.isNaN() || given.isInfinite()) {
        return null;
      }
      if (given != Math.rint(given) || Math.abs(given) > LARGEST_WHOLE_DOUBLE) {
        throw new WrongValue();
      }
      return given.longValue();
    }
    Matcher match = WHOLE.matcher(asText(raw));
    if (!match.matches()) {
      throw new WrongValue();
    }
    return int64(new BigInteger(match.group(1) + match.group(2)));
  }

  private static Long int64(BigInteger number) throws WrongValue {
    if (number.bitLength() > 63) {
      throw new WrongValue();
    }
    return number.longValue();
  }

  private Double decimal(Object raw) throws TypeMismatch, WrongValue {
    if (raw instanceof Long given) {
      return given.doubleValue();
    }
    if (raw instanceof Double given) {
      return given;
    }
    String given = asText(raw);
    if (text.getDecimalComma()) {
      if (given.contains(".")) {
        throw new WrongValue();
      }
      given = given.replace(',', '.');
    }
    if (NOT_FINITE.matcher(given).matches()) {
      return Double.NaN;
    }
    if (!DECIMAL.matcher(given).matches()) {
      throw new WrongValue();
    }
    return Double.valueOf(given);
  }

  private Boolean flag(Object raw) throws TypeMismatch, WrongValue {
    if (raw instanceof Boolean given) {
      return given;
    }
    if (raw instanceof Long given) {
      if (given != 0 && given != 1) {
        throw new WrongValue();
      }
      return given == 1;
    }
    if (raw instanceof Double given) {
      // As for whole numbers: what has no gaps in them makes them doubles.
      if (given.isNaN() || given.isInfinite()) {
        return null;
      }
      if (given != 0 && given != 1) {
        throw new WrongValue();
      }
      return given == 1;
    }
    String given = asText(raw);
    if (text.getTrueValuesList().contains(given)) {
      return true;
    }
    if (text.getFalseValuesList().contains(given)) {
      return false;
    }
    throw new WrongValue();
  }

  private Long time(Object raw) throws TypeMismatch, WrongValue {
    if (raw instanceof Long || raw instanceof Double) {
      if (!spec.hasTimeUnitMicros()) {
        throw new TypeMismatch();
      }
      Long number = whole(raw);
      return number == null ? null : units(BigInteger.valueOf(number));
    }
    String given = asText(raw);
    if (!UNITS.matcher(given).matches()) {
      return Times.micros(given, spec.getTimeZone());
    }
    if (!spec.hasTimeUnitMicros()) {
      throw new WrongValue();
    }
    return units(new BigInteger(given));
  }

  private Long units(BigInteger number) throws WrongValue {
    return int64(number.multiply(BigInteger.valueOf(spec.getTimeUnitMicros())));
  }
}
