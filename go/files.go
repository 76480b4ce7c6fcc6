package rankspec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

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

// Environment returns the variables of the process, each value with the bytes that it has: a new map with every call. It
// may be called at any time.
func Environment() map[string]string {
	variables := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		variables[name] = value
	}
	return variables
}

// NewMessage returns an empty message by its full name, such as rankspec.recap.v1.RecapConfig.
//
// It knows the messages of the generated packages that the program imports, directly or not. It may be called at any time.
func NewMessage(name string) (proto.Message, error) {
	if messageName.MatchString(name) {
		if found, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name)); err == nil {
			return found.New().Interface(), nil
		}
	}
	return nil, fmt.Errorf("there is no message %s in the packages that this program imports", name)
}

// Load reads a config of a known type from a file: Load[*recapv1.RecapConfig](path, options).
//
// The form follows the file's extension: .textproto, .txtpb, .pbtxt or none for text, .binpb and .pb for the binary form. A
// text's comments are not looked at. At most 16 MiB are read. Errors are as of [LoadText]; File of the options is taken
// from the path, and of a file that cannot be read, errors.Is tells why: fs.ErrNotExist, say. It may be called by several
// goroutines at the same time.
func Load[M proto.Message](path string, options Options) (M, error) {
	var none M
	if any(none) == nil {
		return none, errors.New("Load takes the type of a generated message, such as *recapv1.RecapConfig")
	}
	file, err := readFile(path)
	if err != nil {
		return none, err
	}
	config := none.ProtoReflect().New().Interface().(M)
	if err := file.load(config, options); err != nil {
		return none, err
	}
	return config, nil
}

// LoadFile reads a config of whatever type it is of from a file, as [Load] does.
//
// Of a text, the comments proto-file and proto-message at its top name the message; of every other file it is
// rankspec.recap.v1.RecapConfig. [NewMessage] says which messages there are. It may be called by several goroutines at the
// same time.
func LoadFile(path string, options Options) (proto.Message, error) {
	file, err := readFile(path)
	if err != nil {
		return nil, err
	}
	config, err := file.message()
	if err != nil {
		return nil, err
	}
	if err := file.load(config, options); err != nil {
		return nil, err
	}
	return config, nil
}

// A configFile is what a file holds, in one of the two forms that are read.
type configFile struct {
	path   string
	data   []byte
	isText bool
}

// readFile reads a file, as far as a config may reach and one byte more. Its error is an *InvalidError.
func readFile(path string) (configFile, error) {
	file := configFile{path: path}
	var err error
	if file.data, err = readAtMost(path, maxBytes+1); err != nil {
		return file, unreadable(path, err)
	}
	switch extension := strings.ToLower(extensionOf(path)); extension {
	case "", ".textproto", ".txtpb", ".pbtxt":
		file.isText = true
		return file, nil
	case ".binpb", ".pb":
		return file, nil
	case ".json", ".yaml", ".yml":
		what := fmt.Sprintf("configs in %s are not read here; convert it with `rankspec resolve`", extension)
		return file, invalid(path, Violation{Code: "file.unsupported_form", Message: what})
	default:
		what := fmt.Sprintf("the extension %s stands for no form of a config", extension)
		return file, invalid(path, Violation{Code: "file.unknown_form", Message: what})
	}
}

func readAtMost(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit))
}

// message returns an empty message of the file's type.
func (f configFile) message() (proto.Message, error) {
	name, line := defaultMessage, 0
	if f.isText {
		name, line = namedInHeader(f.data)
	}
	config, err := NewMessage(name)
	if err != nil {
		violation := Violation{Code: "file.unknown_message", Message: err.Error(), Line: line, Column: min(line, 1)}
		return nil, invalid(f.path, violation)
	}
	return config, nil
}

func (f configFile) load(config proto.Message, options Options) error {
	options.File = f.path
	if f.isText {
		return LoadText(f.data, config, options)
	}
	return LoadBinary(f.data, config, options)
}

// unreadable returns the error of a file that cannot be read.
func unreadable(path string, err error) error {
	violation := Violation{Code: fileCode(path, err), Message: err.Error()}
	var found *fs.PathError
	if errors.As(err, &found) {
		// The path stands in front of every violation.
		violation.Message = found.Err.Error()
	}
	return &InvalidError{File: path, Violations: []Violation{violation}, Err: err}
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

// namedInHeader returns the name of the message that the comments at the top of a text ask for, and the line of the last of
// them.
func namedInHeader(data []byte) (name string, line int) {
	headers := map[string]string{}
	line, number := 1, 0
	for text := range bytes.SplitSeq(data, []byte("\n")) {
		number++
		text = bytes.Trim(text, asciiSpace)
		comment, isComment := bytes.CutPrefix(text, []byte("#"))
		if len(text) > 0 && !isComment {
			break
		}
		for _, key := range []string{"proto-file:", "proto-message:"} {
			value, ok := bytes.CutPrefix(bytes.Trim(comment, asciiSpace), []byte(key))
			if !ok {
				continue
			}
			line = number
			if _, given := headers[key]; !given {
				headers[key] = string(bytes.Trim(value, asciiSpace))
			}
		}
	}
	return messageOf(headers), line
}

// messageOf returns the full name of the message that the comments of a header mean.
func messageOf(headers map[string]string) string {
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
