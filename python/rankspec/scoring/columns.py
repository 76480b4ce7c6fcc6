"""From the columns of a request to the model's inputs: placed by name, and refused where they do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rankspec.encoding.lists import PADDING, Lists
from rankspec.recap.v1.embedding_pb2 import OUT_OF_RANGE_IDS_ERROR
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.layout import MAX_MATRIX_VALUES
from rankspec.scoring.signature import dtype_of
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import AllowedValues, FeatureSignature, IdTable, ServedInput

# Between the names of an input and of one of its features; no input has it in its name.
SEPARATOR = "/"


@dataclass(frozen=True)
class _Input:
    """What the signature says of an input, read once: reading it of the message takes longer than looking at a request.

    Attributes:
        name: of the input.
        dtype: of its values.
        width: values a row.
        features: names of the columns of single features; none where features have no names.
        unread: positions that the model does not read.
        allowed: values that training takes; None if it takes any.
        is_list: whether a row has a list of ids, of any length.
    """

    name: str
    dtype: np.dtype[Any]
    width: int
    features: tuple[str, ...]
    unread: frozenset[int]
    allowed: AllowedValues | None
    is_list: bool

    @property
    def read(self) -> list[int]:
        """Positions that the model reads."""
        return [position for position in range(self.width) if position not in self.unread]


@dataclass(frozen=True)
class _Table:
    """Ids that are refused out of range: where they stand, and what their column is called."""

    name: str
    input: str
    position: int
    num_ids: int
    column: str
    is_list: bool


class Placement:
    """Places the columns of requests into the inputs of a signature.

    A column is called as an input, with a row's values in the signature's order, or as an input and one of its
    features, `input/feature`, with one value a row. One of lists is called as its input.
    """

    def __init__(self, signature: FeatureSignature) -> None:
        """Takes a signature of a manifest that has been checked."""
        self._hash = signature.hash
        self._inputs = [_input_of(item) for item in signature.inputs]
        self._known = frozenset(name for item in self._inputs for name in (item.name, *item.features))
        by_name = {item.name: item for item in self._inputs}
        self._tables = [
            _table_of(table, by_name[table.input])
            for table in signature.id_tables
            if table.out_of_range_ids == OUT_OF_RANGE_IDS_ERROR
        ]

    def placed(self, columns: Mapping[str, Any], signature_hash: str | None) -> dict[str, NDArray[Any]]:
        """The model's inputs, `[rows, width]` by name; lists as the matrix that `padded_lists` gives.

        Args:
            columns: of the request.
            signature_hash: that of the signature that whole vectors were made for; None if none came.

        Raises:
            ScoringError: the first thing that is wrong, in the order that `docs/serving.md` gives.
        """
        if signature_hash is not None and signature_hash != self._hash:
            raise ScoringError(bundle_pb2.ERROR_CODE_SIGNATURE_MISMATCH, "the hash of this bundle's signature")
        if unknown := columns.keys() - self._known:
            raise ScoringError(
                bundle_pb2.ERROR_CODE_INPUT_UNKNOWN,
                "an input of the signature, or a feature of one as `input/feature`",
                input=min(unknown, key=_bytes),
            )
        rows = _Rows()
        inputs = {
            item.name: _placed(item, columns, rows, is_signed=signature_hash is not None) for item in self._inputs
        }
        for table in self._tables:
            _check_ids(table, inputs[table.input])
        for item in self._inputs:
            if item.allowed is not None:
                _check_allowed(item, item.allowed, inputs[item.name])
        return inputs


def _input_of(item: ServedInput) -> _Input:
    return _Input(
        item.name,
        dtype_of(item),
        item.width,
        # A list has no features of its own.
        () if item.list else tuple(f"{item.name}{SEPARATOR}{name}" for name in item.feature_names),
        frozenset(item.unread_positions),
        item.allowed_values if item.HasField("allowed_values") else None,
        item.list,
    )


def _table_of(table: IdTable, item: _Input) -> _Table:
    column = item.features[table.position] if item.features else item.name
    return _Table(table.name, table.input, table.position, table.num_ids, column, item.is_list)


def _placed(item: _Input, columns: Mapping[str, NDArray[Any]], rows: _Rows, *, is_signed: bool) -> NDArray[Any]:
    has_features = not columns.keys().isdisjoint(item.features)
    if item.name not in columns:
        if not has_features:
            raise _missing(item.name)
        return _joined(item, columns, rows)
    if item.is_list:
        lists = padded_lists(columns[item.name], item.name)
        rows.check(lists, item.name)
        return lists
    if has_features:
        raise ScoringError(
            bundle_pb2.ERROR_CODE_INPUT_TWICE, "either whole vectors or single features", input=item.name
        )
    values = _typed(columns[item.name], item.name, item)
    if values.ndim != 2 or values.shape[1] != item.width:
        raise ScoringError(
            bundle_pb2.ERROR_CODE_WIDTH_MISMATCH, f"a matrix of {item.width} values a row", input=item.name
        )
    if not is_signed:
        raise ScoringError(
            bundle_pb2.ERROR_CODE_SIGNATURE_REQUIRED,
            "the signature's hash beside whole vectors, or features by their names",
            input=item.name,
        )
    rows.check(values, item.name)
    return values


def _joined(item: _Input, columns: Mapping[str, NDArray[Any]], rows: _Rows) -> NDArray[Any]:
    """The input of its features, each in its place; those that the model does not read may be left out."""
    found: dict[int, NDArray[Any]] = {}
    for position, name in enumerate(item.features):
        if name not in columns:
            if position in item.unread:
                continue
            raise _missing(name)
        values = _typed(columns[name], name, item)
        if values.ndim != 1:
            raise ScoringError(bundle_pb2.ERROR_CODE_WIDTH_MISMATCH, "one value a row", input=name)
        rows.check(values, name)
        found[position] = values
    joined = np.zeros((rows.number or 0, item.width), item.dtype)
    for position, values in found.items():
        joined[:, position] = values
    return joined


def _check_ids(table: _Table, values: NDArray[Any]) -> None:
    """Refuses ids that a table has neither a row nor a bucket for."""
    wrong = np.flatnonzero(is_out_of_range(values, table.position, table.num_ids, is_list=table.is_list))
    if wrong.size:
        raise ScoringError(
            bundle_pb2.ERROR_CODE_ID_OUT_OF_RANGE,
            f'an id from 0 to {table.num_ids - 1} of the table "{table.name}"',
            input=table.column,
            row=int(wrong[0]),
        )


def is_out_of_range(values: NDArray[Any], position: int, num_ids: int, *, is_list: bool) -> NDArray[np.bool_]:
    """Whether a row has an id that a table has no row for, `[rows]`.

    Args:
        values: of the input, `[rows, width]`, or the matrix of lists.
        position: of the ids in a vector; of lists it is not looked at.
        num_ids: ids that the table has a row for.
        is_list: whether the input has lists.
    """
    ids: Any = values if is_list else values[:, [position]]
    # An id below 0 is a very large one without its sign.
    is_wrong = ids.astype(np.uint64) >= np.uint64(num_ids)
    found: NDArray[np.bool_] = (is_wrong & (ids != PADDING) if is_list else is_wrong).any(1)
    return found


def padded_lists(given: object, name: str) -> NDArray[np.int64]:
    """Lists of ids as the model takes them: int64 `[rows, L]`, the ids of each and `PADDING` behind them, L at least 1.

    Args:
        given: a sequence of ids for each row, `Lists`, or such a matrix.
        name: of the input, for errors.

    Raises:
        ScoringError: TYPE_MISMATCH if it is something else, VALUE_NOT_ALLOWED if a list holds what stands for no id,
            SCORING_FAILED as `matrix_of`.
    """
    if isinstance(given, np.ndarray) and given.ndim == 2:
        if given.dtype != np.int64 or _has_ids_behind_padding(given):
            raise _no_lists(name)
        # A matrix without columns is as wide as the longest of lists that are all empty.
        return given if given.shape[1] else np.full((len(given), 1), PADDING, np.int64)
    lists = given if isinstance(given, Lists) else _of_sequences(given, name)
    if (odd := np.flatnonzero(lists.values == PADDING)).size:
        raise ScoringError(
            bundle_pb2.ERROR_CODE_VALUE_NOT_ALLOWED,
            f"ids, and {PADDING} stands for none",
            input=name,
            row=lists.row_of(int(odd[0])),
        )
    return matrix_of(lists, name)


def matrix_of(lists: Lists, name: str) -> NDArray[np.int64]:
    """Lists as the matrix that the model takes, `[rows, L]`; one list that is very long makes it large for all rows.

    Raises:
        ScoringError: SCORING_FAILED if it would have more values than all languages can hold.
    """
    if len(lists) * int(lists.lengths.max(initial=0)) > MAX_MATRIX_VALUES:
        raise ScoringError(
            bundle_pb2.ERROR_CODE_SCORING_FAILED,
            f"lists whose rows times the longest are {MAX_MATRIX_VALUES} at most; score fewer rows at once",
            input=name,
        )
    return lists.padded()


def _has_ids_behind_padding(matrix: NDArray[np.int64]) -> bool:
    is_id = matrix != PADDING
    return bool((is_id[:, 1:] > is_id[:, :-1]).any())


def _of_sequences(given: object, name: str) -> Lists:
    """A sequence of ids for each row as lists."""
    try:
        rows = [np.asarray(row) for row in given]  # type: ignore[attr-defined] # what is no sequence is refused
    except (TypeError, ValueError, OverflowError):
        raise _no_lists(name) from None
    if any(row.ndim != 1 or (row.size and row.dtype.kind != "i") for row in rows):
        raise _no_lists(name)
    values = np.concatenate([np.empty(0, np.int64), *(row.astype(np.int64) for row in rows)])
    return Lists.of(values, np.array([len(row) for row in rows], np.int64))


def _no_lists(name: str) -> ScoringError:
    return ScoringError(
        bundle_pb2.ERROR_CODE_TYPE_MISMATCH,
        f"a list of whole numbers of 64 bits for each row, or a matrix of int64 with {PADDING} behind the ids of each",
        input=name,
    )


class _Rows:
    """How many rows the columns of a request have: all as many as the first."""

    def __init__(self) -> None:
        self.number: int | None = None

    def check(self, values: NDArray[Any], name: str) -> None:
        """Takes a column's rows.

        Raises:
            ScoringError: ROWS_MISMATCH, if they are not as many as those of the columns before.
        """
        if self.number is None:
            self.number = len(values)
        if len(values) != self.number:
            raise ScoringError(bundle_pb2.ERROR_CODE_ROWS_MISMATCH, f"{self.number} rows", input=name)


def _typed(values: NDArray[Any], name: str, item: _Input) -> NDArray[Any]:
    given: object = values
    if not isinstance(given, np.ndarray) or given.dtype != item.dtype:
        raise ScoringError(bundle_pb2.ERROR_CODE_TYPE_MISMATCH, f"values of {item.dtype.name}", input=name)
    return values


def _check_allowed(item: _Input, allowed: AllowedValues, values: NDArray[Any]) -> None:
    """Refuses values that training refuses."""
    numbers = values[:, item.read].astype(np.float64)
    finite = np.isfinite(numbers)
    wrong = np.zeros(numbers.shape, np.bool_)
    if allowed.HasField("least"):
        wrong |= finite & (numbers < allowed.least)
    if allowed.HasField("most"):
        wrong |= finite & (numbers > allowed.most)
    if allowed.whole:
        wrong |= ~finite | (numbers != np.trunc(numbers))
    if wrong.any():
        row = int(np.argwhere(wrong)[0, 0])
        raise ScoringError(bundle_pb2.ERROR_CODE_VALUE_NOT_ALLOWED, _described(allowed), input=item.name, row=row)


def _described(allowed: AllowedValues) -> str:
    text = "whole numbers" if allowed.whole else "values"
    if allowed.HasField("least"):
        text += f" from {allowed.least:.9g}"
    if allowed.HasField("most"):
        text += f" up to {allowed.most:.9g}"
    return text


def _missing(name: str) -> ScoringError:
    return ScoringError(bundle_pb2.ERROR_CODE_INPUT_MISSING, "a column of this name", input=name)


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")
