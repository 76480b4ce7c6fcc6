package rankspec_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	recapv1 "github.com/rankspec/rankspec/gen/go/rankspec/recap/v1"
	rankspec "github.com/rankspec/rankspec/go"
	"google.golang.org/protobuf/proto"
)

func TestFilesAreReadByExtensionAndHeader(t *testing.T) {
	folder := t.TempDir()
	const header = "# proto-file: rankspec/recap/v1/layers.proto\n# proto-message: "
	for _, test := range []struct{ name, content, want string }{
		{"a.textproto", header + "MlpConfig\nlayer_sizes: 1", ""},
		{"b.txtpb", "\n # proto-message: rankspec.recap.v1.MlpConfig\nlayer_sizes: 1", ""},
		{"c.binpb", "", "required"},
		{"d", header + "MlpConfg\n", "file.unknown_message"},
		{"e.textproto", "# proto-file: other.proto\n", "file.unknown_message"},
		{"f.textproto", "layer_sizes: 1\n" + header + "MlpConfig\n", "parse.unknown_field"},
		{"g.json", "{}", "file.unsupported_form"},
		{"h.toml", "", "file.unknown_form"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := rankspec.LoadFile(written(t, folder, test.name, []byte(test.content)), rankspec.Options{})
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if got := violationsOf(t, err)[0]; !strings.HasSuffix(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	_, err := rankspec.LoadFile(folder, rankspec.Options{})
	if got, want := violationsOf(t, err)[0], "0:0  file.is_folder"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTypedLoadReadsBothForms(t *testing.T) {
	folder := t.TempDir()
	want := &recapv1.MlpConfig{LayerSizes: []int32{3, 1}}
	binary, err := proto.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"a.textproto": []byte("# proto-message: rankspec.recap.v1.RecapConfig\nlayer_sizes: [3, 1]"),
		"b.binpb":     binary,
	} {
		config, err := rankspec.Load[*recapv1.MlpConfig](written(t, folder, name, content), rankspec.Options{})
		if err != nil || !proto.Equal(config, want) {
			t.Errorf("%s: got %v, %v", name, config, err)
		}
	}
}

func TestTypedLoadNeedsAType(t *testing.T) {
	path := written(t, t.TempDir(), "a.textproto", nil)

	if config, err := rankspec.Load[proto.Message](path, rankspec.Options{}); err == nil {
		t.Errorf("got %v", config)
	}
}

func TestMissingFileIsToldByTheErrorOfTheSystem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing.textproto")

	_, err := rankspec.Load[*recapv1.RecapConfig](path, rankspec.Options{})

	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is no fs.ErrNotExist", err)
	}
	if got, want := err.Error(), path+": no such file or directory [file.missing]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFileThatNamesNoMessageIsRefusedAtItsHeader(t *testing.T) {
	path := written(t, t.TempDir(), "a", []byte("\n# proto-message: None\n# proto-message: RecapConfig\nmodel {}"))

	_, err := rankspec.LoadFile(path, rankspec.Options{})

	if got, want := violationsOf(t, err)[0], "3:1  file.unknown_message"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNoMoreOfAFileIsReadThanAConfigMayHave(t *testing.T) {
	for _, name := range []string{"a.textproto", "b.binpb"} {
		path := written(t, t.TempDir(), name, nil)
		// It takes no room on the disk.
		if err := os.Truncate(path, 2<<30); err != nil {
			t.Skip(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)

		_, err := rankspec.Load[*recapv1.RecapConfig](path, rankspec.Options{})

		runtime.ReadMemStats(&after)
		if got := violationsOf(t, err)[0]; !strings.HasSuffix(got, "parse.too_large") {
			t.Errorf("got %q", got)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<30 {
			t.Errorf("%s: reading took %d bytes", name, took)
		}
	}
}

func TestPackageLinksTheMessagesOfNoConfig(t *testing.T) {
	packages, err := exec.Command("go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, packages)
	}
	if !strings.Contains(string(packages), "gen/go/rankspec/optim/v1\n") {
		t.Fatal("the packages of messages have other names")
	}
	for _, area := range []string{"recap", "twhin", "embedding", "train"} {
		if strings.Contains(string(packages), "gen/go/rankspec/"+area) {
			t.Errorf("%s is linked into every program", area)
		}
	}
}

func written(t *testing.T, folder, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
