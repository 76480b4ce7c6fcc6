// Package encoding turns raw rows into what a model takes, by a fitted recipe, as `rankspec data import` did: the same bits
// as in Python, Java and TypeScript. It needs neither native code nor the rules of the spec.
package encoding

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"unicode/utf8"

	datav1 "github.com/rankspec/rankspec/gen/go/rankspec/data/v1"
)

// semantics is the newest meaning of recipes that is known: 2 where a list has no width, otherwise 1.
const semantics = 2

// Ids of categories; the values of a vocabulary follow.
const (
	missing = 0
	unseen  = 1
	first   = 2
)

// A Row is a raw row: its values by column. A value is nil where it is missing, a string, an int or int64, a float64, a
// bool, or a []any of such.
type Row map[string]any

// Encoded is what a model takes of rows, one row after the other.
type Encoded struct {
	// Continuous values.
	Continuous []float32
	// Binary values, 0 or 1.
	Binary []int64
	// Discrete values: ids.
	Discrete []int64
	// Lists of ids that are kept whole, by the name of the feature.
	Lists map[string]*Lists
}

// Lists are the lists of ids of rows, one list after the other.
type Lists struct {
	// How many ids each row's list has.
	Lengths []int64
	// The ids of all of them.
	Values []int64
}

// An Encoder encodes rows by a fitted recipe. It does not change, and may be used by several goroutines at once.
type Encoder struct {
	columns  map[string]*column
	features []feature
	// read has the names of the columns that features read, in the recipe's order.
	read []string
}

// A feature adds what it makes of a row's value.
type feature struct {
	column *column
	// The feature's name if it is lists that are kept whole; empty for all others.
	list   string
	encode func(value any, into *Encoded)
}

// New returns the encoder of a recipe, which it does not keep.
//
// Vocabularies are the bytes of the files that the recipe names, by name. The error is an *Error if the recipe is not fitted,
// of semantics that are not known, or damaged, or if a vocabulary is not there or is another one.
func New(recipe *datav1.Recipe, vocabularies map[string][]byte) (*Encoder, error) {
	if recipe.GetSemantics() < 1 || recipe.GetSemantics() > semantics {
		return nil, failure("recipe.semantics", "", "semantics %d are not known; it takes a newer rankspec", recipe.GetSemantics())
	}
	text := recipe.GetText()
	if len(text.GetMissing()) == 0 || len(text.GetTrueValues()) == 0 || len(text.GetFalseValues()) == 0 {
		return nil, failure("recipe.damaged", "", "the recipe says nothing of how text is read; fit it anew")
	}
	if recipe.GetFitted() == nil {
		return nil, failure("recipe.unfitted", "", "the recipe is not fitted; `rankspec data import` fits it")
	}
	if err := checkSoundness(recipe); err != nil {
		return nil, err
	}
	encoder := &Encoder{columns: map[string]*column{}}
	for _, spec := range recipe.GetColumns() {
		encoder.columns[spec.GetName()] = newColumn(spec, text)
	}
	for _, spec := range recipe.GetFeatures() {
		if err := encoder.add(spec, vocabularies); err != nil {
			return nil, err
		}
	}
	for _, spec := range recipe.GetColumns() {
		if slices.ContainsFunc(encoder.features, func(own feature) bool { return own.column.spec == spec }) {
			encoder.read = append(encoder.read, spec.GetName())
		}
	}
	return encoder, nil
}

// Columns returns the names of the columns that features read, in the recipe's order. Rows have to have these.
func (e *Encoder) Columns() []string {
	return slices.Clone(e.read)
}

// Encode encodes rows. The error is an *Error that names the column, and the row by its place among these. Of several it is
// that of the column that features read first, and of this one's its absence, then its type, then its first value.
func (e *Encoder) Encode(rows []Row) (*Encoded, error) {
	encoded := &Encoded{Lists: map[string]*Lists{}}
	for _, feature := range e.features {
		if feature.list != "" {
			encoded.Lists[feature.list] = &Lists{}
		}
	}
	values := make(map[*column]any, len(e.columns))
	for number, row := range rows {
		clear(values)
		for _, feature := range e.features {
			value, known := values[feature.column]
			if !known {
				var err *Error
				if value, err = feature.column.value(row, number); err != nil {
					return nil, e.firstError(rows)
				}
				values[feature.column] = value
			}
			feature.encode(value, encoded)
		}
	}
	return encoded, nil
}

