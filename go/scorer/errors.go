package scorer

import (
	"fmt"
	"strings"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
)

// An Error is what is wrong with a bundle that is not opened, or with a request that is not scored. Values of a request
// are never in it: ids are personal data.
type Error struct {
	// Code is the same in every language.
	Code servingv1.ErrorCode
	// Input is the name of the input, column or file that it is about; empty if it is about none.
	Input string
	// Row of the request, from 0; -1 if it is about no single one.
	Row int
	// Expectation says what should have been there.
	Expectation string
	// Err is what was underneath, such as ONNX Runtime's own error; nil if nothing was.
	Err error
}

// Name returns the code's name without what all have, such as ID_OUT_OF_RANGE.
func (e *Error) Name() string {
	return strings.TrimPrefix(e.Code.String(), "ERROR_CODE_")
}

// Error returns the error as one line.
func (e *Error) Error() string {
	var place strings.Builder
	if e.Input != "" {
		fmt.Fprintf(&place, " %q", e.Input)
	}
	if e.Row >= 0 {
		fmt.Fprintf(&place, ", row %d", e.Row)
	}
	return e.Name() + place.String() + ": " + e.Expectation
}

// Unwrap returns Err.
func (e *Error) Unwrap() error {
	return e.Err
}

// refused returns an error about an input or file as a whole.
func refused(code servingv1.ErrorCode, input, expectation string, arguments ...any) *Error {
	return &Error{Code: code, Input: input, Row: -1, Expectation: fmt.Sprintf(expectation, arguments...)}
}
