"""The tokens of the portable text format.

White space is space, tab, carriage return and line feed; comments run from `#` to the end of the line;
numbers are decimal without leading zeros. What the official parsers disagree about is no token here, so
that the slow path of the reader meets it and says so.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# The line ends that some parsers see inside a comment (a lone carriage return, U+0085, U+2028, U+2029) and
# control characters are left out: what follows would be a comment to one parser and a field to another.
_COMMENT = r"#[^\x00-\x08\n-\x1f\x7f\x85\u2028\u2029]*+(?=\r?\n|\Z)"
_SPACE = r"[ \t\r\n]*+"
_SKIP = rf"{_SPACE}(?:{_COMMENT}{_SPACE})*+"
_DECIMAL = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_PLAIN_STRING = r'"[^"\\\x00-\x08\n-\x1f]*+"'
_NO_MORE_NUMBER = r"(?![0-9A-Za-z_.+\-])"

# Quantifiers are possessive: what they took is never given back, so that no text makes matching slow.

# Indices of the groups of STATEMENT.
NAME, NUMBER, WORD, STRING, NUMBERS, STRINGS, OPEN, CLOSE = range(1, 9)

# Nearly every statement of a real file in one match: a field with a plain value, the start of a block or its
# end. Everything else, right or wrong, is left to TOKEN.
STATEMENT = re.compile(
    rf"{_SKIP}(?:"
    rf"([A-Za-z_][0-9A-Za-z_]*+){_SPACE}"
    rf"(?::{_SPACE}(?:"
    rf"({_DECIMAL}){_NO_MORE_NUMBER}"
    rf"|([A-Za-z_][0-9A-Za-z_]*+)(?![0-9A-Za-z_+\-])(?!{_SPACE}[:{{<\[])"
    rf'|"([^"\\\x00-\x08\n-\x1f]*+)"(?!{_SKIP}["\'])'
    rf"|\[{_SPACE}({_DECIMAL}(?:{_SPACE},{_SPACE}{_DECIMAL})*+){_SPACE}\]"
    rf"|\[{_SPACE}({_PLAIN_STRING}(?:{_SPACE},{_SPACE}{_PLAIN_STRING})*+){_SPACE}\]"
    rf")|:?{_SPACE}([{{<]))"
    rf"|([}}>])"
    rf")"
)

SKIP = re.compile(_SKIP)

TOKEN = re.compile(
    r"""
      (?P<word>[A-Za-z_][0-9A-Za-z_+\-]*)
    | (?P<number>[+\-]?\.?[0-9][0-9A-Za-z_.+\-]*|[+\-][A-Za-z_][0-9A-Za-z_+\-]*)
    | (?P<string>"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"|'[^'\\\n]*+(?:\\[^\n][^'\\\n]*+)*+')
    | (?P<unterminated>["'][^\n]*)
    | (?P<mark>[{}<>\[\]:,;])
    | (?P<other>[^\s\x00-\x1f\x7f\ufeff\ufffd\u200b0-9A-Za-z_"'{}<>\[\]:,;\#=+\-.]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)

# What matters for finding the end of a block that is skipped.
BRACKET = re.compile(
    r"""
      (?P<opener>[{<\[])
    | (?P<closer>[}>\]])
    | (?P<string>"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"|'[^'\\\n]*+(?:\\[^\n][^'\\\n]*+)*+')
    | (?P<unterminated>["'])
    | (?P<comment>\#[^\n]*)
    """,
    re.VERBOSE,
)

# White space and line ends to some parsers only.
ODD_SPACE = re.compile("[\x0b\x0c\x1c-\x1f\x85\xa0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]+")
# A comment that does not end where every parser sees its end.
ODD_COMMENT = re.compile(r"#[^\n]*")
ODD_COMMENT_CHARACTER = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")

OPENERS = {"{": "}", "<": ">"}


class Token(NamedTuple):
    """A piece of text.

    Attributes:
        kind: `word`, `number` (anything that begins like one), `string`, `unterminated` (a string without
            its closing quote), `mark` (punctuation), `other` (characters that begin nothing) or `end`.
        text: As it is written.
        start: Offset of its first character.
        end: Offset after its last character.
    """

    kind: str
    text: str
    start: int
    end: int

    def is_mark(self, *marks: str) -> bool:
        """Tells whether the token is one of these punctuation marks."""
        return self.kind == "mark" and self.text in marks


_PLAIN_ELEMENT = re.compile(rf"{_PLAIN_STRING}|{_DECIMAL}")
_PLAIN_STRING_INSIDE = re.compile(r'"([^"\\\x00-\x08\n-\x1f]*)"')


def plain_list_offsets(text: str, start: int, end: int) -> list[int]:
    """Finds where the elements of a list begin whose inside STATEMENT matched from `start` to `end`."""
    return [element.start() for element in _PLAIN_ELEMENT.finditer(text, start, end)]


def plain_strings(inside: str) -> list[str]:
    """Reads the strings of a list whose inside STATEMENT matched."""
    return _PLAIN_STRING_INSIDE.findall(inside)
