package rankspec_test

import (
	"errors"
	"slices"
	"testing"

	"buf.build/go/protovalidate"
	recapv1 "github.com/rankspec/rankspec/gen/go/rankspec/recap/v1"
)

func TestUnsetFieldsReadAsTheirSchemaDefaults(t *testing.T) {
	config := &recapv1.RecapConfig{}
	if got, want := config.GetTraining().GetNumTrainSteps(), int64(1_000_000); got != want {
		t.Errorf("training.num_train_steps: got %d, want %d", got, want)
	}
	if config.GetTraining() != nil {
		t.Error("reading a default set the message that holds it")
	}
}

func TestEveryViolationIsReportedWithItsPathAndRule(t *testing.T) {
	config := &recapv1.RecapConfig{Training: &recapv1.TrainingConfig{}}
	config.Training.NumTrainSteps = new(int64(-5))

	var violated *protovalidate.ValidationError
	if err := protovalidate.Validate(config); !errors.As(err, &violated) {
		t.Fatalf("got %v, want a validation error", err)
	}
	var got []string
	for _, violation := range violated.Violations {
		path := protovalidate.FieldPathString(violation.Proto.GetField())
		got = append(got, path+" "+violation.Proto.GetRuleId())
	}
	slices.Sort(got)
	want := []string{
		"model required",
		"optimizer required",
		"train_data required",
		"training.num_train_steps int64.gt",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
