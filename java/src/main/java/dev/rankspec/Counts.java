package dev.rankspec;

import build.buf.validate.FieldRules;
import build.buf.validate.ValidateProto;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Counts lists and maps before any other rule is asked.
 *
 * <p>Rules are written for configs that people write. A config with too long a list or map is told so, and nothing else.
 */
final class Counts {
  // No bound of the schema is smaller, so that shorter lists need not be looked up.
  private static final int SMALLEST_BOUND = 16;

  private Counts() {}

  /** Finds every list and map that has more items than its field allows. */
  static List<Violation> tooMany(Message message) {
    List<Violation> found = new ArrayList<>();
    collect(message, "", found);
    return found;
  }

  private static void collect(Message message, String prefix, List<Violation> found) {
    for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      if (field.isRepeated() && isTooLong(field, ((List<?>) entry.getValue()).size(), prefix, found)) {
        continue;
      }
      if (Messages.holdsMessages(field)) {
        for (Messages.Item item : Messages.items(field, entry.getValue())) {
          collect((Message) item.value(), item.path(prefix, field), found);
        }
      }
    }
  }

  private static boolean isTooLong(FieldDescriptor field, int size, String prefix, List<Violation> found) {
    if (size <= SMALLEST_BOUND) {
      return false;
    }
    FieldRules rules = field.getOptions().getExtension(ValidateProto.field);
    long bound = field.isMapField() ? rules.getMap().getMaxPairs() : rules.getRepeated().getMaxItems();
    if (bound == 0 || size <= bound) {
      return false;
    }
    String code = field.isMapField() ? "map.max_pairs" : "repeated.max_items";
    String text = "has " + size + " items, and may have " + bound;
    found.add(new Violation(Paths.join(prefix, field.getName()), code, text));
    return true;
  }
}
