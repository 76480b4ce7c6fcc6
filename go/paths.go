package rankspec

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var (
	pathStep = regexp.MustCompile(
		`(?s)^([A-Za-z_][A-Za-z0-9_]*)(?:\[(?:("(?:[^"\\]|\\.)*")|(-?[0-9]+)|(true|false))\])?(?:\.|\z)`)
	keyEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
)

// join appends a field's name to a path.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// indexed appends a list index to a path.
func indexed(path string, index int) string {
	return path + "[" + strconv.Itoa(index) + "]"
}

// keyed appends a map key to a path.
func keyed(path string, key protoreflect.MapKey) string {
	if text, ok := key.Interface().(string); ok {
		return path + quotedKey(text)
	}
	return fmt.Sprintf("%s[%v]", path, key.Interface())
}

// quotedKey escapes quotes and backslashes alone, unlike strconv.Quote, so that all languages write the same path.
func quotedKey(key string) string {
	return `["` + keyEscaper.Replace(key) + `"]`
}

// parentOf returns the path of what contains a field, an item or an entry; empty for the config itself.
func parentOf(path string) string {
	end, inQuotes := 0, false
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case inQuotes && c == '\\':
			i++
		case c == '"':
			inQuotes = !inQuotes
		case !inQuotes && (c == '.' || c == '['):
			end = i
		}
	}
	return path[:end]
}

// isAtOrBelow tells whether a path is another one, or names something inside of what that names.
func isAtOrBelow(path, ancestor string) bool {
	if len(path) < len(ancestor) || path[:len(ancestor)] != ancestor {
		return false
	}
	return len(path) == len(ancestor) || path[len(ancestor)] == '.' || path[len(ancestor)] == '['
}

// violationPath writes a path as protovalidate reports it.
func violationPath(elements []*validate.FieldPathElement) string {
	path := ""
	for _, element := range elements {
		path = join(path, element.GetFieldName())
		switch subscript := element.GetSubscript().(type) {
		case *validate.FieldPathElement_Index:
			path += "[" + strconv.FormatUint(subscript.Index, 10) + "]"
		case *validate.FieldPathElement_BoolKey:
			path += "[" + strconv.FormatBool(subscript.BoolKey) + "]"
		case *validate.FieldPathElement_IntKey:
			path += "[" + strconv.FormatInt(subscript.IntKey, 10) + "]"
		case *validate.FieldPathElement_UintKey:
			path += "[" + strconv.FormatUint(subscript.UintKey, 10) + "]"
		case *validate.FieldPathElement_StringKey:
			path += quotedKey(subscript.StringKey)
		}
	}
	return path
}

// fieldAt follows a path through message types. It returns nil if the path names no field.
func fieldAt(message protoreflect.MessageDescriptor, path string) protoreflect.FieldDescriptor {
	var field protoreflect.FieldDescriptor
	for rest := path; rest != ""; {
		match := pathStep.FindStringSubmatch(rest)
		if match == nil || message == nil {
			return nil
		}
		if len(match[0]) == len(rest) && strings.HasSuffix(rest, ".") {
			return nil
		}
		field = message.Fields().ByName(protoreflect.Name(match[1]))
		hasKey := match[2]+match[3]+match[4] != ""
		if field == nil || (hasKey && !takesKey(field, match)) {
			return nil
		}
		message = elementMessage(field)
		if field.Cardinality() == protoreflect.Repeated && !hasKey {
			message = nil
		}
		rest = rest[len(match[0]):]
	}
	return field
}

// takesKey tells whether the key in a step is one of the field's.
func takesKey(field protoreflect.FieldDescriptor, step []string) bool {
	text, number, truth := step[2], step[3], step[4]
	switch {
	case field.IsList():
		return number != "" && !strings.HasPrefix(number, "-")
	case !field.IsMap():
		return false
	case field.MapKey().Kind() == protoreflect.StringKind:
		return text != ""
	case field.MapKey().Kind() == protoreflect.BoolKind:
		return truth != ""
	default:
		return number != ""
	}
}

// elementMessage returns the message type of a field, of a list's items or of a map's values; nil for scalars.
func elementMessage(field protoreflect.FieldDescriptor) protoreflect.MessageDescriptor {
	if field.IsMap() {
		field = field.MapValue()
	}
	return field.Message()
}
