"""Where each value of a message came from, as a map from field path to place in a source.

Readers record a light tree of offsets while they read, because most runs never ask for a place. The map
from path to place is computed from the tree when it is first needed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from rankspec.diagnostics import Position

# After so many single look-ups, computing all places takes less.
_MOST_LOOKUPS = 64


class LineIndex:
    """Turns offsets into a text into lines and columns. Only a line feed ends a line."""

    __slots__ = ("_starts", "_text", "file")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._text = text
        self._starts: list[int] | None = None

    def position(self, offset: int) -> Position:
        """Returns the place of the character at `offset`, or of the end of the text."""
        starts = self._starts
        if starts is None:
            starts = self._starts = _line_starts(self._text)
        line = bisect_right(starts, offset)
        return Position(self.file, line, offset - starts[line - 1] + 1)


def _line_starts(text: str) -> list[int]:
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


class Mark(NamedTuple):
    """A path's places: of the field's name (or map key) and of its value."""

    name: Position
    value: Position


class Origins:
    """The places of the fields and values of one message.

    Paths are those of protovalidate: `model.tasks["like"].mlp_config.layer_sizes[1]`. For a map entry the
    name's place is that of its key; for a list element it is the same as the value's.
    """

    def __init__(
        self,
        read_marks: Callable[[], Iterable[tuple[str, Mark]]] | None = None,
        read_along: Callable[[str], Iterable[tuple[str, Mark]]] | None = None,
    ) -> None:
        """Creates origins whose marks are computed when first asked for; none by default.

        Args:
            read_marks: Computes all of them.
            read_along: Computes those of a path and of what contains it, where that takes less.
        """
        self._read_marks = read_marks
        self._read_along = read_along
        self._marks: dict[str, Mark] | None = None if read_marks else {}
        self._lookups_left = _MOST_LOOKUPS

    def name(self, path: str) -> Position | None:
        """Returns the place of the field's name, or of the map entry's key."""
        mark = self._marks_along(path).get(path)
        return mark.name if mark else None

    def value(self, path: str) -> Position | None:
        """Returns the place where the field's value begins."""
        mark = self._marks_along(path).get(path)
        return mark.value if mark else None

    def nearest(self, path: str) -> tuple[str, Position] | None:
        """Returns the deepest prefix of `path` that has a place, and the place of its name."""
        found = self.nearest_mark(path)
        return (found[0], found[1].name) if found is not None else None

    def nearest_mark(self, path: str) -> tuple[str, Mark] | None:
        """Returns the deepest prefix of `path` that has a place, and its places."""
        marks = self._marks_along(path)
        if path in marks:
            return path, marks[path]
        return next(((prefix, marks[prefix]) for prefix in parents(path) if prefix in marks), None)

    def paths(self) -> Iterator[tuple[str, Position]]:
        """Yields every path that has a place, with the place of its value, in the order of the source."""
        for path, mark in self.marks().items():
            yield path, mark.value

    def merge(self, other: Origins, replaced: Iterable[str] = ()) -> Origins:
        """Returns origins in which `other`, read later, wins.

        Args:
            other: Origins of the overlay.
            replaced: Paths that the overlay replaced as a whole (a list, or the former member of a
                oneof): their places, and those of everything below, are forgotten first.
        """
        gone = tuple(replaced)
        return Origins(lambda: _overlaid(self.marks(), other.marks(), gone))

    def with_copies(self, copies: Sequence[tuple[str, str]]) -> Origins:
        """Returns origins in which values have the places of those that they are copies of.

        Args:
            copies: The path of each copy, and the path that it was copied from.
        """

        def along(path: str) -> Iterator[tuple[str, Mark]]:
            yield from self._marks_along(path).items()
            for to, source in copies:
                if is_at_or_below(path, to):
                    there = self._marks_along(source + path[len(to) :])
                    yield from _moved(there, source, to)

        return Origins(lambda: _copied(self.marks(), copies), along)

    def marks(self) -> dict[str, Mark]:
        """Returns the places of every path, in the order of the source."""
        if self._marks is None:
            self._marks = _first_of_each(self._read_marks() if self._read_marks else ())
        return self._marks

    def _marks_along(self, path: str) -> dict[str, Mark]:
        """Returns at least the places of a path and of what contains it."""
        if self._marks is not None or self._read_along is None or self._lookups_left == 0:
            return self.marks()
        self._lookups_left -= 1
        return _first_of_each(self._read_along(path))


def _first_of_each(marks: Iterable[tuple[str, Mark]]) -> dict[str, Mark]:
    found: dict[str, Mark] = {}
    for path, mark in marks:
        found.setdefault(path, mark)
    return found


def _overlaid(below: dict[str, Mark], above: dict[str, Mark], replaced: tuple[str, ...]) -> Iterator[tuple[str, Mark]]:
    for path, mark in below.items():
        if path not in above and not any(is_at_or_below(path, ancestor) for ancestor in replaced):
            yield path, mark
    yield from above.items()


def _copied(marks: dict[str, Mark], copies: Sequence[tuple[str, str]]) -> Iterator[tuple[str, Mark]]:
    yield from marks.items()
    # Several values may be copies of the same one.
    below: dict[str, dict[str, Mark]] = {}
    for to, source in copies:
        if source not in below:
            below[source] = {path: mark for path, mark in marks.items() if is_at_or_below(path, source)}
        yield from _moved(below[source], source, to)


def _moved(marks: dict[str, Mark], source: str, to: str) -> Iterator[tuple[str, Mark]]:
    """Yields the marks at and below a path, as those of another path."""
    for path, mark in marks.items():
        if is_at_or_below(path, source):
            yield to + path[len(source) :], mark


def is_at_or_below(path: str, ancestor: str) -> bool:
    """Tells whether `path` is `ancestor` or names something inside of it."""
    return path == ancestor or is_below(path, ancestor)


def is_below(path: str, ancestor: str) -> bool:
    """Tells whether `path` names something inside of what `ancestor` names; the empty path is the whole message."""
    if not ancestor:
        return bool(path)
    return path.startswith((ancestor + ".", ancestor + "["))


def parents(path: str) -> list[str]:
    """Lists the paths that contain `path`, innermost first, without the whole message (the empty path)."""
    found = []
    in_quotes = False
    skip = False
    for index, character in enumerate(path):
        if skip:
            skip = False
        elif in_quotes:
            skip = character == "\\"
            in_quotes = character != '"'
        elif character == '"':
            in_quotes = True
        elif character in ".[":
            found.append(path[:index])
    return found[::-1]


def key_segment(key: str | int | bool) -> str:
    """Writes a map key as in a path: strings quoted, numbers and booleans bare."""
    if isinstance(key, bool):
        return "[true]" if key else "[false]"
    if isinstance(key, int):
        return f"[{key}]"
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'
