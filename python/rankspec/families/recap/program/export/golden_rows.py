"""Rows that a bundle is tried on: some of a validation set, and edges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rankspec.encoding.lists import PADDING, Lists, joined_padded
from rankspec.recap.v1.embedding_pb2 import OUT_OF_RANGE_IDS_BUCKET
from rankspec.scoring.golden import GoldenBatch
from rankspec.scoring.signature import dtype_of
from rankspec.serving.v1.bundle_pb2 import FeatureSignature, IdTable, ServedInput

# Lists are matrices as `Lists.padded` makes them.
Rows = dict[str, "NDArray[Any]"]
# What the names of batches begin with that are odd.
EDGE = "edge/"
# Rows of a validation set, and the numbers that all of them may have together.
_MANY_ROWS, _MOST_VALUES = 256, 2**20
_LARGEST = float(np.finfo(np.float32).max)
# A value of each kind that a float32 can be, and that counting rows in order goes through.
_NOT_FINITE = (np.nan, np.inf, -np.inf)
_EXTREME = (_LARGEST, -_LARGEST, 1e-45, -0.0, 1.0, -1.0, 1e-8, 65504.0)
_LARGEST_SQUARED = 65504.0
# The input whose logarithm is taken before anything else.
_OF_LOGARITHMS = "continuous"
_WHOLE = (0, 1, 2, 255, -1)
_ID_BITS = 63


def first_rows(batches: Iterable[Rows]) -> Rows | None:
    """The first rows of a data set, as many as golden rows are taken; None if it has none."""
    taken: list[Rows] = []
    num_rows = 0
    for rows in batches:
        width = sum(values.shape[1] for values in rows.values())
        most = max(2, min(_MANY_ROWS, _MOST_VALUES // width))
        taken.append(rows)
        num_rows += len(next(iter(rows.values())))
        if num_rows >= most:
            return {name: joined_padded([one[name] for one in taken])[:most] for name in rows}
    return {name: joined_padded([one[name] for one in taken]) for name in taken[0]} if taken else None


def golden_rows(
    signature: FeatureSignature, validation: Rows | None, name: str, predict: Callable[[Rows], NDArray[np.float32]]
) -> list[GoldenBatch]:
    """Golden rows with their outputs, in batches of different sizes.

    Args:
        signature: what the bundle takes.
        validation: rows of a validation set; None if there are none.
        name: of the validation set.
        predict: gives the outputs of stored rows.
    """
    usual = _zeros(signature) if validation is None else validation
    batches = {f"validation/{name}": validation} if validation is not None else {}
    batches[f"{EDGE}one row"] = {own: values[:1] for own, values in usual.items()}
    batches |= dict(_edges(signature, usual))
    return [GoldenBatch(place, rows, predict(rows)) for place, rows in batches.items()]


def _zeros(signature: FeatureSignature) -> Rows:
    return {
        item.name: np.full((1, item.width), PADDING if item.list else 0, dtype_of(item)) for item in signature.inputs
    }


def _edges(signature: FeatureSignature, usual: Rows) -> Iterator[tuple[str, Rows]]:
    floats = [item for item in signature.inputs if dtype_of(item) == np.float32]
    whole = [item for item in signature.inputs if dtype_of(item) == np.int64 and not item.list]
    if floats:
        yield f"{EDGE}not finite", _with(usual, floats, _NOT_FINITE)
        yield f"{EDGE}extreme values", _with_extremes(usual, floats)
    tables = {(table.input, table.position) for table in signature.id_tables}
    if any((item.name, position) not in tables for item in whole for position in range(item.width)):
        yield f"{EDGE}whole numbers", _with(usual, whole, _WHOLE, leave=tables)
    lists = {item.name for item in signature.inputs if item.list}
    if of_positions := [table for table in signature.id_tables if table.input not in lists]:
        yield f"{EDGE}ids", _with_ids(usual, of_positions)
    for name in sorted(lists):
        yield f"{EDGE}lists of {name}", _with_lists(usual, signature.id_tables, name)


def _with(
    usual: Rows, items: Iterable[ServedInput], edges: tuple[float, ...], leave: Iterable[tuple[str, int]] = ()
) -> Rows:
    """Rows in which all values of inputs are one of the edges, as far as they are allowed."""
    rows = _repeated(usual, len(edges))
    for item in items:
        places = [position for position in range(item.width) if (item.name, position) not in set(leave)]
        column = np.array([_allowed(value, item) for value in edges], dtype_of(item))
        rows[item.name][:, places] = column[:, None]
    return rows


def _with_extremes(usual: Rows, items: Iterable[ServedInput]) -> Rows:
    """Rows with extreme values: all continuous features, as their logarithm is taken, and a position of each embedding.

    Embeddings are normalized as they are, so their values go only as far as the variance of a row is exact enough.
    """
    rows = _with(usual, (item for item in items if item.name == _OF_LOGARITHMS), _EXTREME)
    for item in items:
        if item.name != _OF_LOGARITHMS:
            for row, value in enumerate(_EXTREME):
                bounded = min(max(value, -_LARGEST_SQUARED), _LARGEST_SQUARED)
                rows[item.name][row, row % item.width] = _allowed(bounded, item)
    return rows


def _allowed(value: float, item: ServedInput) -> float:
    """The nearest value that an input may have."""
    if not item.HasField("allowed_values"):
        return value
    allowed = item.allowed_values
    if not np.isfinite(value):
        return allowed.least if allowed.whole else value
    value = min(max(value, allowed.least), allowed.most)
    return float(np.trunc(value)) if allowed.whole else value


def _with_ids(usual: Rows, tables: Iterable[IdTable]) -> Rows:
    """Rows with the first and the last id of every table, and with others where these share a row."""
    tables = list(tables)
    columns = {table.name: _ids(table) for table in tables}
    num_rows = max(len(ids) for ids in columns.values())
    rows = _repeated(usual, num_rows)
    for table in tables:
        ids = columns[table.name]
        rows[table.input][:, table.position] = [ids[row % len(ids)] for row in range(num_rows)]
    return rows


def _with_lists(usual: Rows, tables: Iterable[IdTable], name: str) -> Rows:
    """Rows whose list of an input is empty, is one id, or has every id that is worth trying, the first one twice."""
    own = [table for table in tables if table.input == name]
    most = min((table.num_ids for table in own if table.out_of_range_ids != OUT_OF_RANGE_IDS_BUCKET), default=None)
    tried = sorted({one for table in own for one in _ids(table)} - {PADDING})
    ids = [one for one in tried if most is None or 0 <= one < most]
    lists = [[], *([one] for one in ids), [*ids, *ids[:1]]]
    rows = _repeated(usual, len(lists))
    values = np.array([one for row in lists for one in row], np.int64)
    return rows | {name: Lists.of(values, np.array([len(row) for row in lists])).padded()}


def _ids(table: IdTable) -> list[int]:
    own = [0, table.num_ids - 1]
    if table.out_of_range_ids == OUT_OF_RANGE_IDS_BUCKET:
        own += [-1, table.num_ids, 2**_ID_BITS - 1, -(2**_ID_BITS)]
    return own


def _repeated(usual: Rows, num_rows: int) -> Rows:
    """Rows that begin as the usual ones, again and again; to be written to."""
    return {name: values[np.arange(num_rows) % len(values)] for name, values in usual.items()}
