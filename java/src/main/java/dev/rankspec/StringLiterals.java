package dev.rankspec;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.rankspec.Token.Kind;
import java.io.ByteArrayOutputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** String literals of the text format. */
final class StringLiterals {
  private static final String SIMPLE_ESCAPES = "abfnrtv\\'\"";
  private static final String SIMPLE_VALUES = "\u0007\b\f\n\r\t\u000b\\'\"";
  private static final int LARGEST_CODE_POINT = 0x10FFFF;

  private StringLiterals() {}

  /**
   * Checks a string or bytes of one or more adjacent literals.
   *
   * @return the string; null for bytes
   * @throws TextException if there is something else, an escape that not all languages read, or no UTF-8
   */
  static String check(FieldDescriptor field, List<Token> tokens) throws TextException {
    Token first = tokens.get(0);
    if (first.kind() != Kind.STRING) {
      throw Literals.wrongType(field, first);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (Token token : tokens) {
      refuseNul(token);
      unescape(token, bytes);
    }
    if (field.getJavaType() == FieldDescriptor.JavaType.BYTE_STRING) {
      return null;
    }
    try {
      return Utf8.decode(bytes.toByteArray());
    } catch (CharacterCodingException notUtf8) {
      throw new TextException(
          "parse.not_portable.utf8",
          "the bytes of `" + field.getName() + "` are not UTF-8, which a string has to be; write the"
              + " characters themselves",
          first.start());
    }
  }

  private static void refuseNul(Token token) throws TextException {
    int index = token.text().indexOf('\0');
    if (index >= 0) {
      throw new TextException(
          "parse.not_portable.control_character",
          "a raw U+0000 in a string is not read alike by all languages; write `\\000`",
          token.start() + index);
    }
  }

  private static void unescape(Token token, ByteArrayOutputStream bytes) throws TextException {
    String text = token.text();
    int end = text.length() - 1;
    int position = 1;
    while (position < end) {
      int escape = text.indexOf('\\', position);
      int plainEnd = escape < 0 ? end : Math.min(escape, end);
      bytes.writeBytes(text.substring(position, plainEnd).getBytes(StandardCharsets.UTF_8));
      position = plainEnd == end ? end : escapeAt(token, plainEnd, bytes);
    }
  }

  /** Reads the escape at an index of a literal; returns the index after it. */
  private static int escapeAt(Token token, int at, ByteArrayOutputStream bytes) throws TextException {
    String text = token.text();
    char letter = text.charAt(at + 1);
    int simple = SIMPLE_ESCAPES.indexOf(letter);
    if (simple >= 0) {
      bytes.write(SIMPLE_VALUES.charAt(simple));
      return at + 2;
    }
    return switch (letter) {
      case '0', '1', '2', '3', '4', '5', '6', '7' -> octal(token, at, bytes);
      case 'x' -> hexadecimal(token, at, bytes);
      case 'u' -> codePoint(token, at, 4, bytes);
      case 'U' -> codePoint(token, at, 8, bytes);
      default -> throw notPortable(token, at, at + 2, "for a backslash itself write `\\\\`");
    };
  }

  private static int octal(Token token, int at, ByteArrayOutputStream bytes) throws TextException {
    int end = digitsEnd(token.text(), at + 1, 3, 8);
    int value = Integer.parseInt(token.text(), at + 1, end, 8);
    if (value > 0xff) {
      throw notPortable(token, at, end, "an octal escape goes up to `\\377`");
    }
    bytes.write(value);
    return end;
  }

  private static int hexadecimal(Token token, int at, ByteArrayOutputStream bytes) throws TextException {
    int end = digitsEnd(token.text(), at + 2, 2, 16);
    if (end == at + 2) {
      throw notPortable(token, at, end, "one or two hexadecimal digits follow `\\x`");
    }
    bytes.write(Integer.parseInt(token.text(), at + 2, end, 16));
    return end;
  }

  private static int codePoint(Token token, int at, int digits, ByteArrayOutputStream bytes)
      throws TextException {
    int end = digitsEnd(token.text(), at + 2, digits, 16);
    long value = end == at + 2 + digits ? Long.parseLong(token.text(), at + 2, end, 16) : -1;
    if (value < 0 || value > LARGEST_CODE_POINT || (value >= 0xD800 && value <= 0xDFFF)) {
      throw notPortable(token, at, end, "write the character itself");
    }
    bytes.writeBytes(Character.toString((int) value).getBytes(StandardCharsets.UTF_8));
    return end;
  }

  private static int digitsEnd(String text, int start, int most, int radix) {
    int end = start;
    while (end < start + most && text.charAt(end) < 128 && Character.digit(text.charAt(end), radix) >= 0) {
      end++;
    }
    return end;
  }

  private static TextException notPortable(Token token, int start, int end, String remedy) {
    return new TextException(
        "parse.not_portable.escape",
        "the escape `" + token.text().substring(start, end)
            + "` is not read alike by all languages; " + remedy,
        token.start() + start);
  }
}
