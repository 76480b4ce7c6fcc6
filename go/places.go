package rankspec

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"
)

// A place is where in a text a person looks for a path: of a scalar, an item or an entry its value, of a block, a list or
// a map its name.
type place struct {
	path   string
	offset int
}

// A placer finds the places of values in a config that was read from a text.
type placer struct {
	// By path, of what the text holds.
	offsets map[string]int
	// What a value was copied from, by its path.
	sources map[string]string
}

// newPlacer takes the places of a text in its order, and what was copied since.
func newPlacer(places []place, copies []filled) placer {
	p := placer{make(map[string]int, len(places)), make(map[string]string, len(copies))}
	for _, found := range places {
		// A list or map that is given in several statements is where it is given first.
		if _, given := p.offsets[found.path]; !given {
			p.offsets[found.path] = found.offset
		}
	}
	for _, filled := range copies {
		p.sources[filled.path] = filled.source
	}
	return p
}

// offset returns the place of a path, or of the nearest block, list or map around it; 0 if none is there.
func (p placer) offset(path string) int {
	for at := path; at != ""; at = parentOf(at) {
		if offset, ok := p.offsets[at]; ok {
			return offset
		}
		if offset, ok := p.offsetOfSource(at); ok {
			return offset
		}
	}
	return 0
}

// offsetOfSource returns the place of what a path was copied from, by itself or inside a larger copy.
func (p placer) offsetOfSource(path string) (int, bool) {
	for at := path; at != ""; at = parentOf(at) {
		if source, ok := p.sources[at]; ok {
			offset, ok := p.offsets[source+path[len(at):]]
			return offset, ok
		}
	}
	return 0, false
}

// locate gives each violation its line and column.
func (p placer) locate(violations []Violation, text []byte) {
	type target struct{ offset, index int }
	targets := make([]target, len(violations))
	for i, violation := range violations {
		targets[i] = target{p.offset(violation.Path), i}
	}
	slices.SortFunc(targets, func(a, b target) int { return cmp.Compare(a.offset, b.offset) })
	at := cursor{text: text, line: 1, column: 1}
	for _, target := range targets {
		at.moveTo(target.offset)
		violations[target.index].Line, violations[target.index].Column = at.line, at.column
	}
}

// lineAndColumn returns the place of an offset, both from 1; columns count characters.
func lineAndColumn(text []byte, offset int) (line, column int) {
	at := cursor{text: text, line: 1, column: 1}
	at.moveTo(offset)
	return at.line, at.column
}

// A cursor counts lines and columns while it moves through a text, so that many places take one pass.
type cursor struct {
	text                 []byte
	offset, line, column int
}

// moveTo moves to an offset that is not before the present one.
func (c *cursor) moveTo(offset int) {
	passed := c.text[c.offset:offset]
	if last := bytes.LastIndexByte(passed, '\n'); last >= 0 {
		c.line += bytes.Count(passed, []byte("\n"))
		c.column = 1
		passed = passed[last+1:]
	}
	c.column += utf8.RuneCount(passed)
	c.offset = offset
}
