"""Plain statements of the portable text format, which are nearly all of a real file.

White space is space, tab, carriage return and line feed; comments run from `#` to the end of the line;
numbers are decimal without leading zeros. What the official parsers disagree about is no token here, so
that the slow path of the reader meets it and says so.
"""

from __future__ import annotations

import re

# The line ends that some parsers see inside a comment (a lone carriage return, U+0085, U+2028, U+2029) and
# control characters are left out: what follows would be a comment to one parser and a field to another.
_COMMENT = r"#[^\x00-\x08\n-\x1f\x7f\x85\u2028\u2029]*+(?=\r?\n|\Z)"
_SPACE = r"[ \t\r\n]*+"
_SKIP = rf"{_SPACE}(?:{_COMMENT}{_SPACE})*"
_DECIMAL = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_PLAIN_STRING = r'"[^"\\\x00-\x08\n-\x1f]*+"'
_NO_MORE_NUMBER = r"(?![0-9A-Za-z_.+\-])"

# Quantifiers are possessive: what they took is never given back, so that no text makes matching slow. Those of groups
# are not, because Python before 3.11.5 keeps what a group took that failed in its middle (CPython issue 106052). They
# need memory for each turn, so that lists are short here; longer ones are left to TOKEN.

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
    rf"|\[{_SPACE}({_DECIMAL}(?:{_SPACE},{_SPACE}{_DECIMAL}){{0,1000}}){_SPACE}\]"
    rf"|\[{_SPACE}({_PLAIN_STRING}(?:{_SPACE},{_SPACE}{_PLAIN_STRING}){{0,1000}}){_SPACE}\]"
    rf")|:?{_SPACE}([{{<]))"
    rf"|([}}>])"
    rf")"
)

SKIP = re.compile(_SKIP)
OPENERS = {"{": "}", "<": ">"}

_PLAIN_ELEMENT = re.compile(rf"{_PLAIN_STRING}|{_DECIMAL}")
_PLAIN_STRING_INSIDE = re.compile(r'"([^"\\\x00-\x08\n-\x1f]*)"')


def plain_list_offsets(text: str, start: int, end: int) -> list[int]:
    """Finds where the elements of a list begin whose inside STATEMENT matched from `start` to `end`."""
    return [element.start() for element in _PLAIN_ELEMENT.finditer(text, start, end)]


def plain_strings(inside: str) -> list[str]:
    """Reads the strings of a list whose inside STATEMENT matched."""
    return _PLAIN_STRING_INSIDE.findall(inside)
