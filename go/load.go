package rankspec

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Options say how a config is loaded. The zero value reads a config that has no variables. Loading only reads them, so that
// loads at the same time may share the map.
type Options struct {
	// File is the config's name in errors.
	File string
	// Variables are what ${NAME} in string values stands for. [Environment] returns those of the process.
	Variables map[string]string
}

// LoadText reads a config in the text format, replaces its variables, fills in what its parts inherit and validates it.
//
// The text has to be in the portable subset, which every language reads alike. What is in config before is lost. If the
// error is not nil, config is not to be used; an [*InvalidError] then has every violation, of a text that cannot be
// read only the first. Other errors are those of rules that cannot be compiled or evaluated.
//
// Loads at the same time need a config each. No other goroutine may use config before LoadText returns.
func LoadText(data []byte, config proto.Message, options Options) error {
	proto.Reset(config)
	message := config.ProtoReflect()
	places, err := checkPortable(data, message.Descriptor())
	if err == nil {
		if err = prototext.Unmarshal(data, config); err != nil {
			err = &mistake{"parse.syntax", err.Error(), "", 0}
		}
	}
	var found *mistake
	if errors.As(err, &found) {
		violation := Violation{Path: found.path, Code: found.code, Message: found.message}
		violation.Line, violation.Column = lineAndColumn(data, found.offset)
		return invalid(options.File, violation)
	}
	return finish(config, options, func(violations []Violation, copies []filled) {
		newPlacer(places, copies).locate(violations, data)
	})
}

// LoadBinary reads a config in the binary form, replaces its variables and validates it, as [LoadText] does.
//
// What the schema does not know is refused: a config of a newer schema may ask for what this one cannot do. Calls at the
// same time are as of [LoadText].
func LoadBinary(data []byte, config proto.Message, options Options) error {
	if len(data) > maxBytes {
		return invalid(options.File, Violation{
			Code: "parse.too_large", Message: fmt.Sprintf("a config has at most %d bytes", maxBytes),
		})
	}
	if err := proto.Unmarshal(data, config); err != nil {
		return invalid(options.File, Violation{Code: "parse.syntax", Message: err.Error()})
	}
	if unknown := unknownFields(config.ProtoReflect(), ""); len(unknown) > 0 {
		return invalid(options.File, unknown...)
	}
	return finish(config, options, func([]Violation, []filled) {})
}

// finish does what follows the reading of every form.
func finish(config proto.Message, options Options, locate func([]Violation, []filled)) error {
	violations := replaceVariables(config.ProtoReflect(), "", options.Variables)
	if len(violations) == 0 {
		// What is inherited is copied for each heir, so that both are counted before.
		violations = tooMany(config.ProtoReflect(), "")
	}
	var copies []filled
	if len(violations) == 0 {
		copies = inherit(config.ProtoReflect())
		found, err := judge(config)
		if err != nil {
			return err
		}
		violations = withoutRepeats(found, copies)
	}
	locate(violations, copies)
	return invalid(options.File, violations...)
}

// unknownFields finds the messages that hold what the schema does not know.
func unknownFields(message protoreflect.Message, path string) []Violation {
	var found []Violation
	if len(message.GetUnknown()) > 0 {
		what := fmt.Sprintf("there are fields that %s does not have", message.Descriptor().Name())
		found = append(found, Violation{Path: path, Code: "parse.unknown_field", Message: what})
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if elementMessage(field) != nil {
			eachMessage(field, value, join(path, string(field.Name())), func(inner protoreflect.Message, at string) {
				found = append(found, unknownFields(inner, at)...)
			})
		}
		return true
	})
	return found
}
