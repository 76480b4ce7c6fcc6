package rankspec

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

var reference = regexp.MustCompile(`\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}|\$\{[^}]*\}?`)

// replaceVariables replaces ${NAME} and ${NAME:-default} in the string values of a message, in place.
func replaceVariables(message protoreflect.Message, path string, variables map[string]string) []Violation {
	var violations []Violation
	expand := func(at, text string) string {
		expanded, violation := expandText(text, variables)
		if violation != nil {
			violation.Path = at
			violations = append(violations, *violation)
			return text
		}
		return expanded
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		at := join(path, string(field.Name()))
		holder := field
		if field.IsMap() {
			holder = field.MapValue()
		}
		switch {
		case holder.Message() != nil:
			eachMessage(field, value, at, func(inner protoreflect.Message, at string) {
				violations = append(violations, replaceVariables(inner, at, variables)...)
			})
		case holder.Kind() == protoreflect.StringKind:
			expandStrings(message, field, value, at, expand)
		}
		return true
	})
	return violations
}

// expandStrings replaces the string values of one field.
func expandStrings(
	message protoreflect.Message, field protoreflect.FieldDescriptor, value protoreflect.Value, path string,
	expand func(path, text string) string,
) {
	switch {
	case field.IsMap():
		entries := value.Map()
		entries.Range(func(key protoreflect.MapKey, item protoreflect.Value) bool {
			entries.Set(key, protoreflect.ValueOfString(expand(keyed(path, key), item.String())))
			return true
		})
	case field.IsList():
		items := value.List()
		for i := range items.Len() {
			items.Set(i, protoreflect.ValueOfString(expand(indexed(path, i), items.Get(i).String())))
		}
	default:
		message.Set(field, protoreflect.ValueOfString(expand(path, value.String())))
	}
}

// expandText replaces the references of one value, or says what is wrong with the first that is wrong.
func expandText(text string, variables map[string]string) (string, *Violation) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	var violation *Violation
	expanded := reference.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$${" {
			return "${"
		}
		parts := reference.FindStringSubmatch(found)
		name, fallback := parts[1], parts[2]
		value, isSet := variables[name]
		switch {
		case violation != nil:
		case name == "":
			violation = &Violation{Code: "env.malformed", Message: fmt.Sprintf("%q is no reference to a variable", found)}
		case fallback != "" && value == "":
			return fallback[len(":-"):]
		case !isSet:
			violation = &Violation{Code: "env.unset", Message: fmt.Sprintf("the variable %s is not set", name)}
		case !isText(value):
			violation = &Violation{Code: "env.not_text", Message: fmt.Sprintf(notText, name)}
		}
		return value
	})
	return expanded, violation
}

const notText = "the value of the variable %[1]s is no text: it has bytes that are not UTF-8, or U+FFFD for them; " +
	"set %[1]s to text in UTF-8"

// isText tells whether a value is the same text in every language: the replacement character is what some make of other bytes.
func isText(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsRune(value, utf8.RuneError)
}

// eachMessage calls a function with every message that a field of messages holds, and its path.
func eachMessage(
	field protoreflect.FieldDescriptor, value protoreflect.Value, path string,
	do func(inner protoreflect.Message, path string),
) {
	switch {
	case field.IsMap():
		value.Map().Range(func(key protoreflect.MapKey, item protoreflect.Value) bool {
			do(item.Message(), keyed(path, key))
			return true
		})
	case field.IsList():
		for i := range value.List().Len() {
			do(value.List().Get(i).Message(), indexed(path, i))
		}
	default:
		do(value.Message(), path)
	}
}
