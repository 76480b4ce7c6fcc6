"""The verdict on a config that every language gives alike: valid with its fingerprints, or a set of violations.

A verdict is reached in steps, and the first that objects ends it: reading, variables, rules. What is inherited is
filled in before the rules judge. `rankspec.checking.check` says more, in words, and goes on after a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from google.protobuf.message import Message

from rankspec.checking.validation import find
from rankspec.composition.completion import complete
from rankspec.diagnostics.diagnostic import Diagnostic, Position
from rankspec.formats.document import Document
from rankspec.formats.field_positions import place_of

# The text's header is what is wrong.
_NAMED_IN_TEXT = "file.unknown_message"


class Violation(NamedTuple):
    """Something that is wrong with a config.

    Attributes:
        path: The offending field; empty for the config itself.
        code: Id of the rule, or `file.…`, `parse.…`, `env.…`.
        line: Line of its place, from 1; None where there is no text.
        column: Column of its place, in characters from 1; None where there is no text.
    """

    path: str
    code: str
    line: int | None
    column: int | None


class Verdict(NamedTuple):
    """What is to be said of a config.

    Attributes:
        violations: What is wrong, in the order of places, paths and codes, nothing twice.
        config: The config as it is judged by the rules; complete only if nothing is wrong.
    """

    violations: tuple[Violation, ...]
    config: Message


def judge(document: Document[Message], environment: Mapping[str, str]) -> Verdict:
    """Reaches the verdict on what a reader returned.

    Args:
        document: What was read; variables are replaced and what is inherited filled in in its message, in place.
        environment: The variables that `${VAR}` stands for.
    """
    violations = _of(document.diagnostics, document)
    if not violations:
        completion = complete(document, environment, (document.text,))
        violations = _of(completion.diagnostics, document)
    if not violations:
        # What is missing from a text as a whole is missed at its start.
        start = "" if document.text is not None else None
        found = find(document.message, completion.copies)
        violations = {_at(f.path, f.code, place_of(f.path, document, start)) for f in found}
    return Verdict(
        tuple(sorted(violations, key=lambda v: (v.line or 0, v.column or 0, v.path, v.code))), document.message
    )


def _of(diagnostics: Iterable[Diagnostic], document: Document[Message]) -> set[Violation]:
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]
    # `check` shows the first line of a file that has no text, or none that could be read; here there is no place in it.
    has_places = document.text is not None or any(error.code == _NAMED_IN_TEXT for error in errors)
    return {_at(error.path, error.code, error.position if has_places else None) for error in errors}


def _at(path: str, code: str, place: Position | None) -> Violation:
    return Violation(path, code, place.line if place else None, place.column if place else None)
