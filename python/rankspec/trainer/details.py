"""What is shown of an evaluation on request, beside its figures."""

from __future__ import annotations

from dataclasses import dataclass

# Rows of a validation set that are in memory at once for it, in some 40 bytes each.
MOST_ROWS = 4_000_000


@dataclass(frozen=True)
class Details:
    """What is asked for.

    Attributes:
        draws: of the bootstrap, for intervals of the figures; None for none.
        reliability: whether to compare probabilities with shares of positives, bin by bin.
    """

    draws: int | None = None
    reliability: bool = False

    def __bool__(self) -> bool:
        """Whether anything is."""
        return self.draws is not None or self.reliability


@dataclass(frozen=True)
class DetailTable:
    """A table for people.

    Attributes:
        title: what it is of.
        columns: their headings.
        rows: the cells, as text, of each row as many as there are columns.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
