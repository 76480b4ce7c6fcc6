"""What is wrong with a config, where, and how to put it right: data first, text derived from it.

A mistake is a `Diagnostic`. Readers, the validator and everything else that judges a config collect
diagnostics and never stop at the first. A `SpecError` carries all of them out of a function that cannot
go on. `as_text`, `as_json` and `as_sarif` render the same data for people, programs and code hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]

_RED, _YELLOW, _BLUE, _BOLD, _RESET = "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# A caret under a line of a megabyte helps nobody: only this much of a line is shown.
_MAX_SHOWN_COLUMNS = 160


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


class SpecError(Exception):
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
    return _headline(diagnostic, diagnostic.severity)


def as_text(diagnostics: Iterable[Diagnostic], *, color: bool, sources: Mapping[str, str]) -> str:
    """Renders diagnostics for a terminal.

    Args:
        diagnostics: What to show, in this order.
        color: Whether to write ANSI colours.
        sources: Text of the files by name, for the quoted line; files that are not in it are not quoted.

    Returns:
        A block of lines for each diagnostic, each line ending in a line feed; empty for no diagnostics.
    """
    lines_of: dict[str, list[str]] = {}
    blocks = []
    for diagnostic in diagnostics:
        block = [_headline(diagnostic, _painted_severity(diagnostic, color))]
        position = diagnostic.position
        if position is not None and position.file in sources:
            if position.file not in lines_of:
                lines_of[position.file] = sources[position.file].split("\n")
            block += _quoted_line(lines_of[position.file], position, color)
        if diagnostic.suggestion:
            block.append(f"  {_paint('help', _BLUE, color)}: {_printable(diagnostic.suggestion)}")
        block += [f"  {_paint('see also', _BLUE, color)}: {_printable(str(place))}" for place in diagnostic.related]
        blocks.append("".join(f"{line}\n" for line in block))
    return "".join(blocks)


def _headline(diagnostic: Diagnostic, severity: str) -> str:
    """The place, or else the path, and what is wrong; `severity` may carry colour."""
    position, path = diagnostic.position, diagnostic.path
    place = f"{position}: " if position else ""
    at = f"{path}: " if path and not position else ""
    return f"{_printable(place)}{severity}: {_printable(f'{at}{diagnostic.message}')} [{diagnostic.code}]"


def _painted_severity(diagnostic: Diagnostic, color: bool) -> str:
    shade = _RED if diagnostic.severity == "error" else _YELLOW
    return _paint(diagnostic.severity, _BOLD + shade, color)


def _paint(text: str, shade: str, color: bool) -> str:
    return f"{shade}{text}{_RESET}" if color else text


def _quoted_line(lines: Sequence[str], position: Position, color: bool) -> list[str]:
    """The source line and a caret below it; tabs stay tabs, so that the caret lines up."""
    if position.line > len(lines):
        return []
    line = lines[position.line - 1].rstrip("\r")
    if not line:
        return []
    start = max(0, position.column - 1 - _MAX_SHOWN_COLUMNS // 2)
    shown = _printable(line[start : start + _MAX_SHOWN_COLUMNS])
    before = _printable(line[start : position.column - 1])
    padding = "".join("\t" if character == "\t" else " " for character in before)
    return [f"    {shown}", f"    {padding}{_paint('^', _RED, color)}"]


def _printable(text: str) -> str:
    """Replaces what a terminal would obey or swallow instead of showing it."""
    if text.isprintable():
        return text
    return "".join(c if c == "\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Renders diagnostics as one JSON object for programs.

    Returns:
        `{"ok": bool, "diagnostics": [{"file", "line", "column", "severity", "code", "path", "message",
        "suggestion"}]}`; `ok` is false when there is an error, places that are not known are null.
    """
    import json

    listed = list(diagnostics)
    report = {"ok": not has_errors(listed), "diagnostics": [_json_object(d) for d in listed]}
    return json.dumps(report, indent=2) + "\n"


def _json_object(diagnostic: Diagnostic) -> dict[str, str | int | None]:
    position = diagnostic.position
    return {
        "file": position.file if position else None,
        "line": position.line if position else None,
        "column": position.column if position else None,
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "path": diagnostic.path,
        "message": diagnostic.message,
        "suggestion": diagnostic.suggestion,
    }


def as_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """Renders diagnostics as a SARIF 2.1.0 log with one run, which code hosts show beside the lines."""
    import json

    listed = list(diagnostics)
    rules = [{"id": code} for code in dict.fromkeys(diagnostic.code for diagnostic in listed)]
    run = {
        "tool": {"driver": {"name": "rankspec", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(diagnostic) for diagnostic in listed],
    }
    log = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _sarif_result(diagnostic: Diagnostic) -> dict[str, object]:
    help_text = f" Help: {diagnostic.suggestion}" if diagnostic.suggestion else ""
    result: dict[str, object] = {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity,
        "message": {"text": diagnostic.message + help_text},
    }
    location: dict[str, object] = {}
    if diagnostic.position:
        location["physicalLocation"] = _sarif_place(diagnostic.position)
    if diagnostic.path:
        location["logicalLocations"] = [{"fullyQualifiedName": diagnostic.path}]
    if location:
        result["locations"] = [location]
    if diagnostic.related:
        result["relatedLocations"] = [{"physicalLocation": _sarif_place(p)} for p in diagnostic.related]
    return result


def _sarif_place(position: Position) -> dict[str, object]:
    from urllib.parse import quote

    return {
        "artifactLocation": {"uri": quote(position.file.replace("\\", "/"), errors="surrogateescape")},
        "region": {"startLine": position.line, "startColumn": position.column},
    }
