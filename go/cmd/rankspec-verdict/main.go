// Command rankspec-verdict prints the verdict on each config file it is given as one line of JSON.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	rankspec "github.com/rankspec/rankspec/go"
	_ "github.com/rankspec/rankspec/go/internal/bindings" // headers name messages of every area
)

type violation struct {
	Path   string `json:"path"`
	Code   string `json:"code"`
	Line   *int   `json:"line"`
	Column *int   `json:"column"`
}

type verdict struct {
	File       string      `json:"file"`
	OK         bool        `json:"ok"`
	Violations []violation `json:"violations"`
	Semantic   *string     `json:"semantic"`
	Full       *string     `json:"full"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rankspec-verdict:", err)
		os.Exit(1)
	}
}

func run(files []string) error {
	out := bufio.NewWriter(os.Stdout)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	options := rankspec.Options{Variables: rankspec.Environment()}
	for _, file := range files {
		line, err := judge(file, options)
		if err != nil {
			return err
		}
		if err := lines.Encode(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

// known returns a line or column; nil where there is no text that it could be of.
func known(number int) *int {
	if number == 0 {
		return nil
	}
	return &number
}

func judge(file string, options rankspec.Options) (verdict, error) {
	line := verdict{File: file, Violations: []violation{}}
	config, err := rankspec.LoadFile(file, options)
	var found *rankspec.InvalidError
	switch {
	case errors.As(err, &found):
		for _, v := range found.Violations {
			line.Violations = append(line.Violations, violation{v.Path, v.Code, known(v.Line), known(v.Column)})
		}
	case err != nil:
		return line, fmt.Errorf("%s: %w", file, err)
	default:
		identity, err := rankspec.Fingerprint(config)
		if err != nil {
			return line, fmt.Errorf("%s: %w", file, err)
		}
		line.OK, line.Semantic, line.Full = true, &identity.Semantic, &identity.Full
	}
	return line, nil
}
