"""The raw columns of a batch of rows, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rankspec.data.v1.recipe_pb2 import RawColumn, Recipe
from rankspec.encoding.columns import AnyColumn, Column, ListColumn
from rankspec.encoding.door import absent, normalized
from rankspec.encoding.errors import EncodingError, TypeOfColumnError, ValueAtError

# What is known: 1, and 2 where lists have no width.
_SEMANTICS = (1, 2)


class RowReader:
    """Reads batches by the columns of a recipe, fitted or not."""

    def __init__(self, recipe: Recipe, *, show_values: bool = False) -> None:
        """Takes what the recipe says of columns.

        Args:
            recipe: with every default filled in.
            show_values: whether errors show the value that cannot be read. Values may be personal data.

        Raises:
            EncodingError: the recipe's semantics are none that are known, or its defaults are not filled in.
        """
        if recipe.semantics not in _SEMANTICS:
            raise EncodingError(
                "recipe.semantics",
                f"the recipe's semantics are {recipe.semantics}, and {_SEMANTICS[-1]} is the newest that is known; it "
                "takes a newer rankspec",
            )
        if not (recipe.text.missing and recipe.text.true_values and recipe.text.false_values):
            raise EncodingError("recipe.damaged", "the recipe says nothing of how text is read; fit it anew")
        self.columns = {column.name: column for column in recipe.columns}
        self.text = recipe.text
        self.show_values = show_values

    def read(self, batch: pa.RecordBatch, first_row: int = 0) -> Rows:
        """Takes a batch; its columns are read when they are asked for.

        Args:
            batch: raw columns; those that the recipe does not name are left alone.
            first_row: the number that errors give the first of its rows.
        """
        return Rows(self, batch, np.arange(first_row, first_row + batch.num_rows))

    def parsed(self, columns: Mapping[str, AnyColumn], numbers: NDArray[np.int64]) -> Rows:
        """Rows whose columns were read before.

        Args:
            columns: as `Rows.column` gave them.
            numbers: what errors call each row.
        """
        return Rows(self, pa.record_batch([], names=[]), numbers, columns)


class Rows:
    """Raw rows.

    Attributes:
        batch: as they came; without columns where they were read before.
        numbers: int64 `[rows]`, what errors call each.
    """

    def __init__(
        self,
        reader: RowReader,
        batch: pa.RecordBatch,
        numbers: NDArray[np.int64],
        columns: Mapping[str, AnyColumn] | None = None,
    ) -> None:
        self._reader = reader
        self.batch = batch
        self.numbers = numbers
        self._columns: dict[str, AnyColumn] = dict(columns or {})

    def __len__(self) -> int:
        return len(self.numbers)

    def has(self, name: str) -> bool:
        """Whether there is a column of this name."""
        return name in self._columns or name in self.batch.schema.names

    def values(self, name: str) -> Column:
        """A column of one value a row.

        Raises:
            EncodingError: it is absent, of another type, or has a value that cannot be read.
        """
        column = self.column(name)
        if not isinstance(column, Column):
            raise EncodingError("recipe.damaged", "the recipe reads lists as if they were single values", name)
        return column

    def lists(self, name: str) -> ListColumn:
        """A column of lists.

        Raises:
            EncodingError: it is absent, of another type, or has a value that cannot be read.
        """
        column = self.column(name)
        if not isinstance(column, ListColumn):
            raise EncodingError("recipe.damaged", "the recipe reads single values as if they were lists", name)
        return column

    def column(self, name: str) -> AnyColumn:
        """A column of either form.

        Raises:
            EncodingError: it is absent, of another type, or has a value that cannot be read.
        """
        if name not in self._columns:
            self._columns[name] = self._read(name)
        return self._columns[name]

    def where(self, kept: NDArray[np.bool_]) -> Rows:
        """The rows where a mask is true; columns that were read stay so."""
        mask = pa.array(kept)
        # Rows whose columns were all read before have none in their batch.
        batch = self.batch.filter(mask) if self.batch.num_columns else self.batch
        columns = {name: column.where(mask) for name, column in self._columns.items()}
        return Rows(self._reader, batch, self.numbers[kept], columns)

    def _read(self, name: str) -> AnyColumn:
        spec = self._reader.columns.get(name)
        if spec is None:
            raise EncodingError("recipe.damaged", "the recipe reads a column that it does not list", name)
        try:
            return normalized(self._raw(spec), spec, self._reader.text)
        except TypeOfColumnError as error:
            raise EncodingError("column.type", f"expected {error}", name) from None
        except ValueAtError as error:
            shown = f", and {error.value!r} is not" if self._reader.show_values else ""
            row = int(self.numbers[error.index])
            raise EncodingError("row.value", f"a value is to be {error.expected}{shown}", name, row) from None

    def _raw(self, spec: RawColumn) -> pa.Array:
        places = self.batch.schema.get_all_field_indices(spec.name)
        if not places:
            raise EncodingError("column.absent", absent(spec, self.batch.schema.names), spec.name)
        if len(places) > 1:
            raise EncodingError("column.type", "two columns have this name; rename one", spec.name)
        return self.batch.column(places[0])
