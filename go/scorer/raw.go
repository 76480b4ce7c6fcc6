package scorer

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	datav1 "github.com/rankspec/rankspec/gen/go/rankspec/data/v1"
	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
	"github.com/rankspec/rankspec/go/encoding"
	"google.golang.org/protobuf/proto"
)

// The inputs that recipes make.
const (
	continuousInput = "continuous"
	binaryInput     = "binary"
	discreteInput   = "discrete"
)

// A Row is a raw row, as the table had it that `rankspec data import` made the data set of: its values by column. A value is
// nil where it is missing, a string, an int or int64, a float64, a bool, or a []any of such.
type Row = encoding.Row

// rawRows makes inputs of raw rows, by the bundle's recipe, which is read when it is first asked for.
type rawRows struct {
	mutex   sync.Mutex
	encoder *encoding.Encoder
}

// codes are the scorer's codes of the encoder's; others mean that the recipe is not right.
var codes = map[string]servingv1.ErrorCode{
	"recipe.unfitted":   servingv1.ErrorCode_ERROR_CODE_RECIPE_UNFITTED,
	"recipe.semantics":  servingv1.ErrorCode_ERROR_CODE_RECIPE_UNKNOWN,
	"vocabulary.absent": servingv1.ErrorCode_ERROR_CODE_VOCABULARY_INVALID,
	"vocabulary.digest": servingv1.ErrorCode_ERROR_CODE_VOCABULARY_INVALID,
	"column.absent":     servingv1.ErrorCode_ERROR_CODE_COLUMN_MISSING,
	"column.type":       servingv1.ErrorCode_ERROR_CODE_COLUMN_TYPE,
	"row.value":         servingv1.ErrorCode_ERROR_CODE_VALUE_INVALID,
}

// ScoreRaw scores raw rows, by the recipe that a bundle has whose data set was imported. Columns that the recipe does not read
// are left alone, and one that it reads has to be in every row. It returns what [Scorer.Score] does, or an [*Error] with one of
// the codes from RECIPE_INVALID to VOCABULARY_INVALID or from CLOSED on, whose Input is the column.
func (s *Scorer) ScoreRaw(rows []Row) ([]Scores, error) {
	encoder, err := s.encoder()
	if err != nil {
		return nil, err
	}
	for _, name := range encoder.Columns() {
		if err := checkTypes(name, rows); err != nil {
			return nil, err
		}
	}
	encoded, err := encoder.Encode(rows)
	if err != nil {
		return nil, encodingError(err, "")
	}
	hash := s.SignatureHash()
	request := Request{Columns: map[string]Column{}, SignatureHash: &hash}
	for _, input := range s.manifest.GetSignature().GetInputs() {
		request.Columns[input.GetName()] = columnOf(input, encoded)
	}
	return s.Score(request)
}

// RawColumns returns the names of the columns that raw rows have to have, in the recipe's order, or an [*Error] as ScoreRaw
// does.
func (s *Scorer) RawColumns() ([]string, error) {
	encoder, err := s.encoder()
	if err != nil {
		return nil, err
	}
	return encoder.Columns(), nil
}

// encoder returns that of the bundle's recipe.
func (s *Scorer) encoder() (*encoding.Encoder, error) {
	s.raw.mutex.Lock()
	defer s.raw.mutex.Unlock()
	if s.raw.encoder == nil {
		var err error
		if s.raw.encoder, err = s.readRecipe(); err != nil {
			return nil, err
		}
	}
	return s.raw.encoder, nil
}

func (s *Scorer) readRecipe() (*encoding.Encoder, error) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	if s.bundle == nil {
		return nil, closed()
	}
	if s.manifest.RecipeFile == nil {
		return nil, refused(servingv1.ErrorCode_ERROR_CODE_RECIPE_MISSING, "",
			"a bundle of a data set that `rankspec data import` made; this one takes inputs as they are stored")
	}
	name := s.manifest.GetRecipeFile()
	recipe := &datav1.Recipe{}
	if err := proto.Unmarshal(s.bundle.contents[name], recipe); err != nil {
		return nil, invalidRecipe(name, "a Recipe in protobuf's binary form")
	}
	encoder, err := encoding.New(recipe, s.bundle.contents)
	if err != nil {
		return nil, encodingError(err, name)
	}
	if expectation := mismatch(recipe, s.manifest.GetSignature()); expectation != "" {
		return nil, invalidRecipe(name, expectation)
	}
	return encoder, nil
}

