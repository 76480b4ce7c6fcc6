package dev.rankspec;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import dev.rankspec.data.v1.DataStatistics;
import dev.rankspec.data.v1.Recipe;
import dev.rankspec.recap.v1.RecapConfig;
import dev.rankspec.serving.v1.BundleManifest;
import dev.rankspec.serving.v1.OnnxModel;
import dev.rankspec.twhin.v1.TwhinConfig;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** The message types of the spec, by the names that a config's header uses. */
public final class MessageTypes {
  /** What a config is whose header names no type. */
  public static final String DEFAULT = "rankspec.recap.v1.RecapConfig";

  // Not of types inside of others, those of a map's entries for one.
  private static final Pattern FULL_NAME =
      Pattern.compile("rankspec\\.[a-z][a-z0-9_]*\\.v[0-9]+\\.[A-Za-z0-9_]+");
  private static final Map<String, Message> BY_NAME =
      collected(
          RecapConfig.getDefaultInstance(),
          TwhinConfig.getDefaultInstance(),
          DataStatistics.getDefaultInstance(),
          Recipe.getDefaultInstance(),
          BundleManifest.getDefaultInstance(),
          OnnxModel.getDefaultInstance());

  private MessageTypes() {}

  /**
   * Returns the default instance of a message type.
   *
   * @param fullName such as {@code rankspec.recap.v1.RecapConfig}
   * @return empty if the spec has no type of that name
   */
  public static Optional<Message> named(String fullName) {
    return FULL_NAME.matcher(fullName).matches()
        ? Optional.ofNullable(BY_NAME.get(fullName))
        : Optional.empty();
  }

  /**
   * Returns the default instance of the message type that a text's header asks for: the comments that it begins with,
   * {@code # proto-file: ...} and {@code # proto-message: ...}.
   *
   * @return that of {@link #DEFAULT} if there is no header
   * @throws InvalidConfigException if the header asks for what the spec does not have; it says what is wrong with it
   */
  public static Message ofHeader(byte[] text) throws InvalidConfigException {
    return Header.of(text).message().orElseGet(RecapConfig::getDefaultInstance);
  }

  /** Returns types and those of the messages in them, by their names. */
  private static Map<String, Message> collected(Message... types) {
    Map<String, Message> byName = new HashMap<>();
    for (Message type : types) {
      collect(type, byName);
    }
    return Map.copyOf(byName);
  }

  private static void collect(Message type, Map<String, Message> byName) {
    if (byName.putIfAbsent(type.getDescriptorForType().getFullName(), type) != null) {
      return;
    }
    Message.Builder builder = type.newBuilderForType();
    for (FieldDescriptor field : type.getDescriptorForType().getFields()) {
      if (field.getJavaType() == JavaType.MESSAGE) {
        collect(builder.newBuilderForField(field).getDefaultInstanceForType(), byName);
      }
    }
  }
}
