package scorer

import (
	"fmt"
	"math"
	"slices"

	recapv1 "github.com/rankspec/rankspec/gen/go/rankspec/recap/v1"
	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
)

// separator stands between the names of an input and of one of its features; no input has it in its name.
const separator = "/"

// A Column is the values that all rows of a request have of an input, or of one of its features.
type Column struct {
	floats   []float32
	integers []int64
	lists    [][]int64
	isFloat  bool
	isMatrix bool
	isLists  bool
	width    int
}

// Floats returns the column of a feature of float32: a value for each row. The values are not copied.
func Floats(values []float32) Column {
	return Column{floats: values, isFloat: true, width: 1}
}

// Integers returns the column of a feature of int64: a value for each row. The values are not copied.
func Integers(values []int64) Column {
	return Column{integers: values, width: 1}
}

// FloatRows returns the column of a whole input of float32: width values for each row, a row after the other. The values
// are not copied.
func FloatRows(width int, values []float32) Column {
	return Column{floats: values, isFloat: true, isMatrix: true, width: width}
}

// IntegerRows returns the column of a whole input of int64: width values for each row, a row after the other. The values
// are not copied. Of an input of lists it has the ids of each row, and math.MinInt64 behind them.
func IntegerRows(width int, values []int64) Column {
	return Column{integers: values, isMatrix: true, width: width}
}

// Lists returns the column of an input of lists: the ids of each row, as many as there are.
func Lists(rows [][]int64) Column {
	return Column{lists: rows, isLists: true}
}

func (c Column) rows() int {
	if c.isLists {
		return len(c.lists)
	}
	return (len(c.floats) + len(c.integers)) / c.width
}

// isWhole returns whether the values are rows of so many.
func (c Column) isWhole(width int) bool {
	return c.isMatrix && c.width == width && (len(c.floats)+len(c.integers))%width == 0
}

func (c Column) isOf(kind servingv1.ValueType) bool {
	return !c.isLists && c.isFloat == (kind == servingv1.ValueType_VALUE_TYPE_FLOAT32)
}

// at returns a value as a double.
func (c Column) at(row, position int) float64 {
	if c.isFloat {
		return float64(c.floats[row*c.width+position])
	}
	return float64(c.integers[row*c.width+position])
}

// A Request is rows to score.
type Request struct {
	// Columns by name: an input with all of a row's values in the signature's order, or input/feature. An input is given
	// either way; one of lists under its own name, and no hash need come with it.
	Columns map[string]Column
	// SignatureHash is the hash of the signature that whole inputs were made for, which are refused without; nil if there
	// is none.
	SignatureHash *string
}

// placement places the columns of requests into the inputs of a signature.
type placement struct {
	signature *servingv1.FeatureSignature
	// places has what columns may be called, and the place in the signature of the input that they are of.
	places map[string]int
	// features has what the columns of each input's features are called: to make hundreds of names takes longer than to look
	// at a request.
	features [][]string
	// unread has the positions of each input that the model does not read.
	unread []map[int]bool
}

func newPlacement(signature *servingv1.FeatureSignature) *placement {
	made := &placement{signature: signature, places: map[string]int{}}
	for place, input := range signature.GetInputs() {
		features := featureColumns(input)
		for _, name := range append(features, input.GetName()) {
			made.places[name] = place
		}
		unread := map[int]bool{}
		for _, position := range input.GetUnreadPositions() {
			unread[int(position)] = true
		}
		made.features = append(made.features, features)
		made.unread = append(made.unread, unread)
	}
	return made
}

