package scorer

import (
	"math"
	"slices"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
)

const (
	// padding stands behind the last id of a list where lists are made equally long, and for no id. Not -1, which some data have.
	padding = math.MinInt64
	// maxMatrixValues is how many values the matrix may have that lists are made equally long in: what an array of Java's holds.
	maxMatrixValues = 1<<31 - 9
)

// placedLists returns the matrix that the model takes: a list's ids in each row, and padding behind them.
func placedLists(given Column, name string, rows *rowCount) (Column, error) {
	if !given.isLists {
		if !isPadded(given) {
			return Column{}, refused(servingv1.ErrorCode_ERROR_CODE_TYPE_MISMATCH, name,
				"a list of int64 for each row, or a matrix of int64 with %d behind the ids of each", padding)
		}
		return given, rows.check(given, name)
	}
	for row, ids := range given.lists {
		if slices.Contains(ids, padding) {
			refusal := refused(servingv1.ErrorCode_ERROR_CODE_VALUE_NOT_ALLOWED, name, "ids, and %d stands for none", padding)
			refusal.Row = row
			return Column{}, refusal
		}
	}
	matrix, err := padded(given.lists, name)
	if err != nil {
		return Column{}, err
	}
	return matrix, rows.check(matrix, name)
}

// padded returns lists as rows of a matrix as wide as the longest, and at least 1; one that is very long makes it large for all
// rows.
func padded(lists [][]int64, name string) (Column, error) {
	width := longest(lists)
	if len(lists) > maxMatrixValues/width {
		return Column{}, refused(servingv1.ErrorCode_ERROR_CODE_SCORING_FAILED, name,
			"lists whose rows times the longest are %d at most; score fewer rows at once", maxMatrixValues)
	}
	values := make([]int64, 0, len(lists)*width)
	for _, ids := range lists {
		values = append(values, ids...)
		for range width - len(ids) {
			values = append(values, padding)
		}
	}
	return IntegerRows(width, values), nil
}

// longest returns how many ids the longest list has, and at least 1.
func longest(lists [][]int64) int {
	width := 1
	for _, ids := range lists {
		width = max(width, len(ids))
	}
	return width
}

// isPadded returns whether a column is a matrix of lists: of whole numbers, and nothing but padding behind padding.
func isPadded(column Column) bool {
	if column.isFloat || !column.isMatrix || column.width < 1 || len(column.integers)%column.width != 0 {
		return false
	}
	for ids := range slices.Chunk(column.integers, column.width) {
		if end := slices.Index(ids, padding); end >= 0 && slices.ContainsFunc(ids[end:], isID) {
			return false
		}
	}
	return true
}

func isID(value int64) bool {
	return value != padding
}
