package dev.rankspec;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import dev.rankspec.options.v1.OptionsProto;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Settings that one part of a config takes from another: a validation set from the training data.
 *
 * <p>A bool with the option {@code inherits_from}, true in a message that the config holds by name, fills in what is
 * unset there from the config's field that the option names: blocks field by field, map entries by key, a list if it is
 * empty, a oneof if no member of it is set. The bool is dropped, so that the config then says everything itself.
 */
final class Inheritance {
  private final Message config;
  private final List<Copy> copies = new ArrayList<>();

  private Inheritance(Message config) {
    this.config = config;
  }

  /**
   * A value that was filled in.
   *
   * @param path where
   * @param source the path it came from
   * @param base what is inherited from; it contains the source
   */
  record Copy(String path, String source, String base) {
    Copy field(FieldDescriptor field) {
      return new Copy(Paths.join(path, field.getName()), Paths.join(source, field.getName()), base);
    }

    /** Returns the path that a path at or below this one came from. */
    String sourceOf(String below) {
      return source + below.substring(path.length());
    }

    Copy entry(Object key) {
      return new Copy(Paths.at(path, key), Paths.at(source, key), base);
    }
  }

  /**
   * A config with what its parts inherit filled in.
   *
   * @param copies what was filled in; where there is nothing to inherit from, what should have inherited stands for it
   */
  record Completed<M extends Message>(M config, List<Copy> copies) {
    /**
     * Leaves out what is said of a value that was filled in and of the one it came from alike. Where there is nothing
     * to inherit from, that is what is missing, and nothing else.
     */
    List<Violation> withoutRepeats(List<Violation> violations) {
      return violations.stream()
          .filter(v -> copies.stream().noneMatch(copy -> isRepeat(v, copy, violations)))
          .toList();
    }

    private static boolean isRepeat(Violation violation, Copy copy, List<Violation> violations) {
      if (!Paths.isAtOrBelow(violation.path(), copy.path())) {
        return false;
      }
      String source = copy.sourceOf(violation.path());
      return violations.stream()
          .anyMatch(
              said ->
                  said.path().equals(copy.base()) && said.code().equals("required")
                      || said.path().equals(source) && said.code().equals(violation.code()));
    }
  }

  /** Fills in what the parts of a config inherit. */
  static <M extends Message> Completed<M> fill(M config) {
    Inheritance inheritance = new Inheritance(config);
    Message.Builder builder = config.toBuilder();
    Messages.replaceItems(builder, inheritance::completed);
    return new Completed<>(Messages.built(builder, config), inheritance.copies);
  }

  private Object completed(FieldDescriptor field, Messages.Item item) {
    boolean isNamed = field.isMapField() || !field.isRepeated();
    if (!isNamed || !(item.value() instanceof Message message)) {
      return item.value();
    }
    Message.Builder heir = message.toBuilder();
    for (FieldDescriptor toggle : heir.getDescriptorForType().getFields()) {
      String name = toggle.getOptions().getExtension(OptionsProto.inheritsFrom);
      FieldDescriptor base = config.getDescriptorForType().findFieldByName(name);
      if (base != null && base != field) {
        boolean inherits = (Boolean) heir.getField(toggle);
        heir.clearField(toggle);
        if (inherits) {
          inherit(heir, base, new Copy(item.path("", field), name, name));
        }
      }
    }
    return heir.build();
  }

  private void inherit(Message.Builder heir, FieldDescriptor base, Copy whole) {
    if (config.hasField(base)) {
      fill(heir, (Message) config.getField(base), whole);
    } else {
      copies.add(whole);
    }
  }

  /** Copies what is set in {@code base} and unset in a message. */
  private void fill(Message.Builder message, Message base, Copy whole) {
    for (Map.Entry<FieldDescriptor, Object> entry : base.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      Copy here = whole.field(field);
      if (hasOtherMember(message, field)) {
        continue;
      }
      boolean isSet = field.isRepeated() ? message.getRepeatedFieldCount(field) > 0 : message.hasField(field);
      if (!isSet) {
        message.setField(field, entry.getValue());
        copies.add(here);
      } else if (field.isMapField()) {
        fillMap(message, field, entry.getValue(), here);
      } else if (field.getJavaType() == JavaType.MESSAGE && !field.isRepeated()) {
        message.setField(field, filled(message.getField(field), entry.getValue(), here));
      }
    }
  }

  private void fillMap(Message.Builder message, FieldDescriptor field, Object base, Copy whole) {
    Map<Object, Object> entries = new LinkedHashMap<>();
    Messages.items(field, message.getField(field)).forEach(item -> entries.put(item.key(), item.value()));
    for (Messages.Item item : Messages.items(field, base)) {
      Copy here = whole.entry(item.key());
      if (!entries.containsKey(item.key())) {
        entries.put(item.key(), item.value());
        copies.add(here);
      } else if (Messages.holdsMessages(field)) {
        entries.put(item.key(), filled(entries.get(item.key()), item.value(), here));
      }
    }
    List<Message> merged = new ArrayList<>();
    entries.forEach((key, value) -> merged.add(Messages.mapEntry(message, field, key, value)));
    message.setField(field, merged);
  }

  private Message filled(Object message, Object base, Copy whole) {
    Message.Builder builder = ((Message) message).toBuilder();
    fill(builder, (Message) base, whole);
    return builder.build();
  }

  private static boolean hasOtherMember(Message.Builder message, FieldDescriptor field) {
    if (field.getContainingOneof() == null) {
      return false;
    }
    FieldDescriptor member = message.getOneofFieldDescriptor(field.getContainingOneof());
    return member != null && member != field;
  }
}