// checkTypes refuses a column of values of several types, as no table has one.
func checkTypes(name string, rows []Row) error {
	var values, items valueType
	for _, row := range rows {
		if !values.takes(row[name]) || !items.takesAll(row[name]) {
			return refused(servingv1.ErrorCode_ERROR_CODE_COLUMN_TYPE, name, "values of one type")
		}
	}
	return nil
}

// valueType is the type of the values that were seen; 0 before that.
type valueType int

const (
	numberType valueType = iota + 1
	textType
	flagType
	listType
	foreignType
)

// takes returns whether a value is missing, or of the type of those before.
func (t *valueType) takes(value any) bool {
	found := foreignType
	switch value.(type) {
	case nil:
		return true
	case int, int64, float64:
		found = numberType
	case string:
		found = textType
	case bool:
		found = flagType
	case []any:
		found = listType
	}
	if *t == 0 {
		*t = found
	}
	return *t == found
}

// takesAll does so for the values of a list; what is no list has none.
func (t *valueType) takesAll(list any) bool {
	items, _ := list.([]any)
	for _, item := range items {
		if !t.takes(item) {
			return false
		}
	}
	return true
}

// mismatch returns what a recipe should make and does not, or nothing if its vectors are what the signature takes.
func mismatch(recipe *datav1.Recipe, signature *servingv1.FeatureSignature) string {
	made := encoding.PositionsOf(recipe)
	for _, input := range signature.GetInputs() {
		name := input.GetName()
		if input.GetList() {
			if features := input.GetFeatureNames(); len(features) != 1 || !slices.Contains(made.Lists, features[0]) {
				return "a recipe that makes the lists of " + name + " too"
			}
			continue
		}
		names, known := map[string][]string{
			continuousInput: made.Continuous, binaryInput: made.Binary, discreteInput: made.Discrete,
		}[name]
		if !known {
			return "a recipe that makes " + name + " too"
		}
		if (input.GetType() == servingv1.ValueType_VALUE_TYPE_FLOAT32) != (name == continuousInput) {
			return "a recipe that makes " + name + " of the signature's type"
		}
		if len(names) != int(input.GetWidth()) {
			return fmt.Sprintf("a recipe that makes %d values of %s, and not %d", input.GetWidth(), name, len(names))
		}
		if given := input.GetFeatureNames(); len(given) > 0 && !slices.Equal(names, given) {
			return "a recipe that makes the features of " + name + " in the signature's order"
		}
	}
	return ""
}

// columnOf returns an input of rows that were encoded; mismatch has made sure that it is there.
func columnOf(input *servingv1.ServedInput, encoded *encoding.Encoded) Column {
	if input.GetList() {
		return Lists(rowsOf(encoded.Lists[input.GetFeatureNames()[0]]))
	}
	width := int(input.GetWidth())
	switch input.GetName() {
	case continuousInput:
		return FloatRows(width, encoded.Continuous)
	case binaryInput:
		return IntegerRows(width, encoded.Binary)
	}
	return IntegerRows(width, encoded.Discrete)
}

// rowsOf returns the list of each row.
func rowsOf(lists *encoding.Lists) [][]int64 {
	rows, rest := make([][]int64, len(lists.Lengths)), lists.Values
	for row, length := range lists.Lengths {
		rows[row], rest = rest[:length], rest[length:]
	}
	return rows
}

func invalidRecipe(name, expectation string) error {
	return refused(servingv1.ErrorCode_ERROR_CODE_RECIPE_INVALID, name, "%s", expectation)
}

// encodingError returns the encoder's error as one of the scorer's, about the raw column, or about a file if one is named.
func encodingError(err error, file string) error {
	var found *encoding.Error
	if !errors.As(err, &found) {
		return err
	}
	code, known := codes[found.Code]
	if !known {
		code = servingv1.ErrorCode_ERROR_CODE_RECIPE_INVALID
	}
	refusal := refused(code, found.Column, "%s", found.Message)
	if file != "" {
		refusal.Input = file
	}
	refusal.Row = found.Row
	return refusal
}
