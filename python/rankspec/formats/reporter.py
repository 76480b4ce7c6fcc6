"""Collects what is wrong with one source while it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rankspec.diagnostics.closest_name import closest, listed
from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.formats.field_suggestions import suggest_place

if TYPE_CHECKING:
    from rankspec.diagnostics.mistake import MistakeError
    from rankspec.formats.blocks import Block, Entry
    from rankspec.formats.field_plans import FieldPlan
    from rankspec.formats.origins import LineIndex

# A text with more mistakes than this is no config that somebody is about to correct.
MAX_MISTAKES = 1000
# Stands in a text for bytes that are not UTF-8, which have been reported.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_MOST_LISTED = 10
_ABOUT_WORDS = {"parse.syntax", "parse.wrong_type", "parse.unterminated", "parse.unknown_field", "parse.wrong_value"}


class TooManyMistakesError(Exception):
    """Ends the reading of a text that is nothing but mistakes."""


class _Report(NamedTuple):
    code: str
    message: str
    block: Block
    name: str
    offset: int
    suggestion: str | None
    related: tuple[int, ...]


class Reporter:
    """The mistakes and the damage found so far.

    Paths are worked out at the end, because a map entry's key may be written after its value.
    """

    def __init__(self) -> None:
        self._reports: list[_Report] = []
        self._damaged: list[tuple[Block, str]] = []

    def __len__(self) -> int:
        return len(self._reports)

    def error(
        self,
        code: str,
        message: str,
        block: Block,
        name: str,
        offset: int,
        suggestion: str | None = None,
        related: tuple[int, ...] = (),
    ) -> None:
        """Adds a mistake at a field of a block, or at the block itself if `name` is empty.

        Raises:
            TooManyMistakesError: There are more than anybody will read.
        """
        if len(self._reports) >= MAX_MISTAKES:
            raise TooManyMistakesError
        self._reports.append(_Report(code, message, block, name, offset, suggestion, related))

    def literal(self, error: MistakeError, block: Block, name: str, offset: int) -> None:
        """Adds a literal's mistake, which damages the field; `offset` is where the literal begins."""
        self.error(error.code, error.message, block, name, offset + error.at, error.suggestion)
        self.damage(block, name)

    def unknown_field(self, block: Block, name: str, offset: int) -> FieldPlan | None:
        """Adds a name that a block's message does not have.

        Returns:
            The field that was most likely meant; it counts as damaged.
        """
        suggestion = suggest_place(name, block.plan, block.plans_around())
        first = name.partition(".")[0]
        if first in block.plan.fields or block.plan.members_of(name):
            # A path, or what the schema calls a choice, in place of a field's name.
            self.damage(block, first)
        guess = None if suggestion else closest(name, block.plan.fields)
        if guess is not None:
            suggestion = f"did you mean `{guess}`?"
            self.damage(block, guess)
        elif suggestion is None and len(block.plan.fields) <= _MOST_LISTED:
            suggestion = f"its fields are {listed(block.plan.fields)}" if block.plan.fields else "it has no fields"
        elif suggestion is None:
            suggestion = f"`rankspec explain {block.plan.full_name}` lists its fields"
        message = f"{block.description()} has no field `{name[:80]}`"
        self.error("parse.unknown_field", message, block, name, offset, suggestion)
        return block.plan.fields[guess] if guess else None

    def given_before(self, block: Block, field: FieldPlan, offset: int, first: Entry) -> None:
        """Adds a second value of a field, or a second member of a oneof."""
        first_field, first_offset = first[0], first[1]
        if first_field is field:
            code, message = "parse.duplicate_field", f"`{field.name}` is given twice"
        else:
            code = "parse.oneof_conflict"
            both = f"`{field.name}` and `{first_field.name}`"
            message = f"{both} exclude each other: `{field.oneof}` takes one of them"
        self.error(code, message, block, field.name, offset, "keep one of them", (first_offset,))
        self.damage(block, field.name)

    def damage(self, block: Block, name: str) -> None:
        """Notes that a field was written and could not be read; with its oneof, which it would have set."""
        self._damaged.append((block, name))
        field = block.plan.fields.get(name)
        if field is not None and field.oneof is not None:
            self._damaged.append((block, field.oneof))

    def damaged_paths(self) -> frozenset[str]:
        """Returns the paths of everything damaged."""
        return frozenset(block.path_of(name) for block, name in self._damaged)

    def diagnostics(self, lines: LineIndex, text: str) -> list[Diagnostic]:
        """Returns the mistakes in the order of their places; `text` is the source."""
        reports = sorted(self._reports, key=lambda report: report.offset)
        if not text.isascii():
            reports = [_with_look_alike(report, text) for report in reports]
        return [
            Diagnostic(
                code=report.code,
                message=report.message,
                path=report.block.path_of(report.name),
                position=lines.position(report.offset),
                severity="error",
                suggestion=report.suggestion,
                related=tuple(lines.position(offset) for offset in report.related),
            )
            for report in reports
        ]


def _with_look_alike(report: _Report, text: str) -> _Report:
    """The report, with the character named that looks like what was meant, if one is there."""
    from rankspec.formats.look_alikes import look_alike

    if report.code not in _ABOUT_WORDS:
        return report
    found = look_alike(text, report.offset, further=report.code == "parse.syntax")
    if found is None:
        return report
    what, plain = found
    return report._replace(message=f"{report.message}; there is {what}", suggestion=f"write `{plain}` in its place")
