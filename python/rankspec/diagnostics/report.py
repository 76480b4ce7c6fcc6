"""Renders diagnostics as text for people, as JSON for programs and as SARIF for code hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rankspec.diagnostics.diagnostic import Diagnostic, Position, has_errors, headline, printable

_RED, _YELLOW, _BLUE, _BOLD, _RESET = "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# A caret under a line of a megabyte helps nobody: only this much of a line is shown.
_MAX_SHOWN_COLUMNS = 160


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
        block = [headline(diagnostic, _painted_severity(diagnostic, color))]
        position = diagnostic.position
        if position is not None and position.file in sources:
            if position.file not in lines_of:
                lines_of[position.file] = sources[position.file].split("\n")
            block += _quoted_line(lines_of[position.file], position, color)
        if diagnostic.suggestion:
            block.append(f"  {_paint('help', _BLUE, color)}: {printable(diagnostic.suggestion)}")
        block += [f"  {_paint('see also', _BLUE, color)}: {printable(str(place))}" for place in diagnostic.related]
        blocks.append("".join(f"{line}\n" for line in block))
    return "".join(blocks)


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
    shown = printable(line[start : start + _MAX_SHOWN_COLUMNS])
    before = printable(line[start : position.column - 1])
    padding = "".join("\t" if character == "\t" else " " for character in before)
    return [f"    {shown}", f"    {padding}{_paint('^', _RED, color)}"]


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
