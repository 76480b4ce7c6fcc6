package dev.rankspec;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import com.google.protobuf.TextFormat.Parser.SingularOverwritePolicy;
import java.nio.charset.CharacterCodingException;

/** Reads the portable subset of the text format. */
final class TextReader {
  private static final TextFormat.Parser PARSER =
      TextFormat.Parser.newBuilder()
          .setSingularOverwritePolicy(SingularOverwritePolicy.FORBID_SINGULAR_OVERWRITES)
          // Of its own accord it counts in another way than everybody's limit does.
          .setRecursionLimit(2 * PortableText.MAX_DEPTH)
          .build();

  private TextReader() {}

  static <M extends Message> Source<M> read(byte[] bytes, M prototype) throws InvalidConfigException {
    String text = decode(bytes);
    Places places = PortableText.check(text, prototype.getDescriptorForType());
    Message.Builder builder = prototype.newBuilderForType();
    try {
      PARSER.merge(text, builder);
    } catch (TextFormat.ParseException refusal) {
      // The message begins with the column, which the library counts in UTF-16 units.
      Position line = new Position(refusal.getLine(), 1);
      throw new InvalidConfigException(new Violation("", "parse.syntax", refusal.getMessage()).at(line));
    }
    return new Source<>(Messages.built(builder, prototype), places);
  }

  private static String decode(byte[] text) throws InvalidConfigException {
    try {
      return Utf8.decode(text);
    } catch (CharacterCodingException notUtf8) {
      String valid = Utf8.decodeValidPart(text);
      Position position = Position.of(valid, valid.length());
      String message = "the text is not UTF-8 from here on; save it as UTF-8";
      throw new InvalidConfigException(
          new Violation("", "parse.not_portable.encoding", message).at(position));
    }
  }
}
