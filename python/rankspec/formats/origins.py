"""Where each value of a message came from, as a map from field path to place in a source.

Readers record a light tree of offsets while they read, because most runs never ask for a place. The map
from path to place is computed from the tree when it is first needed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from rankspec.diagnostics.diagnostic import Position
from rankspec.schema.field_paths import FieldPath, as_path, is_at_or_below, parents


class LineIndex:
    """Turns offsets into a text into lines and columns. Only a line feed ends a line."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._text = text

    def position(self, offset: int) -> Position:
        """Returns the place of the character at `offset`, or of the end of the text."""
        line = bisect_right(self._starts, offset)
        return Position(self.file, line, offset - self._starts[line - 1] + 1)

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        while at := self._text.find("\n", starts[-1]) + 1:
            starts.append(at)
        return starts


class Mark(NamedTuple):
    """A path's places: of the field's name (or map key) and of its value, as offsets into a source."""

    path: FieldPath
    lines: LineIndex
    name_offset: int
    value_offset: int

    @property
    def name(self) -> Position:
        """The place of the field's name, or of the map entry's key."""
        return self.lines.position(self.name_offset)

    @property
    def value(self) -> Position:
        """The place where the field's value begins."""
        return self.lines.position(self.value_offset)


class Origins:
    """The places of the fields and values of one message.

    Paths are those of protovalidate: `model.tasks["like"].mlp_config.layer_sizes[1]`. For a map entry the
    name's place is that of its key; for a list element it is the same as the value's.
    """

    def __init__(
        self, read_marks: Callable[[], Iterable[Mark]] = tuple, copies: Sequence[tuple[FieldPath, FieldPath]] = ()
    ) -> None:
        """Creates origins whose marks are computed when first asked for.

        Args:
            read_marks: Gives them; none by default.
            copies: The path of each value that is a copy of another, and the path that it was copied from.
        """
        self._read_marks = read_marks
        self._sources: dict[str, FieldPath] = dict(copies)

    @cached_property
    def marks(self) -> dict[str, Mark]:
        """The places of every path, in the order of the source, copies last; of several, the first."""
        return self._written | {mark.path: mark for mark in self._copied() if mark.path not in self._written}

    @cached_property
    def _written(self) -> dict[str, Mark]:
        found: dict[str, Mark] = {}
        for mark in self._read_marks():
            found.setdefault(mark.path, mark)
        return found

    def _copied(self) -> Iterator[Mark]:
        for to, source in self._sources.items():
            for path, mark in self._written.items():
                if is_at_or_below(path, source):
                    yield mark._replace(path=mark.path.moved(source, as_path(to)))

    def _mark(self, path: str) -> Mark | None:
        """The places of a path. Those of a copy are looked for one by one: few of them are ever asked for."""
        if path in self._written or not self._sources:
            return self._written.get(path)
        here = as_path(path)
        for place in (here, *parents(here)):
            if place in self._sources:
                mark = self._written.get(here.moved(place, self._sources[place]))
                return mark._replace(path=here) if mark is not None else None
        return None

    def name(self, path: str) -> Position | None:
        """Returns the place of the field's name, or of the map entry's key."""
        mark = self._mark(path)
        return mark.name if mark else None

    def value(self, path: str) -> Position | None:
        """Returns the place where the field's value begins."""
        mark = self._mark(path)
        return mark.value if mark else None

    def nearest(self, path: str) -> tuple[str, Position] | None:
        """Returns the deepest prefix of `path` that has a place, and the place of its name."""
        found = self.nearest_mark(path)
        return (found.path, found.name) if found is not None else None

    def nearest_mark(self, path: str) -> Mark | None:
        """Returns the places of the deepest prefix of `path` that has any."""
        return next((mark for prefix in (path, *parents(path)) if (mark := self._mark(prefix)) is not None), None)

    def merge(self, other: Origins, replaced: Iterable[str] = ()) -> Origins:
        """Returns origins in which `other`, read later, wins.

        Args:
            other: Origins of the overlay.
            replaced: Paths that the overlay replaced as a whole (a list, or the former member of a
                oneof): their places, and those of everything below, are forgotten first.
        """
        gone = tuple(replaced)
        return Origins(lambda: _overlaid(self.marks, other.marks, gone))

    def with_copies(self, copies: Sequence[tuple[FieldPath, FieldPath]]) -> Origins:
        """Returns origins in which values have the places of those that they are copies of.

        Args:
            copies: The path of each copy, and the path that it was copied from.
        """
        return Origins(self.marks.values, copies)


def _overlaid(below: dict[str, Mark], above: dict[str, Mark], replaced: tuple[str, ...]) -> Iterator[Mark]:
    for path, mark in below.items():
        if path not in above and not any(is_at_or_below(path, ancestor) for ancestor in replaced):
            yield mark
    yield from above.values()