// placed returns the model's inputs in the signature's order, and how many rows they have. Its error is the first thing
// that is wrong, in the order that docs/serving.md gives.
func (p *placement) placed(request Request) ([]Column, int, error) {
	if request.SignatureHash != nil && *request.SignatureHash != p.signature.GetHash() {
		return nil, 0, refused(servingv1.ErrorCode_ERROR_CODE_SIGNATURE_MISMATCH, "", "the hash of this bundle's signature")
	}
	hasFeatures, err := p.givenByFeatures(request.Columns)
	if err != nil {
		return nil, 0, err
	}
	rows := &rowCount{number: -1}
	var inputs []Column
	for place := range p.signature.GetInputs() {
		column, err := p.input(place, request, hasFeatures[place], rows)
		if err != nil {
			return nil, 0, err
		}
		inputs = append(inputs, column)
	}
	if err := p.checkIDs(inputs, rows.number); err != nil {
		return nil, 0, err
	}
	for place := range p.signature.GetInputs() {
		if err := p.checkAllowed(place, inputs[place], rows.number); err != nil {
			return nil, 0, err
		}
	}
	return inputs, rows.number, nil
}

// givenByFeatures returns of each input whether columns of its features are there, and refuses columns of none.
func (p *placement) givenByFeatures(columns map[string]Column) ([]bool, error) {
	given := make([]bool, len(p.features))
	var unknown []string
	for name := range columns {
		if place, known := p.places[name]; !known {
			unknown = append(unknown, name)
		} else if name != p.signature.GetInputs()[place].GetName() {
			given[place] = true
		}
	}
	if len(unknown) > 0 {
		return nil, refused(servingv1.ErrorCode_ERROR_CODE_INPUT_UNKNOWN, slices.Min(unknown),
			"an input of the signature, or a feature of one")
	}
	return given, nil
}

func (p *placement) input(place int, request Request, hasFeatures bool, rows *rowCount) (Column, error) {
	input := p.signature.GetInputs()[place]
	name := input.GetName()
	whole, isWhole := request.Columns[name]
	switch {
	case isWhole && hasFeatures:
		return Column{}, refused(servingv1.ErrorCode_ERROR_CODE_INPUT_TWICE, name, "either whole vectors or single features")
	case hasFeatures:
		return p.joined(place, request.Columns, rows)
	case !isWhole:
		return Column{}, missingInput(name)
	case input.GetList():
		return placedLists(whole, name, rows)
	case !whole.isOf(input.GetType()):
		return Column{}, otherType(name, input)
	case !whole.isWhole(int(input.GetWidth())):
		return Column{}, refused(servingv1.ErrorCode_ERROR_CODE_WIDTH_MISMATCH, name,
			"a matrix of %d values a row", input.GetWidth())
	case request.SignatureHash == nil:
		return Column{}, refused(servingv1.ErrorCode_ERROR_CODE_SIGNATURE_REQUIRED, name,
			"the signature's hash beside whole vectors, or features by their names")
	}
	return whole, rows.check(whole, name)
}

// joined returns the input of its features, each in its place; those that the model does not read may be left out.
func (p *placement) joined(place int, columns map[string]Column, rows *rowCount) (Column, error) {
	input, found := p.signature.GetInputs()[place], map[int]Column{}
	for position, name := range p.features[place] {
		column, given := columns[name]
		switch {
		case !given && p.unread[place][position]:
			continue
		case !given:
			return Column{}, missingInput(name)
		case !column.isOf(input.GetType()):
			return Column{}, otherType(name, input)
		case column.isMatrix:
			return Column{}, refused(servingv1.ErrorCode_ERROR_CODE_WIDTH_MISMATCH, name, "one value a row")
		}
		if err := rows.check(column, name); err != nil {
			return Column{}, err
		}
		found[position] = column
	}
	width := int(input.GetWidth())
	if input.GetType() == servingv1.ValueType_VALUE_TYPE_FLOAT32 {
		joined := make([]float32, rows.number*width)
		for position, column := range found {
			interleave(joined, column.floats, position, width)
		}
		return FloatRows(width, joined), nil
	}
	joined := make([]int64, rows.number*width)
	for position, column := range found {
		interleave(joined, column.integers, position, width)
	}
	return IntegerRows(width, joined), nil
}

func interleave[T any](joined, values []T, position, width int) {
	for row, value := range values {
		joined[row*width+position] = value
	}
}

