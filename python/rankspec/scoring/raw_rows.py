"""From raw rows to the model's inputs, by the bundle's recipe: the one part of scoring that takes Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from rankspec.data.v1.recipe_pb2 import Recipe
from rankspec.encoding.encoder import Encoded, Encoder
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.lists import Lists
from rankspec.encoding.positions import positions
from rankspec.scoring.columns import matrix_of
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.reading import BundleFiles
from rankspec.scoring.signature import dtype_of
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import ErrorCode, FeatureSignature, ServedInput

_CODES = {
    "recipe.unfitted": bundle_pb2.ERROR_CODE_RECIPE_UNFITTED,
    "recipe.semantics": bundle_pb2.ERROR_CODE_RECIPE_UNKNOWN,
    "vocabulary.absent": bundle_pb2.ERROR_CODE_VOCABULARY_INVALID,
    "vocabulary.digest": bundle_pb2.ERROR_CODE_VOCABULARY_INVALID,
    "column.absent": bundle_pb2.ERROR_CODE_COLUMN_MISSING,
    "column.type": bundle_pb2.ERROR_CODE_COLUMN_TYPE,
    "row.value": bundle_pb2.ERROR_CODE_VALUE_INVALID,
}


class RawRows:
    """Makes inputs of raw rows.

    Attributes:
        columns: names of the raw columns that are read, in the recipe's order.
    """

    def __init__(self, bundle: BundleFiles) -> None:
        """Takes the recipe of a bundle, and its vocabularies.

        Raises:
            ScoringError: with one of the codes from RECIPE_INVALID to VOCABULARY_INVALID.
        """
        name = bundle.manifest.recipe_file
        try:
            recipe = Recipe.FromString(bytes(bundle.contents[name]))
            named = {feature.category.fitted.file for feature in recipe.features}
            there = {file: bytes(bundle.contents[file]) for file in named if file in bundle.contents}
            self._encoder = Encoder(recipe, there)
        except DecodeError as error:
            raise _invalid(name, "a Recipe in protobuf's binary form") from error
        except EncodingError as error:
            raise _as_scoring_error(error, name) from error
        self._items = list(bundle.manifest.signature.inputs)
        if problem := mismatch(recipe, bundle.manifest.signature):
            raise _invalid(name, problem)
        self.columns = self._encoder.columns

    def inputs(self, rows: object) -> dict[str, NDArray[Any]]:
        """The model's inputs, `[rows, width]` by name.

        Args:
            rows: an Arrow table, whatever hands one over (`__arrow_c_stream__`), or columns by name: lists or arrays.
                Columns that the recipe does not read are left alone.

        Raises:
            ScoringError: COLUMN_MISSING, COLUMN_TYPE, VALUE_INVALID or ROWS_MISMATCH.
            TypeError: `rows` is a list of rows.
        """
        # In one piece, so that of several mistakes the first column's is told wherever the pieces end.
        table = _table(rows, self.columns).combine_chunks()
        # A table without rows has no batches, and the columns that it lacks are still told.
        batches = table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
        encoded: list[Encoded] = []
        first = 0
        for batch in batches:
            try:
                encoded.append(self._encoder.encode(self._encoder.reader.read(batch, first), labels=False))
            except EncodingError as error:
                raise _as_scoring_error(error, error.column) from error
            first += batch.num_rows
        return {
            item.name: _joined_lists(encoded, item) if item.list else _joined(encoded, item) for item in self._items
        }


def mismatch(recipe: Recipe, signature: FeatureSignature) -> str | None:
    """What a recipe should make and does not; None if its vectors are what the signature takes."""
    places = positions(recipe)
    lists = {place.name for place in places.lists}
    for item in signature.inputs:
        if item.list:
            if not lists.issuperset(item.feature_names) or not item.feature_names:
                return f"a recipe that makes the lists of {item.name} too"
            continue
        made: Any = getattr(places, item.name, None)
        if made is None:
            return f"a recipe that makes {item.name} too"
        wanted = bundle_pb2.VALUE_TYPE_FLOAT32 if item.name == "continuous" else bundle_pb2.VALUE_TYPE_INT64
        if item.type != wanted:
            return f"a recipe that makes {item.name} of the signature's type"
        if len(made) != item.width:
            return f"a recipe that makes {item.width} values of {item.name}, and not {len(made)}"
        if item.feature_names and [place.name for place in made] != list(item.feature_names):
            return f"a recipe that makes the features of {item.name} in the signature's order"
    return None


def _joined(encoded: list[Encoded], item: ServedInput) -> NDArray[Any]:
    values = np.concatenate([getattr(batch, item.name) for batch in encoded])
    return values.astype(dtype_of(item), copy=False)


def _joined_lists(encoded: list[Encoded], item: ServedInput) -> NDArray[np.int64]:
    """The lists of all rows, padded; the signature names the feature that they are."""
    return matrix_of(Lists.joined([batch.lists[item.feature_names[0]] for batch in encoded]), item.name)


def _table(rows: Any, columns: tuple[str, ...]) -> pa.Table:
    """The columns that are read, as far as they are there."""
    if not isinstance(rows, Mapping):
        table = _handed_over(rows)
        return table.select([place for place, name in enumerate(table.schema.names) if name in columns])
    arrays = {name: _array(rows[name], name) for name in columns if name in rows}
    num_rows = len(next(iter(arrays.values()), ()))
    for name, array in arrays.items():
        if len(array) != num_rows:
            raise ScoringError(bundle_pb2.ERROR_CODE_ROWS_MISMATCH, f"{num_rows} rows", input=name)
    return pa.table(arrays)


def _handed_over(rows: Any) -> pa.Table:
    """The table that is given.

    Raises:
        TypeError: it is a list, of which Arrow does not say what is missing.
    """
    if isinstance(rows, Sequence):
        raise TypeError(
            "raw rows come as an Arrow table, as what hands one over, or as columns by name, and not as a "
            f"{type(rows).__name__}; pyarrow.Table.from_pylist makes a table of a list of dictionaries"
        )
    return rows if isinstance(rows, pa.Table) else pa.table(rows)


def _array(values: Any, name: str) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, str | bytes):
        # Arrow would take each letter for a row.
        raise ScoringError(bundle_pb2.ERROR_CODE_COLUMN_TYPE, "expected a list of values, one a row", input=name)
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    try:
        array = _converted(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        # What Arrow says has the value in it.
        raise _of_several_types(name) from None
    if pa.types.is_temporal(array.type) and not _are_alike(values):
        raise _of_several_types(name)
    return array


def _of_several_types(name: str) -> ScoringError:
    return ScoringError(bundle_pb2.ERROR_CODE_COLUMN_TYPE, "expected values of one type", input=name)


def _are_alike(values: Any) -> bool:
    """Whether times are all dates, or all have a zone, or all have none: of several, Arrow goes by the first."""
    # What is not itself is a missing time of pandas.
    there = (value for value in values if value is not None and value == value)  # noqa: PLR0124
    return len({(isinstance(value, datetime), getattr(value, "tzinfo", None) is None) for value in there}) <= 1


def _converted(values: Any) -> pa.Array:
    """The values as Arrow has them; texts with halves of pairs of surrogates as no UTF-8, which the encoder refuses."""
    try:
        return pa.array(values)
    except UnicodeEncodeError:
        pass
    encoded = pa.array([_bytes_of(value) for value in values])
    kind = pa.list_(pa.string()) if pa.types.is_list(encoded.type) else pa.string()
    return encoded.cast(options=pc.CastOptions(kind, allow_invalid_utf8=True))


def _bytes_of(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return value if value is None else [_bytes_of(item) for item in value]


def _invalid(name: str, expectation: str) -> ScoringError:
    return ScoringError(bundle_pb2.ERROR_CODE_RECIPE_INVALID, f"expected {expectation}", input=name)


def _as_scoring_error(error: EncodingError, name: str) -> ScoringError:
    code: ErrorCode = _CODES.get(error.code, bundle_pb2.ERROR_CODE_RECIPE_INVALID)
    return ScoringError(code, error.message, input=name, row=error.row)
