package rankspec_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	optimv1 "github.com/rankspec/rankspec/gen/go/rankspec/optim/v1"
	recapv1 "github.com/rankspec/rankspec/gen/go/rankspec/recap/v1"
	trainv1 "github.com/rankspec/rankspec/gen/go/rankspec/train/v1"
	rankspec "github.com/rankspec/rankspec/go"
	"google.golang.org/protobuf/proto"
)

// violationsOf returns an error's violations as "line:column path code".
func violationsOf(t *testing.T, err error) []string {
	t.Helper()
	var invalid *rankspec.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v, want an *InvalidError", err)
	}
	var found []string
	for _, v := range invalid.Violations {
		found = append(found, fmt.Sprintf("%d:%d %s %s", v.Line, v.Column, v.Path, v.Code))
	}
	return found
}

func TestEveryMistakeHasAPlaceAPathAndACode(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"rule of a field", "layer_sizes: [4,\n 0]", "2:2 layer_sizes[1] int32.gt"},
		{"rule of an item of repeated fields", "layer_sizes: 4\nlayer_sizes: 0", "2:14 layer_sizes[1] int32.gt"},
		{"what is missing stands at the block", "layers {\n}", "1:8 layers[0].layer_size required"},
		{"rule over several fields", "layer_sizes: 4\nbatch_norm {}", "2:1 batch_norm recap.mlp.hidden_layer_options"},
		{"rule of the whole config", "", "1:1  message.oneof"},
		{"unknown field", "layer_sizes: 4\n  drop {}", "2:3 drop parse.unknown_field"},
		{"columns count characters", "layer_sizes: 4 dropout { rate: 'é' x: 1 }", "1:32 dropout.rate parse.wrong_type"},
		{"spelling", "layer_sizes: 010", "1:14 layer_sizes[0] parse.not_portable.number"},
		{"encoding", "# \xff", "1:3  parse.not_portable.encoding"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := rankspec.LoadText([]byte(test.text), &recapv1.MlpConfig{}, rankspec.Options{})
			if got := strings.Join(violationsOf(t, err), "\n"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestPlacesInsideMapsAreFoundWhereverTheKeyStands(t *testing.T) {
	text := "tower_learning_rates {\n  value {\n    constant: -1\n  }\n  key: \"a\"\n}\n"

	err := rankspec.LoadText([]byte(text), &recapv1.MultiTaskLearningRates{}, rankspec.Options{})

	if got, want := violationsOf(t, err)[0], `3:15 tower_learning_rates["a"].constant double.gte`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestViolationsStandInTheOrderOfTheText(t *testing.T) {
	text := "# é\nlayer_sizes: 0 dropout { rate: 2 }\nlayer_sizes: [-1, 0] batch_norm {\n  momentum: -1\n}"

	err := rankspec.LoadText([]byte(text), &recapv1.MlpConfig{}, rankspec.Options{})

	want := []string{
		"2:14 layer_sizes[0] int32.gt",
		"2:32 dropout.rate double.gt_lt",
		"3:15 layer_sizes[1] int32.gt",
		"3:19 layer_sizes[2] int32.gt",
		"4:13 batch_norm.momentum double.gt_lte",
	}
	if got := violationsOf(t, err); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEntryStandsAtItsValueItsKeyOrItsMark(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"scalar", `metadata { key: "a" value: "${NO}" }`, `1:28 metadata["a"] env.unset`},
		{"scalar in a list", `metadata: [{ value: "a" key: "b" }, < value: "${NO}" >]`, `1:46 metadata[""] env.unset`},
		{"path with marks", `metadata { key: ".[\"\\" value: "${NO}" }`, `1:33 metadata[".[\"\\"] env.unset`},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := rankspec.LoadText([]byte(test.text), &trainv1.WandbConfig{}, rankspec.Options{})
			if got := violationsOf(t, err)[0]; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	for _, test := range []struct{ name, text, want string }{
		{"message", "tower_learning_rates {\n  value {} key: 'a' }", `2:17 tower_learning_rates["a"].lr required`},
		{"message without a key", "tower_learning_rates {\n  value {} }", `1:22 tower_learning_rates[""].lr required`},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := rankspec.LoadText([]byte(test.text), &recapv1.MultiTaskLearningRates{}, rankspec.Options{})
			if got := violationsOf(t, err); !slices.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestLoadingForgetsWhatWasInTheMessage(t *testing.T) {
	config := &recapv1.MlpConfig{Dropout: &recapv1.DropoutConfig{}}

	if err := rankspec.LoadText([]byte("layer_sizes: 1"), config, rankspec.Options{}); err != nil {
		t.Fatal(err)
	}

	if config.GetDropout() != nil {
		t.Error("the dropout of before is still there")
	}
}

func TestVariablesAreReplacedInEveryString(t *testing.T) {
	text := []byte(`key_path: "${DIR}/key" tags: ["${TAG:-none}", "$${TAG}"] metadata { key: "${DIR}" value: "${DIR}" }`)
	config := &trainv1.WandbConfig{}

	err := rankspec.LoadText(text, config, rankspec.Options{Variables: map[string]string{"DIR": "/d"}})
	if err != nil {
		t.Fatal(err)
	}

	want := &trainv1.WandbConfig{
		KeyPath:  proto.String("/d/key"),
		Tags:     []string{"none", "${TAG}"},
		Metadata: map[string]string{"${DIR}": "/d"},
	}
	if !proto.Equal(config, want) {
		t.Errorf("got %v, want %v", config, want)
	}
}

func TestVariableThatIsNoTextIsRefusedAtItsPlace(t *testing.T) {
	for _, value := range []string{"\xff", "caf\xc3", "\xed\xa0\x80", "\xc0\xaf", "caf\ufffd"} {
		options := rankspec.Options{Variables: map[string]string{"BAD": value, "UNUSED": "\xff"}}

		err := rankspec.LoadText([]byte("tags: \"a\"\ntags: \"${BAD:-x}\""), &trainv1.WandbConfig{}, options)

		violation := err.(*rankspec.InvalidError).Violations[0]
		if got, want := violationsOf(t, err)[0], "2:7 tags[1] env.not_text"; got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
		if !strings.Contains(violation.Message, "variable BAD") {
			t.Errorf("%q is not named: %s", value, violation.Message)
		}
	}
}

func TestReplacementCharacterOfTheTextItselfStays(t *testing.T) {
	config := &trainv1.WandbConfig{}

	if err := rankspec.LoadText([]byte("key_path: \"\ufffd${NO:-\ufffd}\""), config, rankspec.Options{}); err != nil {
		t.Fatal(err)
	}

	if got, want := config.GetKeyPath(), "\ufffd\ufffd"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBinaryFormOfANewerSchemaIsRefused(t *testing.T) {
	data := append([]byte{0x1a, 3, 0xf8, 7, 1}, 0x08, 1)

	err := rankspec.LoadBinary(data, &recapv1.MlpConfig{}, rankspec.Options{})

	if got, want := violationsOf(t, err)[0], "0:0 dropout parse.unknown_field"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFingerprintIsOfWhatTheConfigSays(t *testing.T) {
	first, second := &recapv1.LayerNormConfig{}, &recapv1.LayerNormConfig{}
	load := func(config proto.Message, text string) rankspec.Identity {
		if err := rankspec.LoadText([]byte(text), config, rankspec.Options{}); err != nil {
			t.Fatal(err)
		}
		identity, err := rankspec.Fingerprint(config)
		if err != nil {
			t.Fatal(err)
		}
		return identity
	}

	if load(first, "epsilon: 1e-3 # the default") != load(second, "") {
		t.Error("a default that is written out gives another fingerprint")
	}
	if load(first, "epsilon: 0.5") == load(second, "epsilon: 0.25") {
		t.Error("two configs have the same fingerprint")
	}
}

func TestLearningRateIsRefusedOutsideItsDomain(t *testing.T) {
	constant := &optimv1.LearningRate{Lr: &optimv1.LearningRate_Constant{Constant: 0.1}}
	if _, err := rankspec.LearningRateAt(constant, -1); err == nil {
		t.Error("there is a rate at step -1")
	}
	if _, err := rankspec.LearningRateAt(&optimv1.LearningRate{}, 0); err == nil {
		t.Error("there is a rate of no schedule")
	}
}

func TestPrewarmCompilesTheRulesOfAConfig(t *testing.T) {
	if err := rankspec.Prewarm(&recapv1.RecapConfig{}); err != nil {
		t.Error(err)
	}
}

func BenchmarkLoadText(b *testing.B) {
	data, err := os.ReadFile("../configs/recap/local_prod.textproto")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := rankspec.LoadText(data, &recapv1.RecapConfig{}, rankspec.Options{Variables: rankspec.Environment()}); err != nil {
			b.Fatal(err)
		}
	}
}
