"""The inputs that a model reads: names, order, types and widths, the same for data, checkpoint and scorer.

Each states its inputs as a tuple of `Input`, and compares `signature_hash` with the others';
`signature_differences` says in words what does not agree.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable


DType = Literal["float32", "int64"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the schema file describes it.

    Attributes:
        dtype: type of its values; None for one that no input can have, such as text.
        length: values in a row; -1 where that varies.
    """

    dtype: DType | None
    length: int


@dataclass(frozen=True, slots=True)
class Input:
    """One input: a tensor `[B, width]` that the rows of a column become.

    Attributes:
        name: name the model knows it by.
        column: column of the files that holds it.
        dtype: type of its values.
        stored_length: values in a row of the column.
        width: values in a row of the input, after preprocessing.
        kept: places in the stored row of the values that are kept, ascending; None means the first `width`.
    """

    name: str
    column: str
    dtype: DType
    stored_length: int
    width: int
    kept: tuple[int, ...] | None = None


def signature_hash(inputs: Iterable[Input]) -> str:
    """SHA-256, in hexadecimal, of the inputs' names, types, widths, kept values and order.

    Columns and stored lengths are left out: a data set may store an input under another name. No input has a
    default: every row gives every value.
    """
    lines = [[i.name, i.dtype, i.width, list(i.kept) if i.kept else None, "required"] for i in inputs]
    text = json.dumps(["rankspec inputs 1", *lines], separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def signature_differences(expected: Iterable[Input], found: Iterable[Input]) -> tuple[str, ...]:
    """What makes two signatures differ, a sentence each; empty exactly when their hashes are equal."""
    wanted, given = {i.name: i for i in expected}, {i.name: i for i in found}
    differences = [f'"{name}" is missing' for name in wanted if name not in given]
    differences += [f'"{name}" is not expected' for name in given if name not in wanted]
    for name in wanted.keys() & given.keys():
        for what in ("dtype", "width", "kept"):
            before, now = getattr(wanted[name], what), getattr(given[name], what)
            if before != now:
                differences.append(f'"{name}" has another {what}: {_shown(now)} instead of {_shown(before)}')
    differences.sort()
    if not differences and list(wanted) != list(given):
        differences.append(f"the order is {', '.join(given)} instead of {', '.join(wanted)}")
    return tuple(differences)


def _shown(value: object) -> str:
    if not isinstance(value, tuple):
        return "the first ones" if value is None else str(value)
    head = ", ".join(str(place) for place in value[:8])
    return f"places {head}{', …' if len(value) > 8 else ''}"
