"""The columns that rows are known by, such as ids and times: no inputs, they travel to the predictions as they are.

Prediction reads every row in the order of the files and leaves none out, so a row's place is all that it takes to find
its values again.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import pyarrow as pa
import pyarrow.compute as pc

from rankspec.diagnostics.closest_name import did_you_mean
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.parquet import ParquetFile
from rankspec.trainer.data.source import place_in
from rankspec.trainer.data.values import StoredColumn, values_of
from rankspec.trainer.data_error import DataError
from rankspec.trainer.program import OpenedRows

# One value of a vector, such as discrete[0].
_PLACE = re.compile(r"(.+)\[([0-9]{1,9})\]")
# What whole numbers that are times become, and the one that stands for a missing one.
_TIME, _NO_TIME = pa.timestamp("us", "UTC"), -1


@dataclass(frozen=True)
class CarriedColumn:
    """A column that is carried: a whole one, or one place of an input's vector.

    Attributes:
        name: in the predictions.
        column: of the files.
        type: of its values.
        vector: how the vector is stored; none if the column has one value a row.
        place: which of the vector's values it is.
    """

    name: str
    column: str
    type: pa.DataType
    vector: StoredColumn | None = None
    place: int = 0


class Carried:
    """Reads the carried columns of rows by their places.

    Attributes:
        schema: of what it reads.
    """

    def __init__(self, dataset: Dataset, columns: Sequence[CarriedColumn]) -> None:
        """Reads nothing yet; the files are Parquet if there are any columns."""
        self._columns = columns
        self._files = dataset.files
        self._field = dataset.path
        self.schema = pa.schema([(column.name, column.type) for column in columns])
        sizes = [size for file in dataset.files for size in file.rows]
        self._starts = list(accumulate(sizes, initial=0))
        self._row_groups = [(file, number) for file in dataset.files for number in range(len(file.rows))]
        # One row group is kept: the next rows are in it, or in the one behind it.
        self._kept: tuple[int, pa.Table] = (-1, pa.table({}))

    def read(self, start: int, stop: int) -> pa.Table:
        """The columns of the rows `start … stop - 1` of all files, in order.

        Raises:
            DataError: they cannot be read; the text names file and row group.
        """
        return pa.concat_tables([self.schema.empty_table(), *self._parts(start, stop)])

    def _parts(self, start: int, stop: int) -> Iterator[pa.Table]:
        while self._columns and start < stop:
            number = bisect_right(self._starts, start) - 1
            end = min(stop, self._starts[number + 1])
            yield self._row_group(number).slice(start - self._starts[number], end - start)
            start = end

    def _row_group(self, number: int) -> pa.Table:
        if self._kept[0] != number:
            file, index = self._row_groups[number]
            assert isinstance(file, ParquetFile), "columns are carried from Parquet alone"
            try:
                self._kept = (number, self._table(file, index))
            except DataError as error:
                raise DataError(error.message, self._field) from error
        return self._kept[1]

    def _table(self, file: ParquetFile, index: int) -> pa.Table:
        stored = file.table(index, list(dict.fromkeys(column.column for column in self._columns)))
        arrays = []
        for column in self._columns:
            values = stored.column(column.column)
            if column.vector is not None:
                rows = values_of(values.combine_chunks(), column.vector, place_in(file, index))
                values = pa.chunked_array([pa.array(rows[:, column.place])])
            if column.type == _TIME and pa.types.is_integer(values.type):
                values = pc.if_else(pc.equal(values, _NO_TIME), None, values)
            arrays.append(values.cast(column.type))
        return pa.table(arrays, schema=self.schema)


def carried_columns(
    opened: OpenedRows, names: Sequence[str] | None, *, taken: Collection[str]
) -> tuple[list[CarriedColumn], list[str]]:
    """Settles which columns are carried.

    Args:
        opened: the rows.
        names: those to carry, `column` or `column[place]` of an input's vector; None carries every column of one value
            a row that is neither input nor label.
        taken: names that predictions have.

    Returns:
        The columns, and a line for each thing to know about them.

    Raises:
        DataError: a named column is not there, has no single value a row, or has a name that is taken.
    """
    dataset = opened.dataset
    other = next((file for file in dataset.files if not isinstance(file, ParquetFile)), None)
    if other is not None:
        if not names:
            note = f"no columns are carried: the rows are {other.form}"
            return [], [note] if names is None else []
        raise DataError(
            f"columns are carried from Parquet files, and the rows are {other.form}; convert them with `rankspec data "
            "convert`, or carry none",
            dataset.path,
        )
    schemas = {str(file.file): file.schema for file in dataset.files if isinstance(file, ParquetFile)}
    if names is None:
        inputs = {column.name for column in dataset.columns}
        found, notes = _by_default(schemas, inputs | opened.label_columns, taken)
        return _with_times(found, opened.time_columns), notes
    vectors = {column.name: column for column in dataset.columns}
    found = [_named(name, schemas, vectors, dataset.path) for name in dict.fromkeys(names)]
    if clash := next((column.name for column in found if column.name in taken), None):
        raise DataError(f'"{clash}" cannot be carried, as a column of the predictions is called that', dataset.path)
    return _with_times(found, opened.time_columns), []


def _with_times(columns: Sequence[CarriedColumn], times: Collection[str]) -> list[CarriedColumn]:
    """The columns, those of whole numbers that are times as such."""
    return [
        replace(column, type=_TIME) if column.column in times and column.type == pa.int64() else column
        for column in columns
    ]


def _by_default(
    schemas: Mapping[str, pa.Schema], left_out: Collection[str], taken: Collection[str]
) -> tuple[list[CarriedColumn], list[str]]:
    first, *others = schemas.values()
    found, notes = [], []
    for field in first:
        wanted = _type_in(first, field.name)
        if field.name in left_out or wanted is None or not _is_scalar(wanted):
            continue
        if field.name in taken:
            notes.append(f'"{field.name}" is not carried: a column of the predictions is called that')
        elif all(_type_in(schema, field.name) == wanted for schema in others):
            found.append(CarriedColumn(field.name, field.name, wanted))
        else:
            notes.append(f'"{field.name}" is not carried: not all files have it, or not in one type')
    return found, notes


def _named(
    name: str, schemas: Mapping[str, pa.Schema], vectors: Mapping[str, StoredColumn], path: str
) -> CarriedColumn:
    vector = _place_of_vector(name, vectors, path)
    if vector is not None:
        return vector
    types: dict[str, pa.DataType] = {}
    for file, schema in schemas.items():
        stored = _type_in(schema, name)
        if stored is None:
            hint = did_you_mean(name, schema.names)
            raise DataError(f'{file}: has no column "{name}", which is to be carried{hint}', path)
        if not _is_scalar(stored):
            raise DataError(
                f'{file}: column "{name}" is {stored}, and a column is carried if it has one value a row; of a vector '
                f"that is an input name one place, as in {name}[0]",
                path,
            )
        types[file] = stored
    (first, wanted), *others = types.items()
    if other := next((file for file, stored in others if stored != wanted), None):
        raise DataError(f'{other}: column "{name}" is {types[other]}, and {wanted} in {first}; write one type', path)
    return CarriedColumn(name, name, wanted)


def _place_of_vector(name: str, vectors: Mapping[str, StoredColumn], path: str) -> CarriedColumn | None:
    """One place of an input's vector, if a name is written like that."""
    written = _PLACE.fullmatch(name)
    vector = vectors.get(written[1]) if written else None
    if written is None or vector is None or vector.dtype not in ("int64", "float32"):
        return None
    place = int(written[2])
    if place >= vector.length:
        raise DataError(f'"{vector.name}" has {vector.length} values a row, counted from 0: there is no {name}', path)
    return CarriedColumn(name, vector.name, pa.int64() if vector.dtype == "int64" else pa.float32(), vector, place)


def _type_in(schema: pa.Schema, name: str) -> pa.DataType | None:
    """The type that a column's values are carried in; none if there is no column of the name, or several."""
    places = schema.get_all_field_indices(name)
    if len(places) != 1:
        return None
    stored = schema.field(places[0]).type
    # Dictionaries are a way of storing values, and may differ between row groups.
    return stored.value_type if pa.types.is_dictionary(stored) else stored


def _is_scalar(stored: pa.DataType) -> bool:
    """Whether a column has one value a row that tells rows apart: no list or structure, and no bytes."""
    odd = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return not (any(is_odd(stored) for is_odd in odd) or pa.types.is_null(stored))
