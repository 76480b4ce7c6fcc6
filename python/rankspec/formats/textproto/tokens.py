"""Tokens of the text format: every form that is right, and everything that is not."""

from __future__ import annotations

import re
from typing import NamedTuple

# The line ends that some parsers and editors see inside a comment (a lone carriage return, U+0085, U+2028, U+2029) are
# left out: what follows would be a comment to one and a field to another.
_COMMENT = r"\#[^\n\r\x85\u2028\u2029]*+(?=\r?\n|\Z)"
# Quantifiers are possessive: what they took is never given back, so that no text makes matching slow. That of the group
# is not, because Python before 3.11.5 keeps what a group took that failed in its middle (CPython issue 106052).
_SKIP = rf"[ \t\r\n]*+(?:{_COMMENT}[ \t\r\n]*+)*"
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
# A token with the white space and comments before it, or the end of the text.
NEXT_TOKEN = re.compile(rf"{_SKIP}(?:{TOKEN.pattern}|(?P<end>\Z))", re.VERBOSE | re.DOTALL)

OPENERS = {"{": "}", "<": ">"}

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
ODD_LINE_END = re.compile("[\r\x85\u2028\u2029]")


# What a person takes for a name: a path, or a word with letters that no name has.
ODD_NAME = re.compile(r"[A-Za-z_](?:[0-9A-Za-z_+\-.]|[^\W\x00-\x7f])*[^\W]")
# Comments of other languages.
FOREIGN_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)


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
