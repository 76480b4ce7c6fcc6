package dev.rankspec;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.HashMap;
import java.util.Map;

/** A message in a text while it is read: what has been given so far, and where. */
final class Block {
  private final Block parent;
  private final FieldDescriptor field;
  private final int index;
  private final Descriptor type;
  private final int depth;
  private final Place place;
  private final Map<String, FieldDescriptor> given = new HashMap<>();
  private Object key;

  /** The whole text. */
  Block(Descriptor type) {
    this.parent = null;
    this.field = null;
    this.type = type;
    this.depth = 0;
    this.index = -1;
    this.place = new Place(0);
  }

  /**
   * A block that is a field's value, element or entry.
   *
   * @param ofField the place of the field
   * @param opener offset of the mark that opens the block
   */
  Block(Block parent, FieldDescriptor field, Place ofField, int opener) {
    boolean isElement = field.isRepeated() && !field.isMapField();
    this.parent = parent;
    this.field = field;
    this.type = field.getMessageType();
    this.depth = parent.depth + 1;
    this.index = isElement ? ofField.size() : -1;
    this.place = !field.isRepeated() ? ofField : isElement ? ofField.addBlock(opener) : new Place(opener);
  }

  Block parent() {
    return parent;
  }

  Descriptor type() {
    return type;
  }

  int depth() {
    return depth;
  }

  boolean isMapEntry() {
    return field != null && field.isMapField();
  }

  /**
   * Notes that a field that may be given once is given.
   *
   * @return the field that was given before it: itself, or another member of its oneof; null if none was
   */
  FieldDescriptor give(FieldDescriptor singular) {
    String exclusive =
        singular.getContainingOneof() == null
            ? singular.getName()
            : singular.getContainingOneof().getName();
    return given.putIfAbsent(exclusive, singular);
  }

  /** Returns the place of the message. */
  Place place() {
    return place;
  }

  /** Notes the key of a map entry. */
  void setKey(Object value) {
    key = value;
  }

  /**
   * Puts a finished entry into its map.
   *
   * @param map the place of the map
   * @return whether it is the first one with its key
   */
  boolean insertInto(Place map) {
    Object given = key == null ? Messages.mapKey(field).getDefaultValue() : key;
    Place value = place.step("value");
    int scalar = value == null ? place.offset() : value.offset();
    return map.addEntry(Paths.at("", given), Messages.holdsMessages(field) ? keyOffset() : scalar, value);
  }

  /** Where the key of a map entry stands, or what stands in for it. */
  int keyOffset() {
    Place written = place.step("key");
    return written == null ? place.offset() : written.offset();
  }

  /** Returns the path of the message. */
  String path() {
    if (parent == null) {
      return "";
    }
    if (parent.isMapEntry()) {
      return parent.path();
    }
    String path = Paths.join(parent.path(), field.getName());
    if (isMapEntry()) {
      return key == null ? path : Paths.at(path, key);
    }
    return index < 0 ? path : Paths.at(path, index);
  }

  /** Returns the path of a field of the message; of what a map holds, the entry's. */
  String pathOf(String name) {
    return isMapEntry() ? path() : Paths.join(path(), name);
  }
}
