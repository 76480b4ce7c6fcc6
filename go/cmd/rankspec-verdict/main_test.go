package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	rankspec "github.com/rankspec/rankspec/go"
)

func TestViolationHasAPlaceInATextAndNoneElsewhere(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "a.textproto")
	content := "# proto-message: rankspec.recap.v1.MlpConfig\nlayer_sizes: [1, 0]\n"
	if err := os.WriteFile(text, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		text:                       `[{"path":"layer_sizes[1]","code":"int32.gt","line":2,"column":18}]`,
		filepath.Join(folder, "b"): `[{"path":"","code":"file.missing","line":null,"column":null}]`,
	} {
		line, err := judge(file, rankspec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(line.Violations)
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}
