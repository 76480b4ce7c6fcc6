package scorer

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestThreadsAreThoseOfTheContainer(t *testing.T) {
	cores := runtime.NumCPU()
	for quota, want := range map[string]int{
		"max 100000": cores, "100000 100000": 1, "150000 100000": 1, "50000 100000": 1, "damaged": cores, "-1 5": cores,
		"99900000 100000": cores,
	} {
		groups := t.TempDir()
		if err := os.WriteFile(filepath.Join(groups, "cpu.max"), []byte(quota+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := availableThreads(groups); got != want {
			t.Errorf("%s: got %d, want %d", quota, got, want)
		}
	}
	if got := availableThreads(t.TempDir()); got != cores {
		t.Errorf("without a quota: got %d, want %d", got, cores)
	}
}
