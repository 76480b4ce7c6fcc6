"""Variables in values: `${VAR}` and `${VAR:-default}` inside strings, replaced after parsing.

Only string values are looked at: singular, in lists and as values of maps; never map keys, and never the raw
text of a file. What has been put in is not looked at again. `$${` stands for a literal `${`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.formats.variable_references import replace_in_values

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from rankspec.formats.origins import Origins
    from rankspec.schema.field_paths import FieldPath

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(rf"\$\$\{{|\$\{{({_NAME})(?::-([^}}]*))?\}}|\$\{{[^}}]*\}}?")


# A lone surrogate is what Python makes of a byte that it cannot decode; the replacement character is all that Java and
# Node leave of one.
_NO_TEXT = re.compile("[\ud800-\udfff\ufffd]")


class Replacement(NamedTuple):
    """What the replacing did.

    Attributes:
        diagnostics: Variables that are unset or no text, and references that are none.
        variables: The names of the variables that each path's value was made of.
    """

    diagnostics: list[Diagnostic]
    variables: dict[FieldPath, tuple[str, ...]]


def process_environment() -> dict[str, str]:
    """Returns the variables of this process, read as UTF-8 whatever the locale says.

    In another locale `os.environ` would have other characters, and so the config another fingerprint.
    """
    if not os.supports_bytes_environ:
        return dict(os.environ)
    return {as_text(name): as_text(value) for name, value in os.environb.items()}


def as_text(value: bytes) -> str:
    """Decodes a variable's bytes; each that is not UTF-8 becomes a lone surrogate, by which it is refused later."""
    return value.decode("utf-8", "surrogateescape")


def substitute(message: Message, environment: Mapping[str, str], origins: Origins) -> Replacement:
    """Replaces the variables in all string values of a message, in place.

    Args:
        message: What to change.
        environment: Values by name.
        origins: Where the values came from, for the diagnostics.

    Returns:
        What is wrong, and which values were replaced. A value with a mistake keeps its text.
    """
    replacement = Replacement([], {})

    def expand(path: FieldPath, text: str) -> str:
        expansion = _Expansion(text, environment)
        if expansion.problem is not None:
            code, problem, suggestion = expansion.problem
            nearest = origins.nearest(path)
            position = origins.value(path) or (nearest[1] if nearest else None)
            diagnostic = Diagnostic(code, problem, path, position, "error", suggestion)
            replacement.diagnostics.append(diagnostic)
            return text
        if expansion.variables:
            replacement.variables[path] = tuple(expansion.variables)
        return expansion.text

    replace_in_values(message, expand)
    return replacement


class _Expansion:
    """One value with its references replaced, or the first thing that is wrong with it."""

    def __init__(self, text: str, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problem: tuple[str, str, str] | None = None
        self.variables: list[str] = []
        self.text = _REFERENCE.sub(self._replace, text)

    def _replace(self, match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        if match[1] is None:
            return self._fail(
                "env.malformed",
                f"`{match[0]}` is no reference to a variable",
                "write `${NAME}`, `${NAME:-default}`, or `$${` for a literal `${`",
            )
        return self._value(match[1], match[2])

    def _value(self, name: str, default: str | None) -> str:
        self.variables.append(name)
        value = self._environment.get(name)
        if default is not None and not value:
            # Text of the file, whatever it holds.
            return default
        if value is None:
            return self._fail(
                "env.unset",
                f"the variable {name} is not set",
                f"set {name}, or give a default: `${{{name}:-default}}`",
            )
        if _NO_TEXT.search(value):
            return self._fail(
                "env.not_text",
                f"the value of the variable {name} is no text: it has bytes that are not UTF-8, or U+FFFD for them",
                f"set {name} to text in UTF-8",
            )
        return value

    def _fail(self, code: str, problem: str, suggestion: str) -> str:
        self.problem = self.problem or (code, problem, suggestion)
        return ""
