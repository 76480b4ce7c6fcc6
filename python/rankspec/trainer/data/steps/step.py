"""What a step is: it changes rows on their way from the files to the model, and needs no row but the one at hand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rankspec.paths import join
from rankspec.signature import Column, Input
from rankspec.trainer.data.formats import Format
from rankspec.trainer.data.ids import IdRange
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.values import Array, StoredColumn


@dataclass(slots=True)
class Chunk:
    """Some rows on their way to the model.

    Attributes:
        stored: the columns as they were read, `[rows, length]` by name; read-only.
        inputs: the inputs, `[rows, width]` by name.
        labels: the labels, `[rows]` by name; uint8 if they are 0 or 1, otherwise float32.
        positive: whether a row is a positive where negatives are thinned out, `[rows]`.
        place: where the rows come from.
    """

    stored: Mapping[str, Array]
    inputs: dict[str, Array]
    labels: dict[str, Array]
    positive: NDArray[np.bool_]
    place: Place


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


@dataclass(frozen=True)
class StepContext:
    """What steps are built from.

    Attributes:
        path: the data set's place in the spec, for errors.
        schema: the columns that its schema file describes.
        inputs: what is read.
        formats: of every input, as the steps before have left it.
        id_ranges: the ids that the model has rows for.
        float_labels: the tasks whose labels are numbers.
    """

    path: str
    schema: Mapping[str, Column]
    inputs: tuple[Input, ...]
    formats: Mapping[str, Format]
    id_ranges: Sequence[IdRange]
    float_labels: Collection[str]

    def place(self, step: str) -> str:
        """The place in the spec of a step of `preprocess`."""
        return join(self.path, f"preprocess.{step}")
