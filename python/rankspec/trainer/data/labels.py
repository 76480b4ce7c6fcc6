"""The labels of rows: 0 or 1, or any number, as the nearest float32."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rankspec.trainer.data.place import Place
from rankspec.trainer.data.values import Array, StoredColumn
from rankspec.trainer.data_error import DataError

# Up to here float32 holds every whole number.
_LARGEST_WHOLE = 1 << 24


class LabelKind(Enum):
    """What the values of a label are."""

    BINARY = "binary"
    FLOAT = "float"


@dataclass(frozen=True, slots=True)
class Label:
    """A label that the files have.

    Attributes:
        name: of its column and its task.
        kind: what its values are.
        rates: the shares of the positives and the negatives that a row's weight makes good for; 1 and 1 of numbers.
    """

    name: str
    kind: LabelKind = LabelKind.BINARY
    rates: tuple[float, float] = (1.0, 1.0)

    @property
    def column(self) -> StoredColumn:
        """What is read of the files."""
        return StoredColumn(self.name, "int64" if self.kind is LabelKind.BINARY else "number", 1)

    @property
    def dtype(self) -> type[np.uint8 | np.float32]:
        """The type of its values in memory."""
        return np.uint8 if self.kind is LabelKind.BINARY else np.float32

    def checked(self, stored: Array, place: Place) -> Array:
        """The values, `[rows]`, of what was read, `[rows, 1]`.

        Raises:
            DataError: one is no label; the text names file, row group, row and column.
        """
        check = _binary if self.kind is LabelKind.BINARY else _finite
        return check(self.name, stored[:, 0], place)


def _binary(name: str, values: Array, place: Place) -> NDArray[np.uint8]:
    _refuse((values != 0) & (values != 1), name, values, place, "; a label is 0 or 1: correct it, or leave the row out")
    return values.astype(np.uint8)


def _finite(name: str, values: Array, place: Place) -> NDArray[np.float32]:
    if np.issubdtype(values.dtype, np.integer):
        lost = (values > _LARGEST_WHOLE) | (values < -_LARGEST_WHOLE)
        way_out = f", and labels become float32, which holds whole numbers up to {_LARGEST_WHOLE}; scale them"
        _refuse(lost, name, values, place, way_out)
        return values.astype(np.float32)
    _refuse(~np.isfinite(values), name, values, place, "; it has to be a finite number, so leave the row out")
    with np.errstate(over="ignore"):  # It becomes an infinity, and is refused.
        nearest = values.astype(np.float32, copy=False)
    _refuse(np.isinf(nearest), name, values, place, ", which is more than float32 holds; scale the labels")
    return nearest


def _refuse(wrong: NDArray[Any], name: str, values: Array, place: Place, way_out: str) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(f"{place.of(name, row)}: the label is {values[row]}{way_out}")