// checkIDs refuses ids that a table has neither a row nor a bucket for.
func (p *placement) checkIDs(inputs []Column, rows int) error {
	for _, table := range p.signature.GetIdTables() {
		if table.GetOutOfRangeIds() != recapv1.OutOfRangeIds_OUT_OF_RANGE_IDS_ERROR {
			continue
		}
		place, position := p.places[table.GetInput()], int(table.GetPosition())
		input, column := p.signature.GetInputs()[place], inputs[place]
		for row := range rows {
			ids := column.integers[row*column.width : (row+1)*column.width]
			if !input.GetList() {
				ids = ids[position : position+1]
			}
			if !slices.ContainsFunc(ids, isOutOf(table, input.GetList())) {
				continue
			}
			name := input.GetName()
			if len(p.features[place]) > 0 {
				name = p.features[place][position]
			}
			refusal := refused(servingv1.ErrorCode_ERROR_CODE_ID_OUT_OF_RANGE, name,
				"an id from 0 to %d of the table %q", table.GetNumIds()-1, table.GetName())
			refusal.Row = row
			return refusal
		}
	}
	return nil
}

// isOutOf returns whether a table has no row for an id. Padding of lists is none.
func isOutOf(table *servingv1.IdTable, isList bool) func(int64) bool {
	return func(id int64) bool {
		// An id below 0 is a very large one without its sign.
		return uint64(id) >= uint64(table.GetNumIds()) && !(isList && id == padding)
	}
}

// checkAllowed refuses values that training refuses.
func (p *placement) checkAllowed(place int, column Column, rows int) error {
	input := p.signature.GetInputs()[place]
	if input.AllowedValues == nil {
		return nil
	}
	allowed := input.GetAllowedValues()
	for row := range rows {
		for position := range column.width {
			if p.unread[place][position] || isAllowed(allowed, column.at(row, position)) {
				continue
			}
			refusal := refused(servingv1.ErrorCode_ERROR_CODE_VALUE_NOT_ALLOWED, input.GetName(), "%s", described(allowed))
			refusal.Row = row
			return refusal
		}
	}
	return nil
}

func isAllowed(allowed *servingv1.AllowedValues, value float64) bool {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return !allowed.GetWhole()
	}
	return !(allowed.Least != nil && value < allowed.GetLeast()) && !(allowed.Most != nil && value > allowed.GetMost()) &&
		!(allowed.GetWhole() && value != math.Trunc(value))
}

func described(allowed *servingv1.AllowedValues) string {
	text := "values"
	if allowed.GetWhole() {
		text = "whole numbers"
	}
	if allowed.Least != nil {
		text += fmt.Sprintf(" from %.9g", allowed.GetLeast())
	}
	if allowed.Most != nil {
		text += fmt.Sprintf(" up to %.9g", allowed.GetMost())
	}
	return text
}

// rowCount is how many rows the columns of a request have: all as many as the first, and -1 before that.
type rowCount struct {
	number int
}

func (r *rowCount) check(column Column, name string) error {
	if r.number < 0 {
		r.number = column.rows()
	}
	if column.rows() != r.number {
		return refused(servingv1.ErrorCode_ERROR_CODE_ROWS_MISMATCH, name, "%d rows", r.number)
	}
	return nil
}

func missingInput(name string) error {
	return refused(servingv1.ErrorCode_ERROR_CODE_INPUT_MISSING, name, "a column of this name")
}

func otherType(name string, input *servingv1.ServedInput) error {
	wanted := "int64"
	if input.GetType() == servingv1.ValueType_VALUE_TYPE_FLOAT32 {
		wanted = "float32"
	}
	return refused(servingv1.ErrorCode_ERROR_CODE_TYPE_MISMATCH, name, "values of %s", wanted)
}

// featureColumns returns what the columns of an input's features are called; a list has no features of its own.
func featureColumns(input *servingv1.ServedInput) []string {
	if input.GetList() {
		return nil
	}
	names := make([]string, len(input.GetFeatureNames()))
	for position, name := range input.GetFeatureNames() {
		names[position] = input.GetName() + separator + name
	}
	return names
}
