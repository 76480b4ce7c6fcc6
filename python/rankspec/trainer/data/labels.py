"""The labels of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rankspec.signature import DataError
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.values import Array


def checked_label(name: str, values: Array, place: Place) -> NDArray[np.uint8]:
    """The values of a label, `[rows]`.

    Raises:
        DataError: one is neither 0 nor 1.
    """
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(f"{place.of(name, row)}: the label is {values[row]}; a label is 0 or 1")
    return values.astype(np.uint8)
