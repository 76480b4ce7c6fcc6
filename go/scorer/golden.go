package scorer

import (
	"encoding/binary"
	"fmt"
	"math"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
)

// goldenBatch is rows that are scored together, and their outputs, a row after the other.
type goldenBatch struct {
	name    string
	rows    int
	inputs  []Column
	outputs []float32
}

// goldenBatches reads a golden file whole, before anything is done with its rows.
func goldenBatches(manifest *servingv1.BundleManifest, content []byte) ([]goldenBatch, error) {
	inputs, tasks := manifest.GetSignature().GetInputs(), len(manifest.GetOutputs())
	reader := &goldenReader{content: content, file: manifest.GetGoldenFile()}
	if expectation := otherLength(manifest, int64(len(content))); expectation != "" {
		return nil, reader.invalid(expectation)
	}
	var batches []goldenBatch
	for _, listed := range manifest.GetGoldenBatches() {
		batch := goldenBatch{name: listed.GetName(), rows: int(listed.GetNumRows())}
		for _, input := range inputs {
			batch.inputs = append(batch.inputs, reader.column(input, batch.rows))
		}
		batch.outputs = reader.floats(batch.rows * tasks)
		if reader.err != nil {
			return nil, reader.err
		}
		batches = append(batches, batch)
	}
	if len(reader.content) > 0 {
		return nil, reader.invalid(fmt.Sprintf("%d bytes", len(content)-len(reader.content)))
	}
	return batches, nil
}

// otherLength returns how long a golden file should be, or at least be, if it is not.
func otherLength(manifest *servingv1.BundleManifest, size int64) string {
	rowBytes := int64(len(manifest.GetOutputs())) * 4
	hasLists := false
	for _, input := range manifest.GetSignature().GetInputs() {
		// Of a list, the number of its ids is always there.
		rowBytes += int64(input.GetWidth()) * int64(valueBytes(input))
		hasLists = hasLists || input.GetList()
	}
	var rows int64
	for _, batch := range manifest.GetGoldenBatches() {
		rows += int64(batch.GetNumRows())
	}
	// Divided, since the product may be more than any number.
	switch {
	case size/rowBytes < rows:
		return fmt.Sprintf("at least %d rows of %d bytes", rows, rowBytes)
	case !hasLists && (size%rowBytes != 0 || size/rowBytes != rows):
		return fmt.Sprintf("%d rows of %d bytes", rows, rowBytes)
	}
	return ""
}

// goldenReader takes numbers from a golden file, one after the other. After its first error, err, there are no more.
type goldenReader struct {
	content []byte
	file    string
	err     error
}

func (r *goldenReader) invalid(expectation string) error {
	return refused(servingv1.ErrorCode_ERROR_CODE_GOLDEN_INVALID, r.file, "%s", expectation)
}

// has returns whether there are so many more numbers.
func (r *goldenReader) has(number, size int) bool {
	if r.err == nil && number > len(r.content)/size {
		r.err = r.invalid("all rows of the golden batches")
	}
	return r.err == nil
}

func (r *goldenReader) column(input *servingv1.ServedInput, rows int) Column {
	width := int(input.GetWidth())
	switch {
	case input.GetList():
		return r.lists(rows, input.GetName())
	case input.GetType() == servingv1.ValueType_VALUE_TYPE_FLOAT32:
		return FloatRows(width, r.floats(rows*width))
	}
	return IntegerRows(width, r.integers(rows*width))
}

func (r *goldenReader) lists(rows int, name string) Column {
	lists := make([][]int64, rows)
	for row := range lists {
		length := r.integers(1)
		if r.err == nil && length[0] < 0 {
			r.err = r.invalid("numbers of ids from 0 on")
		}
		if r.err != nil {
			return Column{}
		}
		lists[row] = r.integers(int(length[0]))
	}
	if r.err != nil {
		return Column{}
	}
	var column Column
	column, r.err = padded(lists, name)
	return column
}

func (r *goldenReader) integers(number int) []int64 {
	if !r.has(number, 8) {
		return nil
	}
	values := make([]int64, number)
	for place := range values {
		values[place] = int64(binary.LittleEndian.Uint64(r.content[place*8:]))
	}
	r.content = r.content[number*8:]
	return values
}

func (r *goldenReader) floats(number int) []float32 {
	if !r.has(number, 4) {
		return nil
	}
	values := make([]float32, number)
	for place := range values {
		values[place] = math.Float32frombits(binary.LittleEndian.Uint32(r.content[place*4:]))
	}
	r.content = r.content[number*4:]
	return values
}

func valueBytes(input *servingv1.ServedInput) int {
	if input.GetType() == servingv1.ValueType_VALUE_TYPE_FLOAT32 {
		return 4
	}
	return 8
}

// difference returns the largest difference between outputs; of a value above 1 in size, relative to it. Where only one
// of two is no number, or infinite, they are infinitely far apart.
func difference(found, expected []float32) float64 {
	worst := 0.0
	for place := range expected {
		one, other := float64(found[place]), float64(expected[place])
		if one == other || math.IsNaN(one) && math.IsNaN(other) {
			continue
		}
		apart := math.Abs(one-other) / max(1, math.Abs(other))
		if math.IsNaN(apart) {
			apart = math.Inf(1)
		}
		worst = max(worst, apart)
	}
	return worst
}
