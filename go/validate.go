package rankspec

import (
	"errors"
	"regexp"
	"strings"
	"sync"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var validator = sync.OnceValues(func() (protovalidate.Validator, error) { return protovalidate.New() })

// A line of a rule over several fields: the offending field's path and what is wrong.
var ruleLine = regexp.MustCompile(
	`(?s)^([A-Za-z_](?:[A-Za-z0-9_.]|\[[0-9]+\]|\["(?:[^"\\]|\\.)*"\])*): (.*)$`)

// Prewarm compiles the rules of a config's type, so that the first config is checked as quickly as every later one.
//
// Nothing in the config is looked at but its type. It may be called at any time.
func Prewarm(config proto.Message) error {
	var violated *protovalidate.ValidationError
	if err := validateWith(config.ProtoReflect().Type().New().Interface()); err != nil && !errors.As(err, &violated) {
		return err
	}
	return nil
}

// Validate judges a config by every rule of the schema.
//
// Its error is an [*InvalidError] without places, or that of rules that cannot be compiled or evaluated. Several goroutines
// may validate the same config at the same time, as long as none changes it.
func Validate(config proto.Message) error {
	violations, err := judge(config)
	if err != nil {
		return err
	}
	return invalid("", violations...)
}

// judge finds what is wrong with a config. Its error is that of rules that cannot be compiled or evaluated.
func judge(config proto.Message) ([]Violation, error) {
	if found := tooMany(config.ProtoReflect(), ""); len(found) > 0 {
		return found, nil
	}
	err := validateWith(config)
	var violated *protovalidate.ValidationError
	if !errors.As(err, &violated) {
		return nil, err
	}
	return violationsOf(violated, config.ProtoReflect().Descriptor()), nil
}

func validateWith(config proto.Message) error {
	v, err := validator()
	if err != nil {
		return err
	}
	return v.Validate(config)
}

// violationsOf turns what protovalidate reports into violations at the fields that are to be changed.
//
// A number that is not finite is that and nothing else: the ranges that it also misses are left out.
func violationsOf(violated *protovalidate.ValidationError, config protoreflect.MessageDescriptor) []Violation {
	var found []Violation
	notFinite := map[string]bool{}
	for _, violation := range violated.Violations {
		if code := violation.Proto.GetRuleId(); !isOurs(violation.Proto) && strings.HasSuffix(code, ".finite") {
			notFinite[violationPath(violation.Proto.GetField().GetElements())] = true
		}
	}
	for _, violation := range violated.Violations {
		site := violationPath(violation.Proto.GetField().GetElements())
		code, text := violation.Proto.GetRuleId(), violation.Proto.GetMessage()
		switch {
		case isOurs(violation.Proto):
			found = append(found, ruleViolations(site, code, text, config)...)
		case !notFinite[site] || strings.HasSuffix(code, ".finite"):
			found = append(found, Violation{Path: site, Code: code, Message: text})
		}
	}
	return found
}

// isOurs tells a CEL rule of the schema from protovalidate's standard rules.
func isOurs(violation *validate.Violation) bool {
	code, rule := violation.GetRuleId(), violation.GetRule().GetElements()
	return strings.Contains(code, ".") && code != "message.oneof" &&
		(len(rule) == 0 || rule[len(rule)-1].GetFieldName() == "cel")
}

// ruleViolations splits the text of a rule over several fields into lines, each of which begins with the path of a field.
func ruleViolations(site, code, text string, config protoreflect.MessageDescriptor) []Violation {
	holder := config
	if site != "" {
		holder = nil
		if field := fieldAt(config, site); field != nil {
			holder = elementMessage(field)
		}
	}
	var found []Violation
	for line := range strings.SplitSeq(text, "\n") {
		match := ruleLine.FindStringSubmatch(line)
		if match == nil || holder == nil || fieldAt(holder, match[1]) == nil {
			return []Violation{{Path: site, Code: code, Message: text}}
		}
		found = append(found, Violation{Path: join(site, match[1]), Code: code, Message: match[2]})
	}
	return found
}
