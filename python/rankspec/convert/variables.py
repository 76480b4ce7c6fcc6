"""Variables of the reference's files, in our spelling.

The reference runs Python's string.Template over the text of a ranker's file before it reads it: `$NAME` and `${NAME}`
are variables, `$$` is a `$`, and any other `$` stands for itself. Files of graph embeddings it reads as they are.
"""

from __future__ import annotations

import re

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(rf"\$(?:\$|({_NAME})|\{{({_NAME})\}})")
# Right before a variable a `$` would make ours the escape `$${`, so it is a default there, of a variable whose name
# says what it holds where somebody sets it.
_DOLLAR = "${DOLLAR:-$}"


def has_variable(text: str) -> bool:
    """Tells whether something would be put into a text."""
    return any(match[1] or match[2] for match in _REFERENCE.finditer(text))


def without_escapes(text: str) -> str:
    """Writes a text without variables as it was read."""
    return text.replace("$$", "$")


def with_our_variables(text: str) -> str:
    """Writes `$NAME` and `${NAME}` as `${NAME}`, and what is no variable so that ours take it for none."""
    parts = []
    literal = ""
    end = 0
    for match in _REFERENCE.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        name = match[1] or match[2]
        if name:
            parts += [_before_variable(literal), f"${{{name}}}"]
            literal = ""
        else:
            literal += "$"
    return "".join([*parts, _escaped(literal + text[end:])])


def _before_variable(literal: str) -> str:
    bare = literal.rstrip("$")
    return _escaped(bare) + _DOLLAR * (len(literal) - len(bare))


def _escaped(literal: str) -> str:
    return literal.replace("${", "$${")
