package dev.rankspec;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** Messages of any type, through their descriptors. */
final class Messages {
  private Messages() {}

  /** Builds a message of the prototype's type from a builder that the prototype made. */
  static <M extends Message> M built(Message.Builder builder, M prototype) {
    @SuppressWarnings("unchecked") // A generated message's builder builds messages of its class.
    Class<M> type = (Class<M>) prototype.getClass();
    return type.cast(builder.build());
  }

  /** Tells whether the single values of a field are messages: its own, its elements or its map's values. */
  static boolean holdsMessages(FieldDescriptor field) {
    FieldDescriptor item = field.isMapField() ? mapValue(field) : field;
    return item.getJavaType() == JavaType.MESSAGE;
  }

  static FieldDescriptor mapKey(FieldDescriptor field) {
    return field.getMessageType().findFieldByName("key");
  }

  static FieldDescriptor mapValue(FieldDescriptor field) {
    return field.getMessageType().findFieldByName("value");
  }

  /**
   * One value of a field.
   *
   * @param key the list index or map key; null for a singular field
   * @param value the scalar, or the message
   */
  record Item(Object key, Object value) {
    /** Appends the item's place to the path of its message. */
    String path(String prefix, FieldDescriptor field) {
      String path = Paths.join(prefix, field.getName());
      return key == null ? path : Paths.at(path, key);
    }
  }

  /** Lists the single values of a field that is set. */
  static List<Item> items(FieldDescriptor field, Object value) {
    if (!field.isRepeated()) {
      return List.of(new Item(null, value));
    }
    List<Item> items = new ArrayList<>();
    for (Object element : (List<?>) value) {
      if (field.isMapField()) {
        Message entry = (Message) element;
        items.add(new Item(entry.getField(mapKey(field)), entry.getField(mapValue(field))));
      } else {
        items.add(new Item(items.size(), element));
      }
    }
    return items;
  }

  /**
   * Changes every single value that is set in a message, not what is inside of messages.
   *
   * @param change what to put in the place of a field's value; map keys stay
   */
  static void replaceItems(Message.Builder builder, BiFunction<FieldDescriptor, Item, Object> change) {
    for (Map.Entry<FieldDescriptor, Object> entry : builder.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      List<Object> changed = new ArrayList<>();
      for (Item item : items(field, entry.getValue())) {
        Object value = change.apply(field, item);
        changed.add(field.isMapField() ? mapEntry(builder, field, item.key(), value) : value);
      }
      builder.setField(field, field.isRepeated() ? changed : changed.get(0));
    }
  }

  /** Makes an entry of a map field. */
  static Message mapEntry(Message.Builder builder, FieldDescriptor field, Object key, Object value) {
    return builder
        .newBuilderForField(field)
        .setField(mapKey(field), key)
        .setField(mapValue(field), value)
        .build();
  }
}
