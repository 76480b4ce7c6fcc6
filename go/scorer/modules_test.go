package scorer_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestWhoScoresGetsNoRuleEngine looks at which modules the packages of the scorer, its encoder included, are compiled of.
func TestWhoScoresGetsNoRuleEngine(t *testing.T) {
	want := []string{
		"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go", // The messages of the rule annotations alone.
		"github.com/rankspec/rankspec/gen/go",
		"github.com/rankspec/rankspec/go/encoding",
		"github.com/rankspec/rankspec/go/scorer",
		"golang.org/x/sys",
		"google.golang.org/protobuf",
	}
	if found := listed(t, "-deps", "-f", "{{if .Module}}{{.Module.Path}}{{end}}", "."); !slices.Equal(found, want) {
		t.Errorf("got %q", found)
	}
}

// TestNoModuleOfTheScorerRequiresARuleEngine looks at what its users would download, or be asked about.
func TestNoModuleOfTheScorerRequiresARuleEngine(t *testing.T) {
	for _, module := range listed(t, "-m", "-f", "{{.Path}}", "all") {
		if strings.HasPrefix(module, "cel.dev/") || strings.HasPrefix(module, "buf.build/go/") ||
			module == "github.com/rankspec/rankspec/go" {
			t.Errorf("%s is required", module)
		}
	}
}

// listed returns the distinct lines that `go list` prints, in their order.
func listed(t *testing.T, arguments ...string) []string {
	t.Helper()
	output, err := exec.Command("go", append([]string{"list"}, arguments...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(output))
	slices.Sort(lines)
	return slices.Compact(lines)
}
