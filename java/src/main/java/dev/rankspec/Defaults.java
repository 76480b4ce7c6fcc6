package dev.rankspec;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import dev.rankspec.options.v1.OptionsProto;
import java.util.List;
import java.util.Map;

/**
 * Fills every default of the schema into a config, so that nothing of what will run is left unsaid.
 *
 * <p>What is filled in, in every message that is present: a singular scalar that the schema gives a default
 * and that is not set, unless it is a member of a oneof; an empty list whose field has {@code default_items};
 * in the config itself, the blocks {@code training} and {@code runtime}, which stand for their defaults when
 * they are absent. Fields without a default stay unset. Resolving twice changes nothing.
 */
public final class Defaults {
  // Every other absent message switches its feature off.
  private static final List<String> BLOCKS_OF_DEFAULTS = List.of("training", "runtime");

  private Defaults() {}

  /** Returns a valid config with every default filled in. */
  public static <M extends Message> M resolve(M config) {
    Message.Builder builder = withBlocks(config);
    fill(builder);
    return Messages.built(builder, config);
  }

  private static Message.Builder withBlocks(Message config) {
    Message.Builder builder = config.toBuilder();
    for (String name : BLOCKS_OF_DEFAULTS) {
      FieldDescriptor field = config.getDescriptorForType().findFieldByName(name);
      if (field != null && !builder.hasField(field)) {
        builder.setField(field, builder.newBuilderForField(field).build());
      }
    }
    return builder;
  }

  private static void fill(Message.Builder builder) {
    Messages.replaceItems(builder, (field, item) -> filled(item.value()));
    for (FieldDescriptor field : builder.getDescriptorForType().getFields()) {
      if (field.getJavaType() == JavaType.MESSAGE) {
        continue;
      }
      if (field.isRepeated()) {
        fillList(builder, field);
      } else if (field.hasDefaultValue() && field.getContainingOneof() == null && !builder.hasField(field)) {
        builder.setField(field, field.getDefaultValue());
      }
    }
  }

  private static Object filled(Object value) {
    if (value instanceof Message message) {
      Message.Builder inner = message.toBuilder();
      fill(inner);
      return inner.build();
    }
    return value;
  }

  private static void fillList(Message.Builder builder, FieldDescriptor field) {
    if (builder.getRepeatedFieldCount(field) == 0) {
      for (String literal : field.getOptions().getExtension(OptionsProto.defaultItems)) {
        builder.addRepeatedField(field, item(field, literal));
      }
    }
  }

  /** Returns a valid config in which no scalar is set that holds anyway, with the blocks of defaults present. */
  static Message condense(Message config) {
    Message.Builder builder = withBlocks(config);
    empty(builder);
    return builder.build();
  }

  private static void empty(Message.Builder builder) {
    Messages.replaceItems(builder, (field, item) -> emptied(item.value()));
    for (Map.Entry<FieldDescriptor, Object> entry : builder.getAllFields().entrySet()) {
      if (entry.getKey().getJavaType() != JavaType.MESSAGE && holdsAnyway(entry.getKey(), entry.getValue())) {
        builder.clearField(entry.getKey());
      }
    }
  }

  private static Object emptied(Object value) {
    if (value instanceof Message message) {
      Message.Builder inner = message.toBuilder();
      empty(inner);
      return inner.build();
    }
    return value;
  }

  private static boolean holdsAnyway(FieldDescriptor field, Object value) {
    if (field.isRepeated()) {
      List<String> literals = field.getOptions().getExtension(OptionsProto.defaultItems);
      return literals.stream().map(literal -> item(field, literal)).toList().equals(value);
    }
    // Both zeros are one, which Double.equals denies.
    return field.hasDefaultValue()
        && field.getContainingOneof() == null
        && (value instanceof Double number
            ? number == (double) (Double) field.getDefaultValue()
            : value.equals(field.getDefaultValue()));
  }

  private static Object item(FieldDescriptor field, String literal) {
    return switch (field.getJavaType()) {
      case STRING -> literal;
      case BOOLEAN -> literal.equals("true");
      case DOUBLE -> Double.valueOf(literal);
      case FLOAT -> Float.valueOf(literal);
      case LONG -> Long.valueOf(literal);
      case INT -> Integer.valueOf(literal);
      case ENUM -> field.getEnumType().findValueByName(literal);
      default -> throw new IllegalStateException(field.getFullName() + " cannot have default items");
    };
  }
}
