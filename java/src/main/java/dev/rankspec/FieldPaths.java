package dev.rankspec;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import java.util.ArrayList;
import java.util.List;

/** Field paths as they are read: where they end in a line, and whether they lead anywhere. */
final class FieldPaths {
  private FieldPaths() {}

  /** A field on the way, and the list index or map key taken of it: text, number or truth value; or null. */
  private record Step(String name, Object key) {}

  /** Returns where a path ends that a line begins with and that a colon and a space follow; else -1. */
  static int endOfLeadingPath(String line) {
    if (line.isEmpty() || !isNameStart(line.charAt(0))) {
      return -1;
    }
    int end = 1;
    while (end < line.length()) {
      char character = line.charAt(end);
      int next = character == '[' ? endOfSubscript(line, end) : end + 1;
      if (next < 0 || (character != '[' && character != '.' && !isNamePart(character))) {
        break;
      }
      end = next;
    }
    return line.startsWith(": ", end) ? end : -1;
  }

  /** Returns the offset after an index or a quoted key in brackets; -1 if there is none. */
  private static int endOfSubscript(String path, int bracket) {
    int end = bracket + 1;
    if (end < path.length() && path.charAt(end) == '"') {
      end = closingQuote(path, end) + 1;
      return end > 0 && path.startsWith("]", end) ? end + 1 : -1;
    }
    while (end < path.length() && isDigit(path.charAt(end))) {
      end++;
    }
    return end > bracket + 1 && path.startsWith("]", end) ? end + 1 : -1;
  }

  private static int closingQuote(String path, int quote) {
    for (int index = quote + 1; index < path.length(); index++) {
      if (path.charAt(index) == '"') {
        return index;
      }
      if (path.charAt(index) == '\\') {
        index++;
      }
    }
    return -1;
  }

  /** Tells whether a path names a field of a message type, at any depth. */
  static boolean leadsToField(String path, Descriptor type) {
    return lastField(path, type) != null;
  }

  /** Returns the message type that a path leads to; null if it leads to a scalar, a oneof or nowhere. */
  static Descriptor typeAt(String path, Descriptor type) {
    if (path.isEmpty()) {
      return type;
    }
    FieldDescriptor field = lastField(path, type);
    return field == null ? null : messageOf(field);
  }

  private static FieldDescriptor lastField(String path, Descriptor type) {
    Descriptor here = type;
    FieldDescriptor field = null;
    List<Step> steps = steps(path);
    if (steps == null) {
      return null;
    }
    for (Step step : steps) {
      field = here == null ? null : here.findFieldByName(step.name());
      if (field == null || !takesKey(field, step.key())) {
        return null;
      }
      // What is inside of a list's or map's messages needs to be told which.
      here = field.isRepeated() && step.key() == null ? null : messageOf(field);
    }
    return field;
  }

  private static Descriptor messageOf(FieldDescriptor field) {
    FieldDescriptor item = field.isMapField() ? Messages.mapValue(field) : field;
    return item.getJavaType() == JavaType.MESSAGE ? item.getMessageType() : null;
  }

  private static boolean takesKey(FieldDescriptor field, Object key) {
    if (key == null) {
      return true;
    }
    if (!field.isMapField()) {
      return field.isRepeated() && key instanceof Long index && index >= 0;
    }
    return switch (Messages.mapKey(field).getJavaType()) {
      case STRING -> key instanceof String;
      case BOOLEAN -> key instanceof Boolean;
      default -> key instanceof Long;
    };
  }

  /** Splits a path into its steps; null if it is not written like one. */
  private static List<Step> steps(String path) {
    List<Step> steps = new ArrayList<>();
    int position = 0;
    while (position < path.length()) {
      int nameEnd = endOfName(path, position);
      boolean hasKey = path.startsWith("[", nameEnd);
      int end = hasKey ? path.indexOf(']', closingQuoteOr(path, nameEnd)) + 1 : nameEnd;
      if (nameEnd == position || (hasKey && end == 0)) {
        return null;
      }
      Object key = hasKey ? key(path.substring(nameEnd + 1, end - 1)) : null;
      boolean isLast = end == path.length();
      boolean goesOn = path.startsWith(".", end) && end + 1 < path.length();
      if ((hasKey && key == null) || (!isLast && !goesOn)) {
        return null;
      }
      steps.add(new Step(path.substring(position, nameEnd), key));
      position = end + 1;
    }
    return steps;
  }

  /** Returns where a quoted key ends, so that a bracket in it ends nothing. */
  private static int closingQuoteOr(String path, int bracket) {
    return path.startsWith("\"", bracket + 1) ? Math.max(closingQuote(path, bracket + 1), bracket) : bracket;
  }

  private static Object key(String written) {
    if (written.length() >= 2 && written.startsWith("\"") && written.endsWith("\"")) {
      // What the key is does not matter here, only that it is text.
      return written;
    }
    if (written.equals("true") || written.equals("false")) {
      return Boolean.valueOf(written);
    }
    return written.matches("-?[0-9]{1,18}") ? Long.valueOf(written) : null;
  }

  private static int endOfName(String path, int start) {
    int end = start;
    while (end < path.length() && (end == start ? isNameStart(path.charAt(end)) : isNamePart(path.charAt(end)))) {
      end++;
    }
    return end;
  }

  private static boolean isNameStart(char character) {
    return (character >= 'a' && character <= 'z')
        || (character >= 'A' && character <= 'Z')
        || character == '_';
  }

  private static boolean isNamePart(char character) {
    return isNameStart(character) || isDigit(character);
  }

  private static boolean isDigit(char character) {
    return character >= '0' && character <= '9';
  }
}
