package dev.rankspec;

import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.rankspec.Token.Kind;
import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Scalar literals of the text format: the portable spellings, and a refusal of all others. */
final class Literals {
  private static final Pattern DECIMAL_INTEGER = Pattern.compile("-?(?:0|[1-9][0-9]*)");
  private static final Pattern HEXADECIMAL = Pattern.compile("(-?)0x([0-9a-fA-F]+)");
  private static final Pattern NEGATIVE_ZERO = Pattern.compile("-0x?0*");
  private static final Pattern REAL =
      Pattern.compile(
          "-?(?:(?:0|[1-9][0-9]*)(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?");
  // What some parser reads as a number once underscores are gone: signs, leading zeros, 0X, 0o, 0b.
  private static final Pattern LENIENT_INTEGER =
      Pattern.compile("([+-]?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+)");
  private static final Pattern LENIENT_REAL =
      Pattern.compile("([+-]?)0*([0-9]*(?:\\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)[fF]*");
  private static final Pattern NOT_FINITE =
      Pattern.compile("nan|-?inf(?:inity)?", Pattern.CASE_INSENSITIVE);
  private static final Pattern LENIENT_NOT_FINITE =
      Pattern.compile("[+-]?(?:nan|inf(?:inity)?)f?", Pattern.CASE_INSENSITIVE);
  private static final Pattern LEADING_ZEROS = Pattern.compile("^0+(?=.)");
  private static final Pattern BEFORE_DIGITS = Pattern.compile("[+-]?(?:0[xXoObB])?0*");
  private static final Pattern DIGITS = Pattern.compile("[+-]*[0-9]+[+-]*");
  private static final Set<String> TRUE = Set.of("true", "True", "t", "1");
  private static final Set<String> FALSE = Set.of("false", "False", "f", "0");
  // Numbers with more digits than these are out of every range.
  private static final int MOST_DIGITS = 400;
  private static final int MOST_HEXADECIMAL_DIGITS = 16;
  private static final BigInteger TOO_LARGE = BigInteger.ONE.shiftLeft(64);

  private Literals() {}

  /**
   * Checks a field's value.
   *
   * @param field a field that is no message
   * @param tokens one word or number, or one or more adjacent strings
   * @return what tells a map's keys apart: a string, a whole number or a truth value; null for other types
   * @throws TextException if the field cannot take it, or not in this spelling
   */
  static Object check(FieldDescriptor field, List<Token> tokens) throws TextException {
    Token token = tokens.get(0);
    FieldDescriptor.JavaType type = field.getJavaType();
    if (type == FieldDescriptor.JavaType.STRING || type == FieldDescriptor.JavaType.BYTE_STRING) {
      return StringLiterals.check(field, tokens);
    }
    if (token.kind() == Kind.STRING) {
      throw wrongType(field, token);
    }
    return switch (type) {
      case INT, LONG -> integer(field, token);
      case FLOAT, DOUBLE -> real(field, token);
      case BOOLEAN -> bool(field, token);
      default -> enumValue(field, token);
    };
  }

  static TextException wrongType(FieldDescriptor field, Token token) {
    return new TextException(
        "parse.wrong_type",
        "`" + field.getName() + "` takes " + Words.of(field)
            + ", not `" + Words.shortened(token.text()) + "`",
        token.start());
  }

  private static BigInteger integer(FieldDescriptor field, Token token) throws TextException {
    String text = token.text();
    if (text.length() > MOST_DIGITS && DIGITS.matcher(text).matches()) {
      throw outOfRange(field, token);
    }
    if (isWholeNumber(text)) {
      if (isUnsigned(field) && NEGATIVE_ZERO.matcher(text).matches()) {
        throw notPortable(
            token, "number", "`-0` for an unsigned field is refused by some languages; write `0`");
      }
      return inRange(field, token, value(text));
    }
    if (REAL.matcher(text).matches()) {
      throw wrongType(field, token);
    }
    if (isLenientInteger(text.replace("_", "")) && !text.startsWith("_")) {
      throw notPortableNumber(token);
    }
    throw notANumber(field, token);
  }

  private static boolean isWholeNumber(String text) {
    return DECIMAL_INTEGER.matcher(text).matches() || HEXADECIMAL.matcher(text).matches();
  }

  private static BigInteger value(String text) {
    Matcher hexadecimal = HEXADECIMAL.matcher(text);
    if (!hexadecimal.matches()) {
      return text.length() > MOST_DIGITS ? TOO_LARGE : new BigInteger(text);
    }
    String digits = LEADING_ZEROS.matcher(hexadecimal.group(2)).replaceFirst("");
    return digits.length() > MOST_HEXADECIMAL_DIGITS
        ? TOO_LARGE
        : new BigInteger(hexadecimal.group(1) + digits, 16);
  }

