package dev.rankspec;

import com.google.protobuf.Message;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the comments at the top of a text say of it: {@code # proto-file: ...} and {@code # proto-message: ...}.
 *
 * @param protoFile the file that defines the message; null if there is no such comment
 * @param protoMessage the message, or its name in the package of that file; null if there is no such comment
 * @param line the line of the last of them, counted from 1
 */
record Header(String protoFile, String protoMessage, int line) {
  private static final Map<String, String> MAIN_MESSAGES =
      Map.of(
          "rankspec.recap.v1", "rankspec.recap.v1.RecapConfig",
          "rankspec.twhin.v1", "rankspec.twhin.v1.TwhinConfig");
  private static final Pattern PROTO_FILE =
      Pattern.compile(
          "(?:.*/)?(rankspec/[a-z][a-z0-9_]*/v[0-9]+)/[a-z][a-z0-9_]*\\.proto", Pattern.DOTALL);

  /** Reads the comments and blank lines that a text begins with; of each kind the first counts. */
  static Header of(byte[] text) {
    Header header = new Header(null, null, 1);
    // Whatever the bytes are, a line feed stays one.
    String characters = new String(text, StandardCharsets.UTF_8);
    int start = 0;
    for (int number = 1; start < characters.length(); number++) {
      int feed = characters.indexOf('\n', start);
      int end = feed < 0 ? characters.length() : feed;
      String line = stripped(characters.substring(start, end));
      if (!line.isEmpty() && !line.startsWith("#")) {
        break;
      }
      header = header.with(line.isEmpty() ? "" : stripped(line.substring(1)), number);
      start = end + 1;
    }
    return header;
  }

  private Header with(String comment, int number) {
    String file = valueOf("proto-file:", comment);
    String message = valueOf("proto-message:", comment);
    if (file == null && message == null) {
      return this;
    }
    return new Header(
        protoFile == null ? file : protoFile, protoMessage == null ? message : protoMessage, number);
  }

  /**
   * Returns the full name of the message that the comments ask for, whether there is such a message or not; empty if
   * they ask for none.
   *
   * @throws InvalidConfigException if they name a file outside of the spec, or not which of its messages is meant
   */
  Optional<String> messageName() throws InvalidConfigException {
    if (protoFile == null && protoMessage == null) {
      return Optional.empty();
    }
    String area = protoFile == null ? "rankspec.recap.v1" : areaOfFile();
    if (protoMessage != null) {
      return Optional.of(protoMessage.contains(".") ? protoMessage : area + "." + protoMessage);
    }
    String main = MAIN_MESSAGES.get(area);
    if (main == null) {
      throw unknownMessage(
          "the header does not say which message of " + area
              + " this is; add a line `# proto-message: NAME`");
    }
    return Optional.of(main);
  }

  /**
   * Returns the default instance of the message that the comments ask for; empty if they ask for none.
   *
   * @throws InvalidConfigException if there is no such message
   */
  Optional<Message> message() throws InvalidConfigException {
    Optional<String> name = messageName();
    Optional<Message> found = name.flatMap(MessageTypes::named);
    if (name.isPresent() && found.isEmpty()) {
      throw unknownMessage("the header asks for a message that the spec does not have: " + name.get());
    }
    return found;
  }

  private String areaOfFile() throws InvalidConfigException {
    Matcher path = PROTO_FILE.matcher(protoFile);
    if (!path.matches()) {
      throw unknownMessage(
          "`" + protoFile + "` is no file of the spec; write `# proto-file: rankspec/recap/v1/recap.proto`");
    }
    return path.group(1).replace('/', '.');
  }

  private InvalidConfigException unknownMessage(String message) {
    return refusal("file.unknown_message", message);
  }

  /** Returns the refusal of a config because of its header. */
  InvalidConfigException refusal(String code, String message) {
    return new InvalidConfigException(new Violation("", code, message).at(new Position(line, 1)));
  }

  private static String valueOf(String key, String comment) {
    return comment.startsWith(key) ? stripped(comment.substring(key.length())) : null;
  }

  /** Strips the white space of ASCII. */
  private static String stripped(String text) {
    int start = 0;
    int end = text.length();
    while (start < end && isSpace(text.charAt(start))) {
      start++;
    }
    while (end > start && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(start, end);
  }

  private static boolean isSpace(char character) {
    return character == ' ' || (character >= '\t' && character <= '\r');
  }
}
