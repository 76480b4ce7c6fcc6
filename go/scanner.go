package rankspec

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

type tokenKind int

const (
	endToken tokenKind = iota
	wordToken
	numberToken
	stringToken
	markToken
	// A + or - by itself.
	signToken
)

// A token of the text format, as docs/portable.md has it.
type token struct {
	kind  tokenKind
	text  string
	start int
}

func (t token) isMark(marks string) bool {
	return t.kind == markToken && strings.Contains(marks, t.text)
}

// A mistake is the first thing in a text that is not portable, or not right.
type mistake struct {
	code, message, path string
	offset              int
}

func (m *mistake) Error() string {
	return m.message
}

const (
	oddSpace = "\u000b\u000c\u001c\u001d\u001e\u001f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006" +
		"\u2007\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u3000"
	oddLineEnds   = "\r\u0085\u2028\u2029"
	byteOrderMark = '\ufeff'
)

// A scanner cuts a text into the tokens of the portable subset.
type scanner struct {
	text     string
	position int
}

// next returns the token after the position. Its error is a *mistake.
func (s *scanner) next() (token, error) {
	if err := s.skip(); err != nil {
		return token{}, err
	}
	start := s.position
	if start == len(s.text) {
		return token{endToken, "the end of the text", start}, nil
	}
	kind, length := wordToken, 1
	switch first := s.text[start]; {
	case isLetter(first):
		length = wordLength(s.text[start:], false)
	case first == '"' || first == '\'':
		kind, length = stringToken, stringLength(s.text[start:])
		if length < 0 {
			return token{}, &mistake{"parse.unterminated", "this string has no closing quote on its line", "", start}
		}
	case strings.IndexByte("{}<>[]:,;", first) >= 0:
		kind = markToken
	default:
		kind, length = numberLength(s.text[start:])
		if length == 0 {
			return token{}, s.unexpected()
		}
	}
	s.position += length
	return token{kind, s.text[start:s.position], start}, nil
}

// skip moves past white space and comments.
func (s *scanner) skip() error {
	for s.position < len(s.text) {
		switch s.text[s.position] {
		case ' ', '\t', '\r', '\n':
			s.position++
		case '#':
			comment, _, _ := strings.Cut(s.text[s.position:], "\n")
			end := s.position + len(comment)
			if end < len(s.text) {
				comment = strings.TrimSuffix(comment, "\r")
			}
			if odd := strings.IndexAny(comment, oddLineEnds); odd >= 0 {
				return &mistake{"parse.not_portable.comment",
					"a line end other than a line feed ends a comment to some parsers and editors only", "", s.position + odd}
			}
			s.position = end
		default:
			return nil
		}
	}
	return nil
}

// unexpected says what is wrong with a character that begins no token.
func (s *scanner) unexpected() error {
	character, _ := utf8.DecodeRuneInString(s.text[s.position:])
	code, what := "parse.syntax", fmt.Sprintf("unexpected %q", character)
	switch {
	case character == byteOrderMark:
		code, what = "parse.not_portable.byte_order_mark", "a byte order mark is not read alike by all languages"
	case strings.ContainsRune(oddSpace, character):
		code = "parse.not_portable.white_space"
		what = fmt.Sprintf("%U as white space is not read alike by all languages", character)
	case character < ' ' || character == 0x7f:
		code = "parse.not_portable.control_character"
		what = fmt.Sprintf("a control character (%U) is not read alike by all languages", character)
	}
	return &mistake{code, what, "", s.position}
}

func isLetter(c byte) bool {
	return c == '_' || ('a' <= c|0x20 && c|0x20 <= 'z')
}

func isDigit(c byte) bool {
	return '0' <= c && c <= '9'
}

// wordLength returns how many bytes belong to a word, or to a number, which takes points too.
func wordLength(text string, points bool) int {
	for i := range len(text) {
		if c := text[i]; !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && (c != '.' || !points) {
			return i
		}
	}
	return len(text)
}

// numberLength returns the kind and length of what begins like a number; the length is 0 if it does not.
func numberLength(text string) (tokenKind, int) {
	sign := 0
	if text[0] == '+' || text[0] == '-' {
		sign = 1
	}
	rest := text[sign:]
	digits := strings.TrimPrefix(rest, ".")
	switch {
	case digits != "" && isDigit(digits[0]):
		return numberToken, sign + wordLength(rest, true)
	case sign > 0 && rest != "" && isLetter(rest[0]):
		return numberToken, sign + wordLength(rest, false)
	default:
		return signToken, sign
	}
}

// stringLength returns the length of a string with its quotes; -1 if the line ends before it.
func stringLength(text string) int {
	for i := 1; i < len(text) && text[i] != '\n'; i++ {
		switch text[i] {
		case text[0]:
			return i + 1
		case '\\':
			i++
			if i < len(text) && text[i] == '\n' {
				return -1
			}
		}
	}
	return -1
}
