package dev.rankspec;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;

/**
 * The path that a line of a rule's text begins with, such as {@code tasks["like"].rate: is too small}.
 *
 * <p>It has to name a field of a given message type; a colon and a space follow it.
 */
final class LeadingPath {
  private final String line;
  private int position;
  private Descriptor here;

  private LeadingPath(String line, Descriptor type) {
    this.line = line;
    this.here = type;
  }

  /** Returns the length of the path; -1 if the line does not begin with one. */
  static int length(String line, Descriptor type) {
    LeadingPath path = new LeadingPath(line, type);
    while (path.step()) {
      if (line.startsWith(": ", path.position)) {
        return path.position;
      }
      if (!line.startsWith(".", path.position)) {
        return -1;
      }
      path.position++;
    }
    return -1;
  }

  /** Returns the type of the messages that a field holds; null if it holds none. */
  static Descriptor messageType(FieldDescriptor field) {
    FieldDescriptor item = field.isMapField() ? Messages.mapValue(field) : field;
    return item.getJavaType() == JavaType.MESSAGE ? item.getMessageType() : null;
  }

  /** Reads a field's name and the subscript behind it; false if there is no such field. */
  private boolean step() {
    int start = position;
    while (position < line.length() && isNamePart(line.charAt(position))) {
      position++;
    }
    FieldDescriptor field = here == null ? null : here.findFieldByName(line.substring(start, position));
    if (field == null) {
      return false;
    }
    boolean hasSubscript = line.startsWith("[", position);
    // What is inside of a list's or map's messages needs to be told which.
    here = field.isRepeated() && !hasSubscript ? null : messageType(field);
    return !hasSubscript || subscript(field);
  }

  private boolean subscript(FieldDescriptor field) {
    boolean isText = line.startsWith("\"", position + 1);
    int end = isText ? endOfText(position + 2) : endOfDigits(position + 1);
    boolean isEmpty = end == position + 1;
    if (isEmpty || !line.startsWith("]", end) || !field.isRepeated() || isText != hasTextKeys(field)) {
      return false;
    }
    position = end + 1;
    return !field.isMapField() || Messages.mapKey(field).getJavaType() != JavaType.BOOLEAN;
  }

  private static boolean hasTextKeys(FieldDescriptor field) {
    return field.isMapField() && Messages.mapKey(field).getJavaType() == JavaType.STRING;
  }

  private int endOfText(int start) {
    int end = start;
    while (end < line.length() && line.charAt(end) != '"') {
      end += line.charAt(end) == '\\' ? 2 : 1;
    }
    return end + 1;
  }

  private int endOfDigits(int start) {
    int end = start;
    while (end < line.length() && isDigit(line.charAt(end))) {
      end++;
    }
    return end;
  }

  private static boolean isNamePart(char character) {
    return (character >= 'a' && character <= 'z')
        || (character >= 'A' && character <= 'Z')
        || character == '_'
        || isDigit(character);
  }

  private static boolean isDigit(char character) {
    return character >= '0' && character <= '9';
  }
}
