package rankspec

import (
	"slices"

	optionsv1 "github.com/rankspec/rankspec/gen/go/rankspec/options/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// filled is a value that one part of a config took from another.
type filled struct {
	path   string // where
	source string // the path it came from
	base   string // what is inherited from; it contains the source
}

// below returns what was filled in at a field of the value.
func (f filled) below(step func(path string) string) filled {
	return filled{step(f.path), step(f.source), f.base}
}

// inherit fills in, in place, what parts of a config take from others: where a bool with the option inherits_from is true,
// everything that is unset there and set in the config's field that the option names. The bool is dropped.
func inherit(config protoreflect.Message) []filled {
	var copies []filled
	config.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		inner := elementMessage(field)
		if inner == nil || field.IsList() {
			return true
		}
		for i := range inner.Fields().Len() {
			toggle := inner.Fields().Get(i)
			name, _ := proto.GetExtension(toggle.Options(), optionsv1.E_InheritsFrom).(string)
			base := config.Descriptor().Fields().ByName(protoreflect.Name(name))
			if base == nil || base == field {
				continue
			}
			eachMessage(field, value, string(field.Name()), func(heir protoreflect.Message, path string) {
				if heir.Get(toggle).Bool() {
					copies = append(copies, inheritFrom(config, base, heir, filled{path, name, name})...)
				}
				heir.Clear(toggle)
			})
		}
		return true
	})
	return copies
}

// inheritFrom fills in a part of a config. Where there is nothing to inherit from, the part itself stands for all that
// should have been filled in.
func inheritFrom(config protoreflect.Message, base protoreflect.FieldDescriptor, heir protoreflect.Message, whole filled) []filled {
	if !config.Has(base) {
		return []filled{whole}
	}
	// A copy for each heir, so that changing one does not change the others.
	return fillFrom(heir, proto.Clone(config.Get(base).Message().Interface()).ProtoReflect(), whole)
}

// fillFrom moves what is set in base and unset in message: blocks field by field, maps key by key, a list if it is
// empty, a oneof if no member of it is set.
func fillFrom(message, base protoreflect.Message, whole filled) []filled {
	var copies []filled
	base.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		here := whole.below(func(path string) string { return join(path, string(field.Name())) })
		switch {
		case hasOtherMember(message, field):
		case !message.Has(field):
			message.Set(field, value)
			copies = append(copies, here)
		case field.IsMap():
			copies = append(copies, fillMap(message.Mutable(field).Map(), field, value.Map(), here)...)
		case field.Message() != nil && !field.IsList():
			copies = append(copies, fillFrom(message.Mutable(field).Message(), value.Message(), here)...)
		}
		return true
	})
	return copies
}

func fillMap(entries protoreflect.Map, field protoreflect.FieldDescriptor, base protoreflect.Map, whole filled) []filled {
	var copies []filled
	base.Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		here := whole.below(func(path string) string { return keyed(path, key) })
		switch {
		case !entries.Has(key):
			entries.Set(key, value)
			copies = append(copies, here)
		case field.MapValue().Message() != nil:
			copies = append(copies, fillFrom(entries.Mutable(key).Message(), value.Message(), here)...)
		}
		return true
	})
	return copies
}

// hasOtherMember tells whether another member of the field's oneof is set.
func hasOtherMember(message protoreflect.Message, field protoreflect.FieldDescriptor) bool {
	if field.ContainingOneof() == nil {
		return false
	}
	member := message.WhichOneof(field.ContainingOneof())
	return member != nil && member != field
}

// withoutRepeats leaves out what is said of a value that was filled in and of the one it came from alike. Where there is
// nothing to inherit from, that is what is missing, and nothing else.
func withoutRepeats(violations []Violation, copies []filled) []Violation {
	type finding struct{ path, code string }
	said := make(map[finding]bool, len(violations))
	for _, v := range violations {
		said[finding{v.Path, v.Code}] = true
	}
	return slices.DeleteFunc(violations, func(v Violation) bool {
		return slices.ContainsFunc(copies, func(c filled) bool {
			return isAtOrBelow(v.Path, c.path) &&
				(said[finding{c.base, "required"}] || said[finding{c.source + v.Path[len(c.path):], v.Code}])
		})
	})
}
