package dev.rankspec;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.rankspec.options.v1.Effect;
import dev.rankspec.options.v1.OptionsProto;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A config in the form that fingerprints are taken of.
 *
 * <p>It does not depend on the language, the order of map entries, comments, the spelling of numbers, or on
 * whether a default is written out.
 *
 * @param semantic the form of what takes part in what the trained model computes; ASCII, every line ended by
 *     a line feed
 * @param full the form of everything
 */
public record CanonicalForm(String semantic, String full) {
  private static final String FORM = "rankspec-fingerprint-2";
  private static final long NAN_BITS = 0x7ff8000000000000L;

  /** Writes the canonical form of a valid config; whether defaults are filled in makes no difference. */
  public static CanonicalForm of(Message config) {
    List<Line> lines = new ArrayList<>();
    collect(Defaults.condense(config), "", true, lines);
    String name = config.getDescriptorForType().getFullName();
    return new CanonicalForm(
        joined(name, lines.stream().filter(Line::isSemantic).map(Line::text).toList()),
        joined(name, lines.stream().map(Line::text).toList()));
  }

  private record Line(String text, boolean isSemantic) {}

  private static String joined(String name, List<String> lines) {
    StringBuilder form = new StringBuilder(FORM).append('\n').append(name).append('\n');
    lines.stream().sorted().forEach(line -> form.append(line).append('\n'));
    return form.toString();
  }

  private static void collect(Message message, String prefix, boolean isSemantic, List<Line> lines) {
    for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      boolean isStillSemantic =
          isSemantic && field.getOptions().getExtension(OptionsProto.effect) == Effect.EFFECT_SEMANTIC;
      for (Messages.Item item : Messages.items(field, entry.getValue())) {
        String path = Paths.join(prefix, field.getName());
        if (item.key() != null) {
          path += "[" + key(field, item.key()) + "]";
        }
        lines.add(new Line(path + "=" + value(field, item.value()), isStillSemantic));
        if (item.value() instanceof Message inner) {
          collect(inner, path, isStillSemantic, lines);
        }
      }
    }
  }

  private static String key(FieldDescriptor field, Object key) {
    return field.isMapField() ? value(Messages.mapKey(field), key) : key.toString();
  }

  private static String value(FieldDescriptor field, Object value) {
    FieldDescriptor item = field.isMapField() ? Messages.mapValue(field) : field;
    return switch (item.getType()) {
      case MESSAGE, GROUP -> "{}";
      case DOUBLE, FLOAT -> real(((Number) value).doubleValue());
      case STRING -> text(((String) value).getBytes(StandardCharsets.UTF_8));
      case BYTES -> text(((ByteString) value).toByteArray());
      case ENUM -> Integer.toString(((EnumValueDescriptor) value).getNumber());
      case UINT32, FIXED32 -> Integer.toUnsignedString((Integer) value);
      case UINT64, FIXED64 -> Long.toUnsignedString((Long) value);
      default -> value.toString();
    };
  }

  /** The bits of a number, big end first; both zeros are one, and so are all NaNs. */
  private static String real(double value) {
    long bits = Double.isNaN(value) ? NAN_BITS : Double.doubleToRawLongBits(value == 0 ? 0 : value);
    return String.format(Locale.ROOT, "%016x", bits);
  }

  private static String text(byte[] bytes) {
    StringBuilder written = new StringBuilder("\"");
    for (byte signed : bytes) {
      int octet = Byte.toUnsignedInt(signed);
      if (octet >= 0x20 && octet <= 0x7e && octet != '"' && octet != '\\') {
        written.append((char) octet);
      } else {
        written.append(String.format(Locale.ROOT, "\\x%02x", octet));
      }
    }
    return written.append('"').toString();
  }
}
