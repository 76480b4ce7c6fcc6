package rankspec_test

import (
	"strings"
	"testing"

	recapv1 "github.com/rankspec/rankspec/gen/go/rankspec/recap/v1"
	rankspec "github.com/rankspec/rankspec/go"
)

func TestErrorIsOneLineAndItsReportHasALineForEachViolation(t *testing.T) {
	for _, test := range []struct{ text, more string }{
		{"layer_sizes: [1, 0]", ""},
		{"layer_sizes: [0, -1, 0]", " (and 2 more)"},
	} {
		err := rankspec.LoadText([]byte(test.text), &recapv1.MlpConfig{}, rankspec.Options{File: "a.textproto"})

		invalid := err.(*rankspec.InvalidError)
		lines := strings.Split(invalid.Report(), "\n")
		if got, want := err.Error(), lines[0]+test.more; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if len(lines) != len(invalid.Violations) {
			t.Errorf("got %d lines of %d violations", len(lines), len(invalid.Violations))
		}
		for _, line := range lines {
			if !strings.HasPrefix(line, "a.textproto:1:") || !strings.HasSuffix(line, " [int32.gt]") {
				t.Errorf("got line %q", line)
			}
		}
	}
}

func TestNoNameOrKeyBreaksALine(t *testing.T) {
	text := `tower_learning_rates { key: "é\n\r\033[2J\u2028" value {} }`

	err := rankspec.LoadText([]byte(text), &recapv1.MultiTaskLearningRates{}, rankspec.Options{File: "a\nb"})

	report := err.(*rankspec.InvalidError).Report()
	if want := `a\nb:1:29: tower_learning_rates["é\n\r\x1b[2J\u2028"].lr: `; !strings.Contains(report, want) {
		t.Errorf("%q is not in %q", want, report)
	}
	if violations := err.(*rankspec.InvalidError).Violations; strings.Count(report, "\n") != len(violations)-1 {
		t.Errorf("got %q of %d violations", report, len(violations))
	}
}
