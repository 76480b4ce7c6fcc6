package rankspec

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A Violation is one thing that is wrong with a config.
type Violation struct {
	// Path of the offending field, such as model.tasks["liked"].pos_weight; empty for the config itself.
	Path string
	// Code is the id of the rule, or begins with parse., env. or file.
	Code string
	// Message says what is wrong, for a person; the others are the same in every language.
	Message string
	// Line and Column of the offending field in a text, or of the nearest field around it, from 1; 0 where there is no
	// text. Columns count characters.
	Line, Column int
}

// String returns the violation as one line, in which control characters are escaped.
func (v Violation) String() string {
	var text strings.Builder
	if v.Line > 0 {
		fmt.Fprintf(&text, "%d:%d: ", v.Line, v.Column)
	}
	if v.Path != "" {
		fmt.Fprintf(&text, "%s: ", v.Path)
	}
	fmt.Fprintf(&text, "%s [%s]", v.Message, v.Code)
	return oneLine(text.String())
}

// An InvalidError is the error of a config that cannot be read or breaks rules.
type InvalidError struct {
	// File is the config's name, if it has one.
	File string
	// Violations is sorted by line, column, path and code, never empty, and names no path and code twice.
	Violations []Violation
	// Err is why the file cannot be read; nil if it was read.
	Err error
}

// Error returns the first violation and how many more there are, in one line.
func (e *InvalidError) Error() string {
	first := e.line(e.Violations[0])
	if more := len(e.Violations) - 1; more > 0 {
		return fmt.Sprintf("%s (and %d more)", first, more)
	}
	return first
}

// Report returns every violation, one a line.
func (e *InvalidError) Report() string {
	lines := make([]string, len(e.Violations))
	for i, violation := range e.Violations {
		lines[i] = e.line(violation)
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns Err, so that errors.Is(err, fs.ErrNotExist) tells a file that is missing.
func (e *InvalidError) Unwrap() error {
	return e.Err
}

func (e *InvalidError) line(violation Violation) string {
	switch {
	case e.File == "":
		return violation.String()
	case violation.Line > 0:
		return oneLine(e.File) + ":" + violation.String()
	default:
		return oneLine(e.File) + ": " + violation.String()
	}
}

// oneLine escapes what would end a line or command a terminal: names of files, keys and values are anybody's.
func oneLine(text string) string {
	if !strings.ContainsFunc(text, breaksLine) {
		return text
	}
	var line strings.Builder
	for _, character := range text {
		if breaksLine(character) {
			line.WriteString(strings.Trim(strconv.QuoteRuneToASCII(character), "'"))
		} else {
			line.WriteRune(character)
		}
	}
	return line.String()
}

func breaksLine(character rune) bool {
	return unicode.In(character, unicode.Cc, unicode.Zl, unicode.Zp)
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
