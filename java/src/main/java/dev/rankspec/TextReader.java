package dev.rankspec;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import com.google.protobuf.TextFormat.Parser.SingularOverwritePolicy;
import java.nio.charset.CharacterCodingException;
import java.util.List;

/** Reads the portable subset of the text format. */
final class TextReader {
  private static final TextFormat.Parser PARSER =
      TextFormat.Parser.newBuilder()
          .setSingularOverwritePolicy(SingularOverwritePolicy.FORBID_SINGULAR_OVERWRITES)
          // Of its own accord it counts in another way than everybody's limit does.
          .setRecursionLimit(2 * PortableText.MAX_DEPTH)
          .build();

  private TextReader() {}

  static <M extends Message> M read(byte[] text, M prototype) throws InvalidConfigException {
    return read(decode(text), prototype);
  }

  static <M extends Message> M read(String text, M prototype) throws InvalidConfigException {
    Violation mistake = PortableText.firstMistake(text, prototype.getDescriptorForType());
    if (mistake != null) {
      throw new InvalidConfigException(List.of(mistake));
    }
    Message.Builder builder = prototype.newBuilderForType();
    try {
      PARSER.merge(text, builder);
    } catch (TextFormat.ParseException refusal) {
      Position position = new Position(refusal.getLine(), refusal.getColumn());
      throw new InvalidConfigException(
          List.of(new Violation("", "parse.syntax", refusal.getMessage(), position)));
    }
    return Messages.built(builder, prototype);
  }

  private static String decode(byte[] text) throws InvalidConfigException {
    try {
      return Utf8.decode(text);
    } catch (CharacterCodingException notUtf8) {
      String valid = Utf8.decodeValidPart(text);
      Position position = Position.of(valid, valid.length());
      String message = "the text is not UTF-8 from here on; save it as UTF-8";
      throw new InvalidConfigException(
          List.of(new Violation("", "parse.not_portable.encoding", message, position)));
    }
  }
}
