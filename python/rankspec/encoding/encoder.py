"""A fitted recipe, applied to rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from rankspec.data.v1 import recipe_pb2 as pb
from rankspec.encoding.columns import Column
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.hashing import hashes
from rankspec.encoding.lists import Lists
from rankspec.encoding.positions import column_of, is_whole_list
from rankspec.encoding.rows import RowReader, Rows
from rankspec.encoding.soundness import check_soundness
from rankspec.encoding.vocabulary import MISSING, UNSEEN, ids_by_value

_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)

_Encode = Callable[[Rows, "_Vectors"], None]
# The ids of a column's distinct values.
_LookUp = Callable[[Column], NDArray[np.int64]]


@dataclass(frozen=True)
class _Vectors:
    """The columns that features give, `[rows]` each, by the vector that they belong to, and lists by their names."""

    continuous: list[NDArray[Any]] = field(default_factory=list)
    binary: list[NDArray[Any]] = field(default_factory=list)
    discrete: list[NDArray[Any]] = field(default_factory=list)
    lists: dict[str, Lists] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoded:
    """What a model takes of rows.

    Attributes:
        continuous: float32 `[rows, C]`.
        binary: int64 `[rows, B]`.
        discrete: int64 `[rows, D]`.
        lists: those features that are lists of ids, by name.
        labels: by task; int64, or float32 for a label that is a number; null where missing.
    """

    continuous: NDArray[np.float32]
    binary: NDArray[np.int64]
    discrete: NDArray[np.int64]
    lists: dict[str, Lists]
    labels: dict[str, pa.Array]


class Encoder:
    """Encodes rows by a fitted recipe.

    Attributes:
        reader: reads the rows that `encode` takes.
        columns: names of the raw columns that features read, in the recipe's order.
    """

    def __init__(self, recipe: pb.Recipe, vocabularies: Mapping[str, bytes], *, show_values: bool = False) -> None:
        """Takes a recipe.

        Args:
            recipe: a fitted one.
            vocabularies: the bytes of each vocabulary file that it names, by name.
            show_values: whether errors show the value that cannot be read. Values may be personal data.

        Raises:
            EncodingError: the recipe is not fitted, of semantics that are not known, or damaged; or a vocabulary is not
                there or is another one.
        """
        self.reader = RowReader(recipe, show_values=show_values)
        if not recipe.HasField("fitted"):
            raise EncodingError("recipe.unfitted", "the recipe is not fitted; `rankspec data import` fits it")
        check_soundness(recipe)
        self._features = [_encoding_of(feature, vocabularies) for feature in recipe.features]
        self._labels = list(recipe.labels)
        read = set(map(column_of, recipe.features))
        self.columns = tuple(column.name for column in recipe.columns if column.name in read)
        self._kinds = {column.name: column.kind for column in recipe.columns}

    def encode(self, rows: Rows, *, labels: bool = True) -> Encoded:
        """Encodes rows that `reader` has read.

        Args:
            rows: any number.
            labels: whether labels are made too, for which their columns have to be there.

        Raises:
            EncodingError: a column is absent or of another type, or a value cannot be read.
        """
        vectors = _Vectors()
        for encode in self._features:
            encode(rows, vectors)
        return Encoded(
            _matrix(vectors.continuous, len(rows), np.float32),
            _matrix(vectors.binary, len(rows), np.int64),
            _matrix(vectors.discrete, len(rows), np.int64),
            vectors.lists,
            {label.task: self._label(label, rows) for label in self._labels} if labels else {},
        )

    def _label(self, label: pb.RecipeLabel, rows: Rows) -> pa.Array:
        column = rows.values(label.column)
        positive = label.WhichOneof("positive")
        if positive == "at_least":
            numbers = column.numbers
            return pa.array((numbers.values >= label.at_least).astype(np.int64), mask=~numbers.is_there)
        if positive == "equals":
            is_equal = [text == label.equals.encode() for text in column.texts]
            matches = np.append(np.asarray(is_equal, np.int64), 0)[column.codes]
            return pa.array(matches, mask=_is_missing(column))
        if self._kinds[label.column] == pb.RAW_KIND_BOOL:
            return column.array.cast(pa.int64())
        numbers = column.numbers
        return pa.array(numbers.values.astype(np.float32), mask=~numbers.is_there)


def standardized(values: NDArray[np.float64], fitted: pb.NumberFitting, *, standardize: bool) -> NDArray[np.float32]:
    """A number as a model takes it: clipped, standardized, each step in double precision, and last rounded to float32.

    Comparing, subtracting and then multiplying leave nothing to fuse, so that every language gives the same bits.

    Args:
        values: `[rows]`, in the column's unit, none missing.
        fitted: bounds, mean and deviation.
        standardize: whether the mean and the deviation count.
    """
    values = np.where(values < fitted.low, fitted.low, values)
    # Adding 0 makes one zero of the two.
    values = np.where(values > fitted.high, fitted.high, values) + 0.0
    if standardize:
        with np.errstate(over="ignore"):
            values = (values - fitted.mean) * fitted.inverse_deviation
    # What float32 cannot hold becomes the largest number that it can.
    values = np.where(values > _LARGEST_FLOAT32, _LARGEST_FLOAT32, values)
    values = np.where(values < -_LARGEST_FLOAT32, -_LARGEST_FLOAT32, values)
    return values.astype(np.float32)


def _encoding_of(feature: pb.Feature, vocabularies: Mapping[str, bytes]) -> _Encode:
    kind = str(feature.WhichOneof("kind"))
    spec = getattr(feature, kind)
    if "fitted" in spec.DESCRIPTOR.fields_by_name and not spec.HasField("fitted"):
        raise EncodingError("recipe.unfitted", f"the recipe is not fitted: nothing is known of {feature.name}")
    if kind == "number":
        return _number(spec)
    if kind == "binned":
        return _binned(spec)
    if kind == "flag":
        return _flag(spec)
    look_up = _category(spec, vocabularies) if kind == "category" else _hashed(spec)
    return _by_value(feature.name, spec, look_up)


def _number(feature: pb.NumberFeature) -> _Encode:
    fitted = feature.fitted

    def encode(rows: Rows, vectors: _Vectors) -> None:
        numbers = rows.values(feature.column).numbers
        filled = np.where(numbers.is_there, numbers.values, fitted.fill)
        vectors.continuous.append(standardized(filled, fitted, standardize=feature.standardize))
        if feature.missing_flag:
            vectors.binary.append((~numbers.is_there).astype(np.int64))

    return encode


def _binned(feature: pb.BinnedFeature) -> _Encode:
    edges = np.sort(np.asarray(feature.fitted.edges, np.float64))

    def encode(rows: Rows, vectors: _Vectors) -> None:
        numbers = rows.values(feature.column).numbers
        below = np.searchsorted(edges, numbers.values, side="left")
        vectors.discrete.append(np.where(numbers.is_there, 1 + below, MISSING))

    return encode


def _flag(feature: pb.FlagFeature) -> _Encode:
    def encode(rows: Rows, vectors: _Vectors) -> None:
        array = rows.values(feature.column).array
        vectors.binary.append(np.asarray(array.cast(pa.int64()).fill_null(0)))
        if feature.missing_flag:
            vectors.binary.append(np.asarray(array.is_null()).astype(np.int64))

    return encode


def _category(feature: pb.CategoryFeature, vocabularies: Mapping[str, bytes]) -> _LookUp:
    ids = ids_by_value(feature.fitted, vocabularies, feature.column)

    def look_up(column: Column) -> NDArray[np.int64]:
        return np.asarray([MISSING if text is None else ids.get(text, UNSEEN) for text in column.texts], np.int64)

    return look_up


def _hashed(feature: pb.HashedFeature) -> _LookUp:
    buckets = np.uint64(feature.num_buckets)

    def look_up(column: Column) -> NDArray[np.int64]:
        texts = column.texts
        ids = 1 + (hashes(feature.salt, [text or b"" for text in texts]) % buckets).astype(np.int64)
        return np.where([text is None for text in texts], MISSING, ids) if None in texts else ids

    return look_up


def _by_value(name: str, feature: pb.CategoryFeature | pb.HashedFeature, look_up: _LookUp) -> _Encode:
    """Ids of a column's distinct values, looked up once each, at the places of the rows."""

    def encode(rows: Rows, vectors: _Vectors) -> None:
        if not feature.HasField("list"):
            column = rows.values(feature.column)
            vectors.discrete.append(np.append(look_up(column), MISSING)[column.codes])
            return
        lists = rows.lists(feature.column)
        ids = np.append(look_up(lists.items), MISSING)[lists.items.codes]
        if is_whole_list(feature):
            vectors.lists[name] = Lists.of(ids[lists.ends[0] : lists.ends[-1]], np.diff(lists.ends))
            return
        ids = np.append(ids, MISSING)
        for place in range(feature.list.width):
            at = np.where(lists.lengths > place, lists.ends[:-1] + place, len(ids) - 1)
            vectors.discrete.append(ids[at])

    return encode


def _is_missing(column: Column) -> NDArray[np.bool_]:
    is_none = np.asarray([text is None for text in column.texts] + [True])
    return is_none[column.codes]


def _matrix(columns: list[NDArray[Any]], num_rows: int, dtype: type) -> NDArray[Any]:
    matrix: NDArray[Any] = np.empty((num_rows, len(columns)), dtype)
    for place, values in enumerate(columns):
        matrix[:, place] = values
    return matrix


def carried(rows: Rows, recipe: pb.Recipe) -> dict[str, pa.Array]:
    """The raw columns that are stored beside what a model takes, each in the form of its kind; times in microseconds.

    Raises:
        EncodingError: one is absent or of another type, or a value cannot be read.
    """
    kept = {}
    for name in recipe.output.carried:
        column = rows.column(name)
        if isinstance(column, Column):
            kept[name] = as_stored(column)
        else:
            ends = pc.if_else(
                pa.array(np.append(column.is_missing, False)), None, pa.array(column.ends.astype(np.int32))
            )
            kept[name] = pa.ListArray.from_arrays(ends, as_stored(column.items))
    return kept


def as_stored(column: Column) -> pa.Array:
    """The values themselves, not indices into them."""
    array = column.array
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
