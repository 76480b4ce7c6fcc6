package rankspec_test

import (
	"os/exec"
	"testing"
)

func TestWhoReadsConfigsOrEncodesRowsGetsNoNativeCode(t *testing.T) {
	const native = "{{if and .Module (or .CgoFiles .SFiles)}}{{.ImportPath}}{{end}}"

	output, err := exec.Command("go", "list", "-deps", "-f", native, ".", "github.com/rankspec/rankspec/go/encoding").CombinedOutput()

	if err != nil || len(output) != 0 {
		t.Errorf("%v, got:\n%s", err, output)
	}
}
