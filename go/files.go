package rankspec

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	_ "github.com/rankspec/rankspec/gen/go/rankspec/embedding/v1" // every area's messages can be asked for by name
	_ "github.com/rankspec/rankspec/gen/go/rankspec/recap/v1"
	_ "github.com/rankspec/rankspec/gen/go/rankspec/train/v1"
	_ "github.com/rankspec/rankspec/gen/go/rankspec/twhin/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const (
	defaultMessage = "rankspec.recap.v1.RecapConfig"
	asciiSpace     = " \t\n\v\f\r"
)

var (
	messageName = regexp.MustCompile(`^rankspec\.[a-z][a-z0-9_]*\.v[0-9]+\.[A-Za-z0-9_]+$`)
	protoFile   = regexp.MustCompile(`(?s)^(?:.*/)?(rankspec/[a-z][a-z0-9_]*/v[0-9]+)/[a-z][a-z0-9_]*\.proto$`)
	// What a header without a message means, by package.
	mainMessages = map[string]string{"rankspec.recap.v1": "RecapConfig", "rankspec.twhin.v1": "TwhinConfig"}
)

// Environment returns the variables of the process, each value with the bytes that it has.
func Environment() map[string]string {
	variables := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		variables[name] = value
	}
	return variables
}

// NewMessage returns an empty message of a type of the spec, such as rankspec.recap.v1.RecapConfig.
func NewMessage(name string) (proto.Message, error) {
	if messageName.MatchString(name) {
		if found, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name)); err == nil {
			return found.New().Interface(), nil
		}
	}
	return nil, fmt.Errorf("there is no message %s", name)
}

// LoadFile reads a config from a file, whose form follows its extension: .textproto, .txtpb, .pbtxt or none for text, .binpb and
// .pb for the binary form. Of a text, the comments proto-file and proto-message at its top name the message; of every
// other file it is rankspec.recap.v1.RecapConfig. Errors are as of [LoadText]; File of the options is taken from the path.
func LoadFile(path string, options Options) (proto.Message, error) {
	options.File = path
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, invalid(path, Violation{Code: fileCode(path, err), Message: err.Error()})
	}
	name, load := defaultMessage, LoadBinary
	switch extension := strings.ToLower(extensionOf(path)); extension {
	case "", ".textproto", ".txtpb", ".pbtxt":
		name, load = namedInHeader(data), LoadText
	case ".binpb", ".pb":
	case ".json", ".yaml", ".yml":
		what := fmt.Sprintf("configs in %s are not read here; convert it with `rankspec resolve`", extension)
		return nil, invalid(path, Violation{Code: "file.unsupported_form", Message: what})
	default:
		what := fmt.Sprintf("the extension %s stands for no form of a config", extension)
		return nil, invalid(path, Violation{Code: "file.unknown_form", Message: what})
	}
	config, err := NewMessage(name)
	if err != nil {
		return nil, invalid(path, Violation{Code: "file.unknown_message", Message: err.Error()})
	}
	if err := load(data, config, options); err != nil {
		return nil, err
	}
	return config, nil
}

// extensionOf returns a file's extension; a name that only begins with a point has none.
func extensionOf(path string) string {
	name := filepath.Base(path)
	if at := strings.LastIndexByte(name, '.'); at > 0 {
		return name[at:]
	}
	return ""
}

func fileCode(path string, err error) string {
	info, statErr := os.Stat(path)
	switch {
	case statErr == nil && info.IsDir():
		return "file.is_folder"
	case errors.Is(err, fs.ErrNotExist) || statErr != nil && !errors.Is(statErr, fs.ErrPermission):
		return "file.missing"
	default:
		return "file.unreadable"
	}
}

// namedInHeader returns the name of the message that the comments at the top of a text ask for.
func namedInHeader(data []byte) string {
	headers := map[string]string{}
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		text := strings.Trim(string(line), asciiSpace)
		comment, isComment := strings.CutPrefix(text, "#")
		if text != "" && !isComment {
			break
		}
		for _, key := range []string{"proto-file:", "proto-message:"} {
			value, ok := strings.CutPrefix(strings.Trim(comment, asciiSpace), key)
			if _, given := headers[key]; ok && !given {
				headers[key] = strings.Trim(value, asciiSpace)
			}
		}
	}
	file, hasFile := headers["proto-file:"]
	message, hasMessage := headers["proto-message:"]
	pkg := "rankspec.recap.v1"
	if hasFile {
		match := protoFile.FindStringSubmatch(file)
		if match == nil {
			return file
		}
		pkg = strings.ReplaceAll(match[1], "/", ".")
	}
	switch {
	case strings.Contains(message, "."):
		return message
	case hasMessage:
		return pkg + "." + message
	default:
		return pkg + "." + mainMessages[pkg]
	}
}
