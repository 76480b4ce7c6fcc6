package dev.rankspec;

import com.google.protobuf.Message;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The message types of the spec, by the names that a config's header uses. */
public final class MessageTypes {
  /** What a config is whose header names no type. */
  public static final String DEFAULT = "rankspec.recap.v1.RecapConfig";

  private static final Map<String, String> MAIN_MESSAGES =
      Map.of("rankspec.recap.v1", "RecapConfig", "rankspec.twhin.v1", "TwhinConfig");
  private static final Pattern FULL_NAME =
      Pattern.compile("rankspec\\.[a-z][a-z0-9_]*\\.v[0-9]+\\.[A-Za-z][A-Za-z0-9_]*");
  private static final Pattern PROTO_FILE =
      Pattern.compile("(?:.*/)?(rankspec/[a-z][a-z0-9_]*/v[0-9]+)/[a-z][a-z0-9_]*\\.proto");

  private MessageTypes() {}

  /**
   * Returns the default instance of the message type that a text's header asks for: the comments that it
   * begins with, {@code # proto-file: ...} and {@code # proto-message: ...}.
   *
   * @return empty if there is no such type
   */
  public static Optional<Message> ofHeader(byte[] text) {
    String file = null;
    String message = null;
    for (String line : new String(text, StandardCharsets.ISO_8859_1).split("\n")) {
      String stripped = stripped(line);
      if (!stripped.isEmpty() && !stripped.startsWith("#")) {
        break;
      }
      String comment = stripped.isEmpty() ? "" : stripped(stripped.substring(1));
      file = file == null ? valueOf("proto-file:", comment) : file;
      message = message == null ? valueOf("proto-message:", comment) : message;
    }
    if (message != null && message.contains(".")) {
      return named(message);
    }
    String area = file == null ? "rankspec.recap.v1" : areaOf(file);
    String name = message == null ? MAIN_MESSAGES.get(area) : message;
    return named(area + "." + name);
  }

  /**
   * Returns the default instance of a message type.
   *
   * @param fullName such as {@code rankspec.recap.v1.RecapConfig}
   * @return empty if there is no such type
   */
  public static Optional<Message> named(String fullName) {
    if (!FULL_NAME.matcher(fullName).matches()) {
      return Optional.empty();
    }
    try {
      // Where the generator puts the classes of a package.
      Class<?> type = Class.forName("dev." + fullName);
      return Message.class.isAssignableFrom(type)
          ? Optional.of((Message) type.getMethod("getDefaultInstance").invoke(null))
          : Optional.empty();
    } catch (ReflectiveOperationException absent) {
      return Optional.empty();
    }
  }

  private static String areaOf(String file) {
    Matcher path = PROTO_FILE.matcher(file);
    return path.matches() ? path.group(1).replace('/', '.') : "";
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
