package rankspec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Violation is one thing that is wrong with a config.
type Violation struct {
	// Path of the offending field, such as model.tasks["liked"].pos_weight; empty for the config itself.
	Path string
	// Code is the id of the rule, or begins with parse., env. or file.
	Code string
	// Message says what is wrong, for a person; only Path and Code are the same in every language.
	Message string
	// Line and Column of the offending field or of what contains it, from 1; 0 if unknown. Columns count characters.
	Line, Column int
}

// String returns the violation as one line.
func (v Violation) String() string {
	var text strings.Builder
	if v.Line > 0 {
		fmt.Fprintf(&text, "%d:%d: ", v.Line, v.Column)
	}
	if v.Path != "" {
		fmt.Fprintf(&text, "%s: ", v.Path)
	}
	fmt.Fprintf(&text, "%s [%s]", v.Message, v.Code)
	return text.String()
}

// An InvalidError is the error of a config that cannot be read or breaks rules.
type InvalidError struct {
	// File is the config's name, if it has one.
	File string
	// Violations is sorted by line, column, path and code, never empty, and names no path and code twice.
	Violations []Violation
}

// Error returns every violation, one a line.
func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Violations))
	for i, violation := range e.Violations {
		lines[i] = violation.String()
		if e.File != "" {
			lines[i] = e.File + ":" + lines[i]
		}
	}
	return strings.Join(lines, "\n")
}

// invalid returns the error of violations, or nil if there are none.
func invalid(file string, violations ...Violation) error {
	if len(violations) == 0 {
		return nil
	}
	slices.SortStableFunc(violations, func(a, b Violation) int {
		return cmp.Or(
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Code, b.Code),
		)
	})
	return &InvalidError{File: file, Violations: slices.CompactFunc(violations, func(a, b Violation) bool {
		return a.Path == b.Path && a.Code == b.Code
	})}
}