// firstError returns the error of rows of which one cannot be read.
func (e *Encoder) firstError(rows []Row) error {
	for _, feature := range e.features {
		if found := feature.column.firstError(rows); found != nil {
			return found
		}
	}
	return nil
}

// add adds a feature, whose column is one that it may read.
func (e *Encoder) add(spec *datav1.Feature, vocabularies map[string][]byte) error {
	var encode func(any, *Encoded)
	var err error
	switch kind := spec.GetKind().(type) {
	case *datav1.Feature_Number:
		encode = number(kind.Number)
	case *datav1.Feature_Binned:
		encode = binned(kind.Binned)
	case *datav1.Feature_Category:
		encode, err = category(spec.GetName(), kind.Category, vocabularies)
	case *datav1.Feature_Hashed:
		encode = hashed(spec.GetName(), kind.Hashed)
	case *datav1.Feature_Flag:
		encode = flag(kind.Flag)
	}
	if err != nil {
		return err
	}
	if encode == nil {
		return failure("recipe.unfitted", "", "the recipe is not fitted: nothing is known of %s", spec.GetName())
	}
	name, _, list := readBy(spec)
	whole := ""
	if list != nil && list.Width == nil {
		whole = spec.GetName()
	}
	e.features = append(e.features, feature{e.columns[name], whole, encode})
	return nil
}

// vocabulary returns the id of each value that has one.
func vocabulary(spec *datav1.CategoryFeature, files map[string][]byte) (map[string]int64, error) {
	fitted := spec.GetFitted()
	values := fitted.GetValues()
	if fitted.File != nil {
		data, there := files[fitted.GetFile()]
		if !there {
			return nil, failure("vocabulary.absent", spec.GetColumn(), "the vocabulary %s is not beside the recipe", fitted.GetFile())
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != fitted.GetSha256() {
			return nil, failure("vocabulary.digest", spec.GetColumn(),
				"the vocabulary %s is not the one that the recipe was fitted with", fitted.GetFile())
		}
		var whole bool
		if values, whole = unpacked(data); !whole {
			return nil, failure("recipe.damaged", spec.GetColumn(), "%s is no vocabulary", fitted.GetFile())
		}
	}
	if int64(len(values)) != fitted.GetNumValues() {
		return nil, failure("recipe.damaged", spec.GetColumn(), "the vocabulary has %d values, not %d", len(values), fitted.GetNumValues())
	}
	ids := make(map[string]int64, len(values))
	for place, value := range values {
		ids[value] = int64(place) + first
	}
	return ids, nil
}

// unpacked returns the values of a vocabulary file: of each its length, a base-128 varint, and itself; and whether that is
// all that is in it.
func unpacked(data []byte) ([]string, bool) {
	var values []string
	for len(data) > 0 {
		length, size := binary.Uvarint(data)
		if size <= 0 || length > uint64(len(data)-size) {
			return nil, false
		}
		end := size + int(length)
		if !utf8.Valid(data[size:end]) {
			return nil, false
		}
		values = append(values, string(data[size:end]))
		data = data[end:]
	}
	return values, true
}

// An Error says what is wrong with rows, or with a recipe. It holds no value of a row, which may be personal data.
type Error struct {
	// Code is the same in every language: row.value, column.absent, column.type, recipe.unfitted, recipe.semantics,
	// recipe.damaged, vocabulary.absent or vocabulary.digest.
	Code string
	// Column is the raw column; empty if it is about none.
	Column string
	// Row is the row's place among those that were given, from 0; -1 if it is about none.
	Row int
	// Message says what is wrong and what to do about it.
	Message string
}

// Error returns place and message.
func (e *Error) Error() string {
	switch {
	case e.Column == "":
		return e.Message
	case e.Row < 0:
		return fmt.Sprintf("column %s: %s", e.Column, e.Message)
	}
	return fmt.Sprintf("column %s, row %d: %s", e.Column, e.Row, e.Message)
}

func failure(code, column, format string, arguments ...any) *Error {
	return &Error{Code: code, Column: column, Row: -1, Message: fmt.Sprintf(format, arguments...)}
}
