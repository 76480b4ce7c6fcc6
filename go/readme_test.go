package rankspec_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestReadmeWorksInAFolderOfItsOwn(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	program, ways := blocks(string(readme), "go")[0], blocks(string(readme), "console")
	if len(ways) != 2 {
		t.Fatalf("got %d ways, want 2", len(ways))
	}
	for i, name := range []string{"module", "workspace"} {
		commands := strings.NewReplacer("$ ", "", "~/rankspec", checkout).Replace(ways[i])
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			written(t, folder, "main.go", []byte(program))
			shell := exec.Command("bash", "-euo", "pipefail", "-c", commands)
			shell.Dir = folder
			// Without a network, the modules that this test was built with are there, but nobody to ask what they should be.
			shell.Env = append(os.Environ(), "GOWORK=", "GOSUMDB=off")

			output, err := shell.CombinedOutput()

			want := "tasks    3\nsteps    60\nrate     0.001\nsemantic "
			if err != nil || !strings.Contains(string(output), want) {
				t.Errorf("%v, got:\n%s", err, output)
			}
		})
	}
}

// blocks returns the fenced blocks of a language.
func blocks(markdown, language string) []string {
	var found []string
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```").FindAllStringSubmatch(markdown, -1) {
		found = append(found, match[1])
	}
	return found
}
