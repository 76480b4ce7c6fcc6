package rankspec

import (
	"fmt"
	"strconv"

	optionsv1 "github.com/rankspec/rankspec/gen/go/rankspec/options/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Absent messages of the config itself that stand for their defaults. Every other absent message switches its feature off.
var blocksOfDefaults = []protoreflect.Name{"training", "runtime"}

// Resolve returns a copy of a valid config with every default of the schema filled in, in every message that is present.
//
// Fields without a default stay unset. Resolving twice changes nothing.
func Resolve[M proto.Message](config M) M {
	resolved := withBlocks(config)
	fill(resolved.ProtoReflect())
	return resolved
}

// withBlocks returns a copy in which the messages are present that stand for their defaults when they are absent.
func withBlocks[M proto.Message](config M) M {
	clone := proto.CloneOf(config)
	message := clone.ProtoReflect()
	for _, name := range blocksOfDefaults {
		if field := message.Descriptor().Fields().ByName(name); field != nil {
			message.Mutable(field)
		}
	}
	return clone
}

// fill sets what is unset in a message and in those inside it.
func fill(message protoreflect.Message) {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case elementMessage(field) != nil:
			if message.Has(field) {
				eachMessage(field, message.Get(field), "", func(inner protoreflect.Message, _ string) { fill(inner) })
			}
		case message.Has(field) || field.IsMap():
		case field.IsList():
			fillList(message, field)
		case field.HasDefault() && field.ContainingOneof() == nil:
			message.Set(field, field.Default())
		}
	}
}

func fillList(message protoreflect.Message, field protoreflect.FieldDescriptor) {
	literals, _ := proto.GetExtension(field.Options(), optionsv1.E_DefaultItems).([]string)
	for _, literal := range literals {
		item, err := parseItem(field, literal)
		if err != nil {
			// The schema's tests read every default.
			panic(fmt.Sprintf("the schema's default %q of %s: %v", literal, field.FullName(), err))
		}
		message.Mutable(field).List().Append(item)
	}
}

// condense returns a copy of a valid config in which no scalar is set that holds anyway. The blocks of defaults are
// present, as in a resolved config.
func condense[M proto.Message](config M) M {
	condensed := withBlocks(config)
	empty(condensed.ProtoReflect())
	return condensed
}

// empty unsets what holds anyway in a message and in those inside it.
func empty(message protoreflect.Message) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case elementMessage(field) != nil:
			eachMessage(field, value, "", func(inner protoreflect.Message, _ string) { empty(inner) })
		case holdsAnyway(message, field, value):
			message.Clear(field)
		}
		return true
	})
}

// holdsAnyway tells whether a scalar or a list of scalars says what it would say if it were unset.
func holdsAnyway(message protoreflect.Message, field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
	switch {
	case field.IsMap():
		return false
	case field.IsList():
		unset := message.New()
		fillList(unset, field)
		return unset.Get(field).Equal(value)
	default:
		return field.HasDefault() && field.ContainingOneof() == nil && value.Equal(field.Default())
	}
}

// parseItem reads an item of a list's default.
func parseItem(field protoreflect.FieldDescriptor, literal string) (protoreflect.Value, error) {
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(literal), nil
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(literal == "true"), nil
	case protoreflect.EnumKind:
		if value := field.Enum().Values().ByName(protoreflect.Name(literal)); value != nil {
			return protoreflect.ValueOfEnum(value.Number()), nil
		}
		return protoreflect.Value{}, fmt.Errorf("%s has no such value", field.Enum().FullName())
	case protoreflect.DoubleKind:
		number, err := strconv.ParseFloat(literal, 64)
		return protoreflect.ValueOfFloat64(number), err
	case protoreflect.Int32Kind:
		number, err := strconv.ParseInt(literal, 10, 32)
		return protoreflect.ValueOfInt32(int32(number)), err
	case protoreflect.Int64Kind:
		number, err := strconv.ParseInt(literal, 10, 64)
		return protoreflect.ValueOfInt64(number), err
	default:
		return protoreflect.Value{}, fmt.Errorf("items of type %s have no defaults", field.Kind())
	}
}
