"""What is wrong with a config, where, and how to put it right, as data.

A mistake is a `Diagnostic`. Readers, the validator and everything else that judges a config collect
diagnostics and never stop at the first. A `ConfigError` carries all of them out of a function that cannot
go on. `rankspec.diagnostics.report` renders the same data for people, programs and code hosts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a source file.

    Attributes:
        file: The file's name as the user gave it.
        line: Line number, counted from 1.
        column: Column, counted in characters from 1.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake, or one thing worth a warning.

    Attributes:
        code: A stable identifier: a rule's id or one of the readers' `parse.*` codes.
        message: What is wrong, for a person, without the place.
        path: The field, such as `model.tasks["like"].mlp_config.layer_sizes[1]`; empty for the whole file.
        position: Where in the source, if the value came from a text.
        severity: An `error` refuses the config, a `warning` does not.
        suggestion: What to do or write instead, if that is known.
        related: Other places that take part in the mistake, such as the first of two duplicates.
    """

    code: str
    message: str
    path: str
    position: Position | None
    severity: Severity
    suggestion: str | None
    related: tuple[Position, ...] = ()


class ConfigError(Exception):
    """A config that cannot be used, with everything that is wrong with it.

    Attributes:
        diagnostics: All mistakes found, in order of their places.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__("\n".join(summary(diagnostic) for diagnostic in self.diagnostics))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Tells whether any diagnostic is an error rather than a warning."""
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorts by file, line and column; what has no place comes last, in its given order."""
    return sorted(diagnostics, key=lambda d: (d.position is None, d.position or Position("", 0, 0)))


def summary(diagnostic: Diagnostic) -> str:
    """Renders a diagnostic on one line, without source, help or colour."""
    return headline(diagnostic, diagnostic.severity)


def headline(diagnostic: Diagnostic, severity: str) -> str:
    """The place, or else the path, and what is wrong; `severity` may carry colour."""
    position, path = diagnostic.position, diagnostic.path
    place = f"{position}: " if position else ""
    at = f"{path}: " if path and not position else ""
    return f"{printable(place)}{severity}: {printable(f'{at}{diagnostic.message}')} [{diagnostic.code}]"


def printable(text: str) -> str:
    """Replaces what a terminal would obey or swallow instead of showing it."""
    if text.isprintable():
        return text
    return "".join(c if c == "\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
