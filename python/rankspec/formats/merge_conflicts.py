"""Finds the marks that a version control system leaves where it could not merge, before a parser trips over them."""

from __future__ import annotations

import re

from rankspec.diagnostics.diagnostic import Diagnostic, Position

# Ours, perhaps what both came from, and theirs.
_CONFLICT = re.compile(
    rb"^<{7}(?: [^\n]*)?\r?\n(?P<ours>(?:(?![<=|>]{7})[^\n]*\n)*?)"
    rb"(?P<theirs>(?:^\|{7}[^\n]*\n(?:(?![<=|>]{7})[^\n]*\n)*?)?^={7}\r?\n(?:(?![<=|>]{7})[^\n]*\n)*?^>{7}[^\n]*(?:\n|\Z))",
    re.MULTILINE,
)
_NO_LINE_END = re.compile(rb"[^\n]")


def without_conflicts(data: bytes, file: str) -> tuple[bytes, list[Diagnostic]]:
    """Takes marks and the other side of every conflict out of a text; what is left keeps its line.

    Args:
        data: the source.
        file: its name, for positions.

    Returns:
        The text, and a mistake for each conflict.
    """
    found: list[Diagnostic] = []

    def blanked(conflict: re.Match[bytes]) -> bytes:
        first = data.count(b"\n", 0, conflict.start()) + 1
        last = first + conflict[0].rstrip(b"\n").count(b"\n")
        found.append(
            Diagnostic(
                "parse.merge_conflict",
                f"lines {first} to {last} are a merge conflict that nobody has resolved",
                "",
                Position(file, first, 1),
                "error",
                "keep one of its sides, and delete the lines of `<<<<<<<`, `=======` and `>>>>>>>`",
            )
        )
        start = conflict.start("ours") - conflict.start()
        end = conflict.end("ours") - conflict.start()
        marks = conflict[0]
        return _NO_LINE_END.sub(b" ", marks[:start]) + marks[start:end] + _NO_LINE_END.sub(b" ", marks[end:])

    return _CONFLICT.sub(blanked, data), found
