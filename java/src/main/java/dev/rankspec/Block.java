package dev.rankspec;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A message in a text while it is read: what has been given so far, and where it is. */
final class Block {
  private final Block parent;
  private final FieldDescriptor field;
  private final int index;
  private final Descriptor type;
  private final int depth;
  private final Map<String, FieldDescriptor> given = new HashMap<>();
  private final Map<String, Integer> counts = new HashMap<>();
  private final Map<String, Set<Object>> keys = new HashMap<>();
  private Object key;
  private int keyOffset = -1;

  /** The whole text. */
  Block(Descriptor type) {
    this(null, null, type);
  }

  /** A block that is a field's value, element or entry. */
  Block(Block parent, FieldDescriptor field) {
    this(parent, field, field.getMessageType());
  }

  private Block(Block parent, FieldDescriptor field, Descriptor type) {
    this.parent = parent;
    this.field = field;
    this.type = type;
    this.depth = parent == null ? 0 : parent.depth + 1;
    this.index = parent == null || !isListOf(field) ? -1 : parent.count(field);
  }

  private static boolean isListOf(FieldDescriptor field) {
    return field.isRepeated() && !field.isMapField();
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

  /** Counts an element of a list; returns its index. */
  int count(FieldDescriptor list) {
    return counts.merge(list.getName(), 1, Integer::sum) - 1;
  }

  /** Notes the key of a map entry. */
  void setKey(Object value, int offset) {
    key = value;
    keyOffset = offset;
  }

  /** Notes the key of a finished entry of a map; says whether it is the first one with that key. */
  boolean insert(FieldDescriptor map, Block entry) {
    Object defaultKey = map.getMessageType().findFieldByName("key").getDefaultValue();
    Object added = entry.key == null ? defaultKey : entry.key;
    // Numbers are kept in one type, whatever the field's.
    Object comparable = added instanceof Number number ? number.toString() : added;
    return keys.computeIfAbsent(map.getName(), name -> new HashSet<>()).add(comparable);
  }

  /** Where the key of a map entry stands, or what stands in for it. */
  int keyOffset(int opener) {
    return keyOffset < 0 ? opener : keyOffset;
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