  private static BigInteger inRange(FieldDescriptor field, Token token, BigInteger number)
      throws TextException {
    boolean isLong = field.getJavaType() == FieldDescriptor.JavaType.LONG;
    int bits = isLong ? 64 : 32;
    boolean fits =
        isUnsigned(field)
            ? number.signum() >= 0 && number.bitLength() <= bits
            : number.bitLength() < bits;
    if (!fits) {
      throw outOfRange(field, token);
    }
    return number;
  }

  private static boolean isUnsigned(FieldDescriptor field) {
    return switch (field.getType()) {
      case UINT32, UINT64, FIXED32, FIXED64 -> true;
      default -> false;
    };
  }

  private static Object real(FieldDescriptor field, Token token) throws TextException {
    String text = token.text();
    if (REAL.matcher(text).matches() || NOT_FINITE.matcher(text).matches()) {
      return null;
    }
    String bare = text.replace("_", "");
    boolean isLenient =
        LENIENT_NOT_FINITE.matcher(text).matches()
            || isLenientInteger(bare)
            || (isLenientReal(bare) && !text.startsWith("_"));
    if (text.length() > MOST_DIGITS || isLenient) {
      throw notPortableNumber(token);
    }
    throw notANumber(field, token);
  }

  private static boolean isLenientReal(String bare) {
    Matcher lenient = LENIENT_REAL.matcher(bare);
    if (!lenient.matches() || bare.chars().noneMatch(c -> c >= '0' && c <= '9')) {
      return false;
    }
    String digits = lenient.group(2);
    boolean beginsWithDigit = !digits.isEmpty() && Character.isDigit(digits.charAt(0));
    return REAL.matcher(beginsWithDigit ? digits : "0" + digits).matches();
  }

  private static Boolean bool(FieldDescriptor field, Token token) throws TextException {
    if (TRUE.contains(token.text()) || FALSE.contains(token.text())) {
      return TRUE.contains(token.text());
    }
    if (isZeroOrOne(token.text())) {
      throw notPortable(
          token,
          "bool",
          "`" + Words.shortened(token.text())
              + "` is not read alike by all languages; write `true` or `false`");
    }
    throw wrongType(field, token);
  }

  private static boolean isZeroOrOne(String text) {
    if (text.length() > MOST_DIGITS || !isLenientInteger(text)) {
      return false;
    }
    String digits = BEFORE_DIGITS.matcher(text).replaceFirst("");
    return digits.isEmpty() || digits.equals("1");
  }

  private static Object enumValue(FieldDescriptor field, Token token) throws TextException {
    String text = token.text();
    EnumDescriptor type = field.getEnumType();
    if (type.findValueByName(text) != null) {
      return null;
    }
    if (isWholeNumber(text)) {
      BigInteger number = inRange(field, token, value(text));
      if (type.isClosed() && type.findValueByNumber(number.intValue()) == null) {
        throw unknownEnumValue(field, token);
      }
      return null;
    }
    if (!beginsLikeNumber(text)) {
      throw unknownEnumValue(field, token);
    }
    if (isLenientInteger(text.replace("_", "")) && text.length() < MOST_DIGITS) {
      throw notPortable(
          token,
          "number",
          "`" + text + "` for an enum is not read alike by all languages; write the value's name");
    }
    throw wrongType(field, token);
  }

  private static TextException unknownEnumValue(FieldDescriptor field, Token token) {
    EnumDescriptor type = field.getEnumType();
    return new TextException(
        "parse.unknown_enum_value",
        "`" + Words.shortened(token.text()) + "` is not a value of " + type.getName()
            + "; it has " + Words.listed(type.getValues().stream().map(v -> v.getName()).toList()),
        token.start());
  }

  private static TextException outOfRange(FieldDescriptor field, Token token) {
    return new TextException(
        "parse.out_of_range",
        "`" + field.getName() + "` takes " + Words.of(field) + ", and "
            + Words.shortened(token.text()) + " is out of range",
        token.start());
  }

  private static TextException notANumber(FieldDescriptor field, Token token) {
    if (!beginsLikeNumber(token.text())) {
      return wrongType(field, token);
    }
    return new TextException(
        "parse.syntax",
        "`" + Words.shortened(token.text()) + "` is no number; `" + field.getName()
            + "` takes " + Words.of(field),
        token.start());
  }

  private static TextException notPortableNumber(Token token) {
    return notPortable(
        token,
        "number",
        "`" + Words.shortened(token.text()) + "` is not read alike by all languages; write a decimal number"
            + " without a plus sign, leading zeros or underscores, or `nan`, `inf`, `-inf`");
  }

  private static TextException notPortable(Token token, String what, String message) {
    return new TextException("parse.not_portable." + what, message, token.start());
  }

  private static boolean isLenientInteger(String text) {
    return LENIENT_INTEGER.matcher(text).matches();
  }

  private static boolean beginsLikeNumber(String text) {
    char first = text.charAt(0);
    return Character.isDigit(first) || first == '+' || first == '-' || first == '.';
  }
}
