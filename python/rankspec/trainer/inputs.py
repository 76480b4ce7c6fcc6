"""The inputs that a model reads: names, order, types and widths, the same for data, checkpoint and scorer.

Each states its inputs as a tuple of `Input`, and compares `signature_hash` with the others';
`signature_differences` says in words what does not agree.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

DType = Literal["float32", "int64"]

# What stands for the number of values in a row where that varies; the same number is the schema file's.
VARYING = -1


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the schema file describes it.

    Attributes:
        dtype: type of its values; None for one that no input can have, such as text.
        length: values in a row; -1 where that varies.
        names: a name for the feature at each place, all different; None if it gives none. For this and what follows, a
            column whose rows vary in length has one place.
        sizes: for each place that holds ids, their number: they run from 0 to one less; None elsewhere.
        vocabularies: for each place, the file of what its ids stand for, relative to the schema file, or None.
    """

    dtype: DType | None
    length: int
    names: tuple[str, ...] | None = None
    sizes: tuple[int | None, ...] | None = None
    vocabularies: tuple[str | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """One input: a tensor `[B, width]` that the rows of a column become, or a list of ids for each row.

    Attributes:
        name: name the model knows it by.
        column: column of the files that holds it.
        dtype: type of its values.
        stored_length: values in a row of the column; -1 of an input of lists, whose rows have any number of ids.
        width: values in a row of the input, after preprocessing; -1 of lists.
        kept: places in the stored row of the values that are kept, ascending; None means the first `width`.
        names: a name for each value of the stored row, or one for a list; None if the schema file gives none.
    """

    name: str
    column: str
    dtype: DType
    stored_length: int
    width: int
    kept: tuple[int, ...] | None = None
    names: tuple[str, ...] | None = None

    @property
    def is_list(self) -> bool:
        """Whether rows are lists of any length."""
        return self.stored_length == VARYING

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """A name for each value of the input, `width` of them; None if the schema file gives none."""
        if self.names is None or self.is_list:
            return self.names
        return self.names[: self.width] if self.kept is None else tuple(self.names[place] for place in self.kept)

    @classmethod
    def from_json(cls, described: Mapping[str, Any]) -> Input:
        """The input that `dataclasses.asdict` gave, as JSON gives it back.

        Raises:
            TypeError, KeyError, AttributeError: it is none.
        """
        # JSON has no tuples, and there were no names in version 0.1.
        lists = {name: described.get(name) and tuple(described[name]) for name in ("kept", "names")}
        return cls(**{**described, **lists})


def signature_hash(inputs: Iterable[Input]) -> str:
    """SHA-256, in hexadecimal, of the inputs' names, types, widths, kept values, features' names and order.

    Columns and stored lengths are left out: a data set may store an input under another name. No input has a
    default: every row gives every value.
    """
    lines = [_signature_line(item) for item in inputs]
    text = json.dumps(["rankspec inputs 1", *lines], separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _signature_line(item: Input) -> list[object]:
    line = [item.name, item.dtype, item.width, list(item.kept) if item.kept else None, "required"]
    # Features without names leave the hash what it was before they could have any.
    return line if item.names is None else [*line, item.feature_names]


def signature_differences(expected: Iterable[Input], found: Iterable[Input]) -> tuple[str, ...]:
    """What makes two signatures differ, a sentence each.

    Features' names count where both have them: what has none may be the same data from before it had any.

    Returns:
        The differences; none exactly when the hashes are equal but for names that one of the two lacks.
    """
    wanted, given = {i.name: i for i in expected}, {i.name: i for i in found}
    differences = [f'"{name}" is missing' for name in wanted if name not in given]
    differences += [f'"{name}" is not expected' for name in given if name not in wanted]
    for name in wanted.keys() & given.keys():
        found_before = len(differences)
        for what in ("dtype", "width", "kept"):
            before, now = getattr(wanted[name], what), getattr(given[name], what)
            if before != now:
                differences.append(f'"{name}" has another {what}: {_shown(now)} instead of {_shown(before)}')
        change = names_difference(wanted[name].feature_names, given[name].feature_names)
        # Of other places other names are no news.
        if change and len(differences) == found_before:
            differences.append(f'"{name}" has {change}')
    differences.sort()
    if not differences and list(wanted) != list(given):
        differences.append(f"the order is {', '.join(given)} instead of {', '.join(wanted)}")
    return tuple(differences)


def names_difference(expected: Sequence[str] | None, found: Sequence[str] | None) -> str | None:
    """What makes the names of features differ, in words; None if nothing does, or one of the two gives none."""
    if expected is None or found is None or tuple(expected) == tuple(found):
        return None
    if len(expected) != len(found):
        return f"{len(found)} names instead of {len(expected)}"
    if set(expected) == set(found):
        what = "the same features in another order"
    else:
        num_others = len(set(found) - set(expected))
        what = f"{num_others} other feature{'s' if num_others > 1 else ''}"
    place = next(number for number, (one, other) in enumerate(zip(expected, found, strict=True)) if one != other)
    return f'{what}: place {place} is "{found[place]}" instead of "{expected[place]}"'


def _shown(value: object) -> str:
    if not isinstance(value, tuple):
        return "the first ones" if value is None else str(value)
    head = ", ".join(str(place) for place in value[:8])
    return f"places {head}{', …' if len(value) > 8 else ''}"
