package rankspec

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	optionsv1 "github.com/rankspec/rankspec/gen/go/rankspec/options/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const canonicalForm = "rankspec-fingerprint-2"

// An Identity is the fingerprint of a config: SHA-256 hashes in hexadecimal, the same in every language.
type Identity struct {
	// Semantic is of everything that takes part in what the trained model computes.
	Semantic string
	// Full is of everything.
	Full string
}

// A Part is what of a config is identified.
type Part int

const (
	// FullPart is the whole config.
	FullPart Part = iota
	// SemanticPart is what takes part in what the trained model computes.
	SemanticPart
)

// Fingerprint identifies a valid config, however it is written and whether or not defaults are written out.
//
// The error is as of [Resolve], and so are calls at the same time.
func Fingerprint(config proto.Message) (Identity, error) {
	condensed, err := condense(config)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Semantic: hash(formOf(condensed, SemanticPart)), Full: hash(formOf(condensed, FullPart))}, nil
}

func hash(form string) string {
	sum := sha256.Sum256([]byte(form))
	return hex.EncodeToString(sum[:])
}

// CanonicalForm writes a part of a valid config in the form whose hash is its fingerprint: ASCII, a line for each value.
//
// The error is as of [Resolve], and so are calls at the same time.
func CanonicalForm(config proto.Message, part Part) (string, error) {
	condensed, err := condense(config)
	if err != nil {
		return "", err
	}
	return formOf(condensed, part), nil
}

func formOf(condensed protoreflect.Message, part Part) string {
	lines := formLines(nil, condensed, "", part)
	slices.Sort(lines)
	header := []string{canonicalForm, string(condensed.Descriptor().FullName())}
	return strings.Join(append(header, lines...), "\n") + "\n"
}

// formLines appends a line for every value in a message.
func formLines(lines []string, message protoreflect.Message, path string, part Part) []string {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if part == FullPart || isSemantic(field) {
			lines = fieldLines(lines, field, value, join(path, string(field.Name())), part)
		}
		return true
	})
	return lines
}

func isSemantic(field protoreflect.FieldDescriptor) bool {
	return proto.GetExtension(field.Options(), optionsv1.E_Effect) == optionsv1.Effect_EFFECT_SEMANTIC
}

func fieldLines(
	lines []string, field protoreflect.FieldDescriptor, value protoreflect.Value, path string, part Part,
) []string {
	switch {
	case field.IsMap():
		value.Map().Range(func(key protoreflect.MapKey, item protoreflect.Value) bool {
			lines = valueLines(lines, field.MapValue(), item, path+"["+formKey(key)+"]", part)
			return true
		})
	case field.IsList():
		for i := range value.List().Len() {
			lines = valueLines(lines, field, value.List().Get(i), indexed(path, i), part)
		}
	default:
		lines = valueLines(lines, field, value, path, part)
	}
	return lines
}

// valueLines appends the line of a single value, and of what is inside it.
func valueLines(
	lines []string, field protoreflect.FieldDescriptor, value protoreflect.Value, path string, part Part,
) []string {
	if field.Message() != nil {
		return formLines(append(lines, path+"={}"), value.Message(), path, part)
	}
	return append(lines, path+"="+formValue(field, value))
}

func formKey(key protoreflect.MapKey) string {
	if text, ok := key.Interface().(string); ok {
		return formText([]byte(text))
	}
	return fmt.Sprint(key.Interface())
}

func formValue(field protoreflect.FieldDescriptor, value protoreflect.Value) string {
	switch field.Kind() {
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return formReal(value.Float())
	case protoreflect.StringKind:
		return formText([]byte(value.String()))
	case protoreflect.BytesKind:
		return formText(value.Bytes())
	case protoreflect.EnumKind:
		return strconv.Itoa(int(value.Enum()))
	default:
		return fmt.Sprint(value.Interface())
	}
}

// formReal writes the bits of a number; both zeros are one, and so are all NaNs.
func formReal(number float64) string {
	switch {
	case math.IsNaN(number):
		return "7ff8000000000000"
	case number == 0:
		return "0000000000000000"
	default:
		return fmt.Sprintf("%016x", math.Float64bits(number))
	}
}

func formText(text []byte) string {
	var form strings.Builder
	form.WriteByte('"')
	for _, b := range text {
		if b < 0x20 || b > 0x7e || b == '"' || b == '\\' {
			fmt.Fprintf(&form, `\x%02x`, b)
		} else {
			form.WriteByte(b)
		}
	}
	form.WriteByte('"')
	return form.String()
}
