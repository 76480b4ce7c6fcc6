"""Variables in values: `${VAR}` and `${VAR:-default}` inside strings, replaced after parsing.

Only string values are looked at: singular, in lists and as values of maps; never map keys, and never the raw
text of a file. What has been put in is not looked at again. `$${` stands for a literal `${`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from rankspec.diagnostics.mistake import MistakeError
from rankspec.schema.string_values import replace_in_values

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from rankspec.diagnostics.diagnostic import Diagnostic
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
        variables: list[str] = []
        try:
            expanded = _REFERENCE.sub(lambda reference: _value(reference, environment, variables), text)
        except MistakeError as error:
            nearest = origins.nearest(path)
            position = origins.value(path) or (nearest[1] if nearest else None)
            replacement.diagnostics.append(error.diagnostic(path, position))
            return text
        if variables:
            replacement.variables[path] = tuple(variables)
        return expanded

    replace_in_values(message, expand)
    return replacement


def _value(reference: re.Match[str], environment: Mapping[str, str], variables: list[str]) -> str:
    """What a reference stands for; `variables` takes the variable's name.

    Raises:
        MistakeError: It is no reference, or its variable is unset or no text.
    """
    name, default = reference.groups()
    if reference[0] == "$${":
        return "${"
    if name is None:
        raise MistakeError(
            "env.malformed",
            f"`{reference[0]}` is no reference to a variable",
            "write `${NAME}`, `${NAME:-default}`, or `$${` for a literal `${`",
        )
    variables.append(name)
    value = environment.get(name)
    if default is not None and not value:
        # Text of the file, whatever it holds.
        return str(default)
    if value is None:
        remedy = f"set {name}, or give a default: `${{{name}:-default}}`"
        raise MistakeError("env.unset", f"the variable {name} is not set", remedy)
    if _NO_TEXT.search(value):
        raise MistakeError(
            "env.not_text",
            f"the value of the variable {name} is no text: it has bytes that are not UTF-8, or U+FFFD for them",
            f"set {name} to text in UTF-8",
        )
    return value
