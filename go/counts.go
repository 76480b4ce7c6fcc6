package rankspec

import (
	"fmt"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// No bound of the schema is smaller, so that shorter lists need not be looked up.
const smallestBound = 16

// tooMany finds every list and map that has more items than its field allows.
//
// It comes before all other rules, which are written for configs that people write.
func tooMany(message protoreflect.Message, path string) []Violation {
	var found []Violation
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		here := join(path, string(field.Name()))
		if violation := countViolation(field, value, here); violation != nil {
			found = append(found, *violation)
		} else if elementMessage(field) != nil {
			eachMessage(field, value, here, func(inner protoreflect.Message, path string) {
				found = append(found, tooMany(inner, path)...)
			})
		}
		return true
	})
	return found
}

func countViolation(field protoreflect.FieldDescriptor, value protoreflect.Value, path string) *Violation {
	size, code := 0, "repeated.max_items"
	switch {
	case field.IsMap():
		size, code = value.Map().Len(), "map.max_pairs"
	case field.IsList():
		size = value.List().Len()
	}
	if size <= smallestBound {
		return nil
	}
	rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	bound := rules.GetRepeated().GetMaxItems()
	if field.IsMap() {
		bound = rules.GetMap().GetMaxPairs()
	}
	if bound == 0 || uint64(size) <= bound {
		return nil
	}
	return &Violation{Path: path, Code: code, Message: fmt.Sprintf("has %d items, and may have %d", size, bound)}
}
