"""What every reader returns: a message, where its values came from, and what was wrong with the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from google.protobuf.message import Message

from rankspec.diagnostics.diagnostic import Diagnostic, has_errors
from rankspec.formats.origins import Origins
from rankspec.schema.field_paths import is_at_or_below, parents

M = TypeVar("M", bound=Message)


@dataclass
class Document(Generic[M]):
    """A file that has been read.

    Attributes:
        message: Everything that could be read. Complete only if `ok`.
        origins: The place of every field and value.
        diagnostics: Every mistake of the text, in the order of its places.
        damaged: Paths of fields that were written but could not be read. Whatever the message seems to
            lack at or below them is a consequence of a mistake that is already in `diagnostics`.
        text: The source text, for quoting lines; None for a binary file.
    """

    message: M
    origins: Origins
    diagnostics: list[Diagnostic] = field(default_factory=list)
    damaged: frozenset[str] = frozenset()
    text: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the whole text was read without an error."""
        return not has_errors(self.diagnostics)

    def is_consequence(self, path: str) -> bool:
        """Tells whether a violation at `path` only follows from damage that is already reported.

        That is so at and below a damaged path, and for a list or map, one of whose elements is damaged
        (its length or the uniqueness of its elements cannot be judged).
        """
        if not self.damaged:
            return False
        if not self.damaged.isdisjoint((path, *parents(path), "")):
            return True
        return any(damaged.startswith(path + "[") for damaged in self.damaged)

    def is_damaged_within(self, path: str) -> bool:
        """Tells whether anything at or below `path` is damaged; the empty path is the whole message.

        A rule that compares several fields of a message cannot be trusted when one of them is.
        """
        return any(is_at_or_below(damaged, path) for damaged in self.damaged)
