package rankspec

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	maxBytes = 16 << 20
	maxDepth = 100
)

// A checker reads a text by the rules of docs/portable.md, next to the schema, without keeping its values.
//
// It stands in front of the library's parser: what it lets pass, every language's parser reads alike.
type checker struct {
	scanner
	token  token
	depth  int
	places []place
}

// checkPortable returns the first thing in a text that is not portable, or not of the message, as a *mistake; and the places
// of all fields before it.
func checkPortable(data []byte, message protoreflect.MessageDescriptor) ([]place, error) {
	if len(data) > maxBytes {
		return nil, &mistake{"parse.too_large", fmt.Sprintf("a config has at most %d bytes", maxBytes), "", 0}
	}
	if !utf8.Valid(data) {
		return nil, &mistake{"parse.not_portable.encoding", "the text is not UTF-8 from here on", "", validLength(data)}
	}
	c := checker{scanner: scanner{text: string(data)}}
	if err := c.advance(); err != nil {
		return nil, err
	}
	err := c.fields(newBlock(message, ""), "")
	return c.places, err
}

func validLength(data []byte) int {
	length := 0
	for length < len(data) {
		character, size := utf8.DecodeRune(data[length:])
		if character == utf8.RuneError && size == 1 {
			break
		}
		length += size
	}
	return length
}

func (c *checker) advance() (err error) {
	c.token, err = c.next()
	return err
}

// fail describes a mistake at the current token.
func (c *checker) fail(code, path, format string, arguments ...any) error {
	return &mistake{code, fmt.Sprintf(format, arguments...), path, c.token.start}
}

// fields reads the fields of a message up to and including its closing mark, or to the end of the text if that is empty.
func (c *checker) fields(in *block, closer string) error {
	separable := false
	for {
		switch {
		case c.token.kind == endToken && closer == "":
			return nil
		case c.token.kind == endToken:
			return c.fail("parse.unterminated", in.path, "a block is not closed: %s is missing", closer)
		case closer != "" && c.token.isMark(closer):
			return c.advance()
		case separable && c.token.isMark(",;"):
			separable = false
			if err := c.advance(); err != nil {
				return err
			}
		case c.token.kind == wordToken:
			separable = true
			if err := c.field(in); err != nil {
				return err
			}
		default:
			return c.fail("parse.syntax", in.path, "unexpected %.40s; a field's name is expected here", c.token.text)
		}
	}
}

// A block is a message whose fields are being read.
type block struct {
	message protoreflect.MessageDescriptor
	path    string
	// Singular fields so far, by the name of their oneof or their own.
	given map[protoreflect.Name]protoreflect.Name
	// Entries of map fields so far, by path.
	keys map[string]bool
	// Items of each list so far.
	items map[protoreflect.Name]int
	// Of a map's entry, its key as checkLiteral tells keys apart, and where key and value begin.
	key    string
	starts map[protoreflect.Name]int
}

func newBlock(message protoreflect.MessageDescriptor, path string) *block {
	return &block{
		message: message,
		path:    path,
		given:   map[protoreflect.Name]protoreflect.Name{},
		keys:    map[string]bool{},
		items:   map[protoreflect.Name]int{},
		starts:  map[protoreflect.Name]int{},
	}
}

// field reads a field, from its name on.
func (c *checker) field(in *block) error {
	name := c.token
	field := in.message.Fields().ByName(protoreflect.Name(name.text))
	if field == nil {
		return c.fail("parse.unknown_field", join(in.path, name.text), "%s has no field %.40s", in.message.Name(), name.text)
	}
	path := in.path
	if !in.message.IsMapEntry() {
		path = join(in.path, name.text)
	}
	if err := c.notGivenBefore(in, field, path); err != nil {
		return err
	}
	if err := c.advance(); err != nil {
		return err
	}
	hasColon := c.token.isMark(":")
	if hasColon {
		if err := c.advance(); err != nil {
			return err
		}
	}
	c.note(in, field, path, name.start)
	return c.value(in, field, path, hasColon)
}

// note keeps where a field is, whose value begins at the current token.
func (c *checker) note(in *block, field protoreflect.FieldDescriptor, path string, nameStart int) {
	switch {
	case in.message.IsMapEntry():
		in.starts[field.Name()] = c.token.start
	case field.Cardinality() == protoreflect.Repeated || field.Message() != nil:
		c.places = append(c.places, place{path, nameStart})
	default:
		c.places = append(c.places, place{path, c.token.start})
	}
}

// notGivenBefore refuses a singular field, or a member of a oneof, after the first.
func (c *checker) notGivenBefore(in *block, field protoreflect.FieldDescriptor, path string) error {
	if field.Cardinality() == protoreflect.Repeated {
		return nil
	}
	exclusive := field.Name()
	if oneof := field.ContainingOneof(); oneof != nil {
		exclusive = oneof.Name()
	}
	switch before, ok := in.given[exclusive]; {
	case !ok:
		in.given[exclusive] = field.Name()
		return nil
	case before == field.Name():
		return c.fail("parse.duplicate_field", path, "%s is given twice", before)
	default:
		return c.fail("parse.oneof_conflict", path, "%s and %s exclude each other", field.Name(), before)
	}
}

