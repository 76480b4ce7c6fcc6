package scorer

import (
	"encoding/binary"
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

// goldenBatches reads a golden file.
func goldenBatches(manifest *servingv1.BundleManifest, content []byte) ([]goldenBatch, error) {
	inputs, tasks := manifest.GetSignature().GetInputs(), len(manifest.GetOutputs())
	rowBytes := int64(tasks) * 4
	for _, input := range inputs {
		rowBytes += int64(input.GetWidth()) * int64(valueBytes(input))
	}
	var rows int64
	for _, batch := range manifest.GetGoldenBatches() {
		rows += int64(batch.GetNumRows())
	}
	// Divided, since the product may be more than any number.
	if size := int64(len(content)); size%rowBytes != 0 || size/rowBytes != rows {
		return nil, refused(servingv1.ErrorCode_ERROR_CODE_GOLDEN_INVALID, manifest.GetGoldenFile(),
			"%d rows of %d bytes", rows, rowBytes)
	}
	var batches []goldenBatch
	for _, listed := range manifest.GetGoldenBatches() {
		batch := goldenBatch{name: listed.GetName(), rows: int(listed.GetNumRows())}
		for _, input := range inputs {
			var column Column
			column, content = goldenColumn(input, batch.rows, content)
			batch.inputs = append(batch.inputs, column)
		}
		batch.outputs, content = floats(content, batch.rows*tasks)
		batches = append(batches, batch)
	}
	return batches, nil
}

// goldenColumn reads an input, and returns what follows.
func goldenColumn(input *servingv1.ServedInput, rows int, content []byte) (Column, []byte) {
	width := int(input.GetWidth())
	if input.GetType() == servingv1.ValueType_VALUE_TYPE_FLOAT32 {
		values, rest := floats(content, rows*width)
		return FloatRows(width, values), rest
	}
	values := make([]int64, rows*width)
	for place := range values {
		values[place] = int64(binary.LittleEndian.Uint64(content[place*8:]))
	}
	return IntegerRows(width, values), content[len(values)*8:]
}

func floats(content []byte, number int) ([]float32, []byte) {
	values := make([]float32, number)
	for place := range values {
		values[place] = math.Float32frombits(binary.LittleEndian.Uint32(content[place*4:]))
	}
	return values, content[number*4:]
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
