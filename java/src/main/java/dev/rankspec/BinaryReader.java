package dev.rankspec;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reads the binary form, which knows no places; what the schema does not know is an error. */
final class BinaryReader {
  private BinaryReader() {}

  static <M extends Message> Source<M> read(byte[] data, M prototype) throws InvalidConfigException {
    Message.Builder builder = prototype.newBuilderForType();
    try {
      builder.mergeFrom(data);
    } catch (InvalidProtocolBufferException broken) {
      String message = "this is not a serialized " + prototype.getDescriptorForType().getName();
      throw new InvalidConfigException(new Violation("", "parse.syntax", message));
    }
    M read = Messages.built(builder, prototype);
    List<Violation> unknown = new ArrayList<>();
    collectUnknown(read, "", unknown);
    if (!unknown.isEmpty()) {
      throw new InvalidConfigException(unknown);
    }
    return new Source<>(read, Places.NONE);
  }

  private static void collectUnknown(Message message, String path, List<Violation> unknown) {
    if (!message.getUnknownFields().isEmpty()) {
      String text =
          message.getDescriptorForType().getName() + " has no fields with the numbers "
              + message.getUnknownFields().asMap().keySet()
              + "; it was written by a newer schema, or for another message";
      unknown.add(new Violation(path, "parse.unknown_field", text));
    }
    for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      if (Messages.holdsMessages(field)) {
        for (Messages.Item item : Messages.items(field, entry.getValue())) {
          collectUnknown((Message) item.value(), item.path(path, field), unknown);
        }
      }
    }
  }
}