// value reads what stands behind a field's name.
func (c *checker) value(in *block, field protoreflect.FieldDescriptor, path string, hasColon bool) error {
	switch {
	case field.Message() == nil && !hasColon:
		return c.fail("parse.syntax", path, "%s is not followed by a colon", field.Name())
	case c.token.isMark("[") && field.Cardinality() == protoreflect.Repeated:
		return c.list(in, field, path)
	default:
		return c.element(in, field, path)
	}
}

// list reads values in brackets.
func (c *checker) list(in *block, field protoreflect.FieldDescriptor, path string) error {
	if err := c.advance(); err != nil {
		return err
	}
	if c.token.isMark("]") {
		return c.advance()
	}
	for {
		if err := c.element(in, field, path); err != nil {
			return err
		}
		switch {
		case c.token.isMark("]"):
			return c.advance()
		case !c.token.isMark(","):
			return c.fail("parse.syntax", path, "a comma or ] is expected, not %.40s", c.token.text)
		}
		if err := c.advance(); err != nil {
			return err
		}
	}
}

// element reads one value of a field.
func (c *checker) element(in *block, field protoreflect.FieldDescriptor, path string) error {
	start := c.token.start
	if field.IsList() {
		path = indexed(path, in.nextItem(field.Name()))
		c.places = append(c.places, place{path, start})
	}
	if field.Message() == nil {
		value, err := c.scalar(field, path)
		if in.message.IsMapEntry() && field.Name() == "key" {
			in.key = value
		}
		return err
	}
	closer := map[string]string{"{": "}", "<": ">"}[c.token.text]
	switch {
	case !c.token.isMark("{<"):
		return c.fail("parse.wrong_type", path, "%s takes a block, not %.40s", field.Name(), c.token.text)
	case c.depth >= maxDepth:
		return c.fail("parse.too_deep", path, "blocks are nested more than %d deep", maxDepth)
	}
	c.depth++
	defer func() { c.depth-- }()
	if err := c.advance(); err != nil {
		return err
	}
	if field.IsMap() {
		return c.entry(in, field, path, closer, start)
	}
	return c.fields(newBlock(field.Message(), path), closer)
}

func (b *block) nextItem(list protoreflect.Name) int {
	b.items[list]++
	return b.items[list] - 1
}

// entry reads an entry of a map, after its opening mark.
func (c *checker) entry(in *block, field protoreflect.FieldDescriptor, path, closer string, start int) error {
	first := len(c.places)
	entry := newBlock(field.Message(), "")
	if err := c.fields(entry, closer); err != nil {
		return inField(err, path)
	}
	keyedPath := path + entry.subscript(field.MapKey())
	if in.keys[keyedPath] {
		return &mistake{"parse.duplicate_key", "the same key is given twice", keyedPath, start}
	}
	in.keys[keyedPath] = true
	// The key may have stood behind the value, so that paths within are known only now.
	for i := range c.places[first:] {
		c.places[first+i].path = joinPaths(keyedPath, c.places[first+i].path)
	}
	c.places = append(c.places, place{keyedPath, entry.start(field.MapValue(), start)})
	return nil
}

// subscript returns what an entry adds to the path of its map.
func (b *block) subscript(key protoreflect.FieldDescriptor) string {
	switch _, given := b.starts["key"]; {
	case key.Kind() == protoreflect.StringKind:
		return quotedKey(b.key)
	case given:
		return "[" + b.key + "]"
	default:
		return fmt.Sprintf("[%v]", key.Default().Interface())
	}
}

// start returns where a person looks for an entry: at a scalar's value, at the key of a message; where the entry itself
// begins if that is not given.
func (b *block) start(value protoreflect.FieldDescriptor, opener int) int {
	what := protoreflect.Name("value")
	if value.Message() != nil {
		what = "key"
	}
	if start, given := b.starts[what]; given {
		return start
	}
	return opener
}

// inField puts the path of a field in front of that of a mistake in it.
func inField(err error, path string) error {
	if found, ok := err.(*mistake); ok {
		found.path = joinPaths(path, found.path)
	}
	return err
}

// joinPaths puts two paths together, either of which may be empty.
func joinPaths(outer, inner string) string {
	if inner == "" {
		return outer
	}
	return join(outer, inner)
}

// scalar reads a literal, which for strings may consist of several.
func (c *checker) scalar(field protoreflect.FieldDescriptor, path string) (string, error) {
	var literal []token
	switch c.token.kind {
	case wordToken, numberToken:
		literal = append(literal, c.token)
		if err := c.advance(); err != nil {
			return "", err
		}
	case stringToken:
		for c.token.kind == stringToken {
			literal = append(literal, c.token)
			if err := c.advance(); err != nil {
				return "", err
			}
		}
	case signToken:
		return "", c.fail("parse.not_portable.sign", path, "a sign apart from its number is not read alike by all languages")
	default:
		return "", c.fail("parse.wrong_type", path, "%s takes a %s, not %.40s", field.Name(), field.Kind(), c.token.text)
	}
	value, err := checkLiteral(field, literal)
	return value, inField(err, path)
}
