"""What the steps of a data set are built from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rankspec.schema.field_paths import join
from rankspec.trainer.data.formats import Format
from rankspec.trainer.data.ids import IdRange
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import Column, Input


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

    def refuse_list(self, name: str, what: str, path: str) -> None:
        """Makes sure that an input is none of lists, which a step does nothing to.

        Raises:
            DataError: it is.
        """
        if any(item.is_list for item in self.inputs if item.name == name):
            raise DataError(f'the rows of "{name}" are lists of ids, {what}; drop it', path)

    def place(self, step: str) -> str:
        """The place in the spec of a step of `preprocess`."""
        return join(self.path, f"preprocess.{step}")
