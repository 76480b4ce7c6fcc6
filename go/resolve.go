package rankspec

import (
	"errors"
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
// Fields without a default stay unset. Resolving twice changes nothing. The error is that of a schema whose default_items
// are not of the list's type, which no schema of RankSpec has.
//
// Several goroutines may resolve the same config at the same time, as long as none changes it; the copy shares nothing.
func Resolve[M proto.Message](config M) (M, error) {
	resolved := withBlocks(config)
	if err := fill(resolved.ProtoReflect()); err != nil {
		var none M
		return none, err
	}
	return resolved, nil
}

// withBlocks returns a copy in which the messages are present that stand for their defaults when they are absent.
func withBlocks[M proto.Message](config M) M {
	// A nil pointer is an empty message, which a clone of it would not be.
	message := config.ProtoReflect().New()
	proto.Merge(message.Interface(), config)
	for _, name := range blocksOfDefaults {
		if field := message.Descriptor().Fields().ByName(name); field != nil {
			message.Mutable(field)
		}
	}
	return message.Interface().(M)
}

// fill sets what is unset in a message and in those inside it.
func fill(message protoreflect.Message) error {
	fields := message.Descriptor().Fields()
	var err error
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case elementMessage(field) != nil:
			if message.Has(field) {
				eachMessage(field, message.Get(field), "", func(inner protoreflect.Message, _ string) {
					err = errors.Join(err, fill(inner))
				})
			}
		case message.Has(field) || field.IsMap():
		case field.IsList():
			err = errors.Join(err, fillList(message, field))
		case field.HasDefault() && field.ContainingOneof() == nil:
			message.Set(field, field.Default())
		}
	}
	return err
}

// fillList gives an empty list its default items.
func fillList(message protoreflect.Message, field protoreflect.FieldDescriptor) error {
	literals, _ := proto.GetExtension(field.Options(), optionsv1.E_DefaultItems).([]string)
	for _, literal := range literals {
		item, err := parseItem(field, literal)
		if err != nil {
			return fmt.Errorf("the schema's default %q of %s: %w", literal, field.FullName(), err)
		}
		message.Mutable(field).List().Append(item)
	}
	return nil
}

// condense returns a copy of a valid config in which no scalar is set that holds anyway. The blocks of defaults are
// present, as in a resolved config.
func condense(config proto.Message) (protoreflect.Message, error) {
	condensed := withBlocks(config).ProtoReflect()
	return condensed, empty(condensed)
}

// empty unsets what holds anyway in a message and in those inside it.
func empty(message protoreflect.Message) error {
	var err error
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if elementMessage(field) != nil {
			eachMessage(field, value, "", func(inner protoreflect.Message, _ string) {
				err = errors.Join(err, empty(inner))
			})
			return true
		}
		holds, listErr := holdsAnyway(message, field, value)
		if holds {
			message.Clear(field)
		}
		err = errors.Join(err, listErr)
		return true
	})
	return err
}

// holdsAnyway tells whether a scalar or a list of scalars says what it would say if it were unset.
func holdsAnyway(
	message protoreflect.Message, field protoreflect.FieldDescriptor, value protoreflect.Value,
) (bool, error) {
	switch {
	case field.IsMap():
		return false, nil
	case field.IsList():
		unset := message.New()
		if err := fillList(unset, field); err != nil {
			return false, err
		}
		return unset.Get(field).Equal(value), nil
	default:
		return field.HasDefault() && field.ContainingOneof() == nil && value.Equal(field.Default()), nil
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
