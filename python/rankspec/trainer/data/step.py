"""What a step is: it changes rows on their way from the files to the model, and needs no row but the one at hand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rankspec.encoding.lists import Lists
from rankspec.trainer.data.formats import Format
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.values import Array, StoredColumn


@dataclass(slots=True)
class Chunk:
    """Some rows on their way to the model.

    Attributes:
        stored: the columns as they were read, `[rows, length]` by name; read-only. Those whose rows vary in length are
            left out.
        inputs: the inputs, `[rows, width]` by name.
        labels: the labels, `[rows]` by name; uint8 if they are 0 or 1, otherwise float32.
        positive: whether a row is a positive where negatives are thinned out, `[rows]`.
        place: where the rows come from.
        lists: the inputs whose rows are lists, by name.
    """

    stored: Mapping[str, Array]
    inputs: dict[str, Array]
    labels: dict[str, Array]
    positive: NDArray[np.bool_]
    place: Place
    lists: Mapping[str, Lists] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """A step.

    Attributes:
        columns: what it reads besides inputs and labels.
        formats: for each input that it makes or gives another format, the one that it has behind the step.
    """

    columns: tuple[StoredColumn, ...] = ()
    formats: Mapping[str, Format] = field(default_factory=dict)

    @abstractmethod
    def apply(self, chunk: Chunk) -> None:
        """Does its work on some rows, by putting new arrays in the place of those that it changes.

        Raises:
            DataError: a value does not fit; the text names file, row group, row and column.
        """
