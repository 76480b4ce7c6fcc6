"""How large requests are, and batches of them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from rankspec.scoring.server.settings import Limits


class Size(NamedTuple):
    """How large a request is, or several that are joined.

    Attributes:
        rows: how many.
        longest: how many ids the longest list has, of each input of lists.
    """

    rows: int = 0
    longest: tuple[int, ...] = ()

    @property
    def ids(self) -> int:
        """How many ids the lists have, once each is padded to the longest of its input."""
        return self.rows * sum(self.longest)

    def joined(self, other: Size) -> Size:
        """Of both together."""
        if not self.longest:
            return Size(self.rows + other.rows, other.longest)
        longest = tuple(map(max, self.longest, other.longest))
        return Size(self.rows + other.rows, longest)

    def fits(self, limits: Limits) -> bool:
        """Whether several requests may be scored at once that are so large together."""
        return self.rows <= limits.max_batch_rows and self.ids <= limits.max_batch_ids

    def is_within(self, other: Size) -> bool:
        """Whether it is no larger, by rows and by ids."""
        return self.rows <= other.rows and self.ids <= other.ids


def size_of(inputs: Mapping[str, NDArray[Any]], lists: Collection[str]) -> Size:
    """How large a request is, given its inputs `[rows, width]` and the names of those that are lists."""
    rows = len(next(iter(inputs.values())))
    return Size(rows, tuple(inputs[name].shape[1] for name in lists))


def joined_size(sizes: Iterable[Size]) -> Size:
    """How large all of them are together."""
    return functools.reduce(Size.joined, sizes, Size())
