package rankspec

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

var (
	decimalInteger = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)$`)
	hexInteger     = regexp.MustCompile(`^-?0x[0-9a-fA-F]+$`)
	realNumber     = regexp.MustCompile(`^-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?$`)
	notFinite      = regexp.MustCompile(`(?i)^(?:nan|-?inf(?:inity)?)$`)
	// What some library reads as a whole number, a bool or a real number although it is none of the above.
	lenientInteger = regexp.MustCompile(`(?i)^[+-]?(?:[0-9][0-9_]*|0x[0-9a-f_]+|0o[0-7_]+|0b[01_]+)$`)
	lenientBool    = regexp.MustCompile(`(?i)^[+-]?(?:0x|0o|0b)?0*[01]$`)
	lenientReal    = regexp.MustCompile(
		`(?i)^[+-]?(?:[0-9_]*\.?[0-9_]*(?:e[+-]?[0-9_]+)?f*|0x[0-9a-f_]+|0o[0-7_]+|0b[01_]+|nanf?|inf(?:inity)?f?)$`)
	escape = regexp.MustCompile(`^\\(?:[abfnrtv\\'"]|[0-7]{1,3}|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`)
)

// checkLiteral checks that a field takes a literal in its spelling.
//
// It returns the value as far as map keys need it to be told apart: equal values give equal texts.
func checkLiteral(field protoreflect.FieldDescriptor, literal []token) (string, error) {
	first := literal[0]
	isString := first.kind == stringToken
	switch kind := field.Kind(); {
	case kind == protoreflect.StringKind || kind == protoreflect.BytesKind:
		if !isString {
			return "", wrongType(field, first)
		}
		return checkStrings(field, literal)
	case isString:
		return "", wrongType(field, first)
	case kind == protoreflect.BoolKind:
		return checkBool(field, first)
	case kind == protoreflect.EnumKind:
		return "", checkEnum(field, first)
	case kind == protoreflect.DoubleKind || kind == protoreflect.FloatKind:
		return "", checkReal(field, first)
	default:
		return checkInteger(field, first)
	}
}

// wrongType says that a literal is not the field's, or is in a spelling that only some libraries read.
func wrongType(field protoreflect.FieldDescriptor, found token) error {
	lenient, code := lenientInteger, "parse.not_portable.number"
	switch field.Kind() {
	case protoreflect.StringKind, protoreflect.BytesKind:
		lenient = nil
	case protoreflect.BoolKind:
		lenient, code = lenientBool, "parse.not_portable.bool"
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		lenient = lenientReal
	}
	if lenient != nil && lenient.MatchString(found.text) {
		return &mistake{code, fmt.Sprintf("%.40s is not read alike by all languages", found.text), "", found.start}
	}
	what := fmt.Sprintf("%s takes a %s, not %.40s", field.Name(), field.Kind(), found.text)
	return &mistake{"parse.wrong_type", what, "", found.start}
}

func outOfRange(field protoreflect.FieldDescriptor, found token) error {
	return &mistake{"parse.out_of_range", fmt.Sprintf("%.40s is out of the range of %s", found.text, field.Kind()), "", found.start}
}

func checkInteger(field protoreflect.FieldDescriptor, found token) (string, error) {
	text := found.text
	if !decimalInteger.MatchString(text) && !hexInteger.MatchString(text) {
		return "", wrongType(field, found)
	}
	bits, isSigned := integerSize(field.Kind())
	if isSigned {
		value, err := strconv.ParseInt(text, 0, bits)
		if err != nil {
			return "", outOfRange(field, found)
		}
		return strconv.FormatInt(value, 10), nil
	}
	if strings.HasPrefix(text, "-") && strings.Trim(text, "-0x") == "" {
		return "", &mistake{"parse.not_portable.number", text + " for an unsigned field is refused by some languages", "", found.start}
	}
	value, err := strconv.ParseUint(text, 0, bits)
	if err != nil {
		return "", outOfRange(field, found)
	}
	return strconv.FormatUint(value, 10), nil
}

func integerSize(kind protoreflect.Kind) (bits int, isSigned bool) {
	switch kind {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return 32, true
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return 32, false
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return 64, false
	default:
		return 64, true
	}
}

func checkReal(field protoreflect.FieldDescriptor, found token) error {
	if !realNumber.MatchString(found.text) && !notFinite.MatchString(found.text) {
		return wrongType(field, found)
	}
	return nil
}

func checkBool(field protoreflect.FieldDescriptor, found token) (string, error) {
	switch found.text {
	case "true", "True", "t", "1":
		return "true", nil
	case "false", "False", "f", "0":
		return "false", nil
	}
	return "", wrongType(field, found)
}

func checkEnum(field protoreflect.FieldDescriptor, found token) error {
	values := field.Enum().Values()
	if values.ByName(protoreflect.Name(found.text)) != nil {
		return nil
	}
	if !decimalInteger.MatchString(found.text) && !hexInteger.MatchString(found.text) {
		if found.kind == wordToken {
			return unknownEnumValue(field, found)
		}
		return wrongType(field, found)
	}
	number, err := strconv.ParseInt(found.text, 0, 32)
	if err != nil {
		return outOfRange(field, found)
	}
	if field.Enum().IsClosed() && values.ByNumber(protoreflect.EnumNumber(number)) == nil {
		return unknownEnumValue(field, found)
	}
	return nil
}

func unknownEnumValue(field protoreflect.FieldDescriptor, found token) error {
	message := fmt.Sprintf("%.40s is not a value of %s", found.text, field.Enum().Name())
	return &mistake{"parse.unknown_enum_value", message, "", found.start}
}

func checkStrings(field protoreflect.FieldDescriptor, literal []token) (string, error) {
	var value []byte
	for _, part := range literal {
		var err error
		if value, err = appendUnescaped(value, part); err != nil {
			return "", err
		}
	}
	if field.Kind() == protoreflect.StringKind && !utf8.Valid(value) {
		return "", &mistake{"parse.not_portable.utf8", "the bytes of a string are not UTF-8", "", literal[0].start}
	}
	return string(value), nil
}

func appendUnescaped(value []byte, literal token) ([]byte, error) {
	text := literal.text[1 : len(literal.text)-1]
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == 0:
			return nil, &mistake{"parse.not_portable.control_character",
				"a raw U+0000 in a string is not read alike by all languages", "", literal.start + 1 + i}
		case c != '\\':
			value = append(value, c)
			i++
		default:
			found := escape.FindString(text[i:])
			unescaped, ok := unescape(found)
			if !ok {
				return nil, &mistake{"parse.not_portable.escape",
					"an escape is not read alike by all languages", "", literal.start + 1 + i}
			}
			value = append(value, unescaped...)
			i += len(found)
		}
	}
	return value, nil
}

// unescape returns the bytes of an escape; false if it is none, or stands for nothing in all languages.
func unescape(found string) (string, bool) {
	if found == "" {
		return "", false
	}
	const names, meanings = `abfnrtv\'"`, "\a\b\f\n\r\t\v\\'\""
	if simple := strings.IndexByte(names, found[1]); simple >= 0 {
		return meanings[simple : simple+1], true
	}
	digits, base := found[1:], 8
	if !isDigit(found[1]) {
		digits, base = found[2:], 16
	}
	code, err := strconv.ParseUint(digits, base, 32)
	if found[1] == 'u' || found[1] == 'U' {
		return string(rune(code)), err == nil && code <= utf8.MaxRune && utf8.ValidRune(rune(code))
	}
	return string([]byte{byte(code)}), err == nil && code <= 0xff
}
