"""Requests to a bundle, right and wrong, with what has to come of them.

A `ScoringRequest` is columns, or it is raw rows where `raw_rows` is there, for the bundle's recipe:

    raw_rows {
      columns: "customer" columns: "income" columns: "tags"
      rows { values { text: "c17" } values { number: 2500 } values { list { values { text: "eco" } values {} } } }
      rows { values {} values { whole: 3 } values {} }
    }

Each row has a value for each column, in their order; one without anything is missing. Values are of the types that
all languages have: `text`, `whole` (int64), `number` (double), `flag`, and `list` of such. There may be columns that
the recipe does not read.

The verdict is scores, or a refusal: its `code`, the raw column as `input` and the `row`; for a recipe that is wrong,
the recipe's file as `input`. Of several mistakes in a request, a column whose values are of several types comes first
(`whole` and `number` are one), in the recipe's order of columns. Then the first column counts in the order in which
the recipe's features read them, and of that column its absence, then its type, then its first value that cannot be
read. A recipe that is wrong is no reason not to open a bundle, nor not to score columns: the cases `recipe/...` ask for
both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from conformance.v1 import scoring_pb2 as pb
from rankspec.recap.v1.embedding_pb2 import OUT_OF_RANGE_IDS_ERROR
from rankspec.serving.v1 import bundle_pb2
from tests.scoring.raw_requests import raw_requests_of

from rankspec.encoding.lists import PADDING, Lists
from rankspec.scoring import Scorer
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.golden import GoldenBatch, golden_batches

# Arrays; of inputs of lists, `Lists` too.
Columns = dict[str, Any]
_Wrong = tuple[Columns, str | None, Any, str, int | None]


def requests_of(scorer: Scorer, folder: Path) -> Iterator[pb.ScoringRequest]:
    """Requests to an open bundle; what right ones come to is what the scorer says."""
    golden = _golden(scorer, folder)[0]
    usual = _columns(scorer, golden)
    own = scorer.signature_hash
    yield from golden_requests(scorer, folder)
    yield _right(scorer, "no rows", {name: values[:0] for name, values in usual.items()}, own)
    yield _right(scorer, "backwards", dict(reversed(usual.items())), own)
    for name, (columns, signature, code, at, row) in _wrong(scorer, usual, own).items():
        yield _request(name, columns, signature, pb.ScoringVerdict(code=code, input=at, row=row))
    if scorer.manifest.signature.inputs[0].feature_names:
        yield from _named(scorer, golden)
    for item in scorer.manifest.signature.inputs:
        if item.list:
            yield from _of_lists(scorer, usual, item.name)
    yield from raw_requests_of(scorer, folder.name)


def golden_requests(scorer: Scorer, folder: Path) -> Iterator[pb.ScoringRequest]:
    """Requests for the golden rows."""
    for batch in _golden(scorer, folder):
        yield _right(scorer, f"golden/{batch.name}", _columns(scorer, batch), scorer.signature_hash)


def _golden(scorer: Scorer, folder: Path) -> list[GoldenBatch]:
    content = memoryview((folder / scorer.manifest.golden_file).read_bytes())
    return list(golden_batches(scorer.manifest, content))


def _columns(scorer: Scorer, batch: GoldenBatch) -> Columns:
    """The inputs of a batch, with lists as such."""
    lists = _list_inputs(scorer)
    return {name: Lists.of_padded(values) if name in lists else values for name, values in batch.inputs.items()}


def _list_inputs(scorer: Scorer) -> set[str]:
    return {item.name for item in scorer.manifest.signature.inputs if item.list}


def _right(scorer: Scorer, name: str, columns: Columns, signature: str | None) -> pb.ScoringRequest:
    return _request(name, columns, signature, verdict_of(lambda: scorer.score(columns, signature)))


def _wrong(scorer: Scorer, usual: Columns, own: str) -> dict[str, _Wrong]:
    signature, code = scorer.manifest.signature, bundle_pb2
    first, last = signature.inputs[0], signature.inputs[-1]
    values, ends = usual[first.name], usual[last.name]
    wider = np.repeat(values, 2, axis=1)
    other_type = values.astype(np.int64 if values.dtype == np.float32 else np.float32)
    found: dict[str, _Wrong] = {
        "no hash": (usual, None, code.ERROR_CODE_SIGNATURE_REQUIRED, first.name, None),
        "other hash": (usual, "0" * 64, code.ERROR_CODE_SIGNATURE_MISMATCH, "", None),
        "empty hash": (usual, "", code.ERROR_CODE_SIGNATURE_MISMATCH, "", None),
        "unknown": (usual | {"zebra": ends, "other": ends}, own, code.ERROR_CODE_INPUT_UNKNOWN, "other", None),
        "unknown feature": (
            {f"{first.name}/zebra": values[:, 0]},
            own,
            code.ERROR_CODE_INPUT_UNKNOWN,
            f"{first.name}/zebra",
            None,
        ),
        "nothing": ({}, own, code.ERROR_CODE_INPUT_MISSING, first.name, None),
        "last missing": (_without(usual, last.name), own, code.ERROR_CODE_INPUT_MISSING, last.name, None),
        "other type": (usual | {first.name: other_type}, own, code.ERROR_CODE_TYPE_MISMATCH, first.name, None),
        "another width": (
            usual | {first.name: wider},
            own,
            code.ERROR_CODE_WIDTH_MISMATCH,
            first.name,
            None,
        ),
        "flat": (usual | {first.name: values[:, 0]}, own, code.ERROR_CODE_WIDTH_MISMATCH, first.name, None),
        "fewer rows": (usual | {last.name: ends[1:]}, own, code.ERROR_CODE_ROWS_MISMATCH, last.name, None),
    }
    for table in signature.id_tables:
        if table.out_of_range_ids != OUT_OF_RANGE_IDS_ERROR or table.input in _list_inputs(scorer):
            continue
        item = next(item for item in signature.inputs if item.name == table.input)
        at = f"{item.name}/{item.feature_names[table.position]}" if item.feature_names else item.name
        for what, row, wrong in (("below", 1, -1), ("above", 0, table.num_ids), ("far above", 2, 2**62)):
            ids = usual[item.name].copy()
            ids[row:, table.position] = wrong
            columns = usual | {item.name: ids}
            found[f"id {what} of {table.name}"] = (columns, own, code.ERROR_CODE_ID_OUT_OF_RANGE, at, row)
    for item in signature.inputs:
        if item.HasField("allowed_values"):
            outside = usual[item.name].copy()
            outside[1:, 0] = int(item.allowed_values.most) + 100
            columns = usual | {item.name: outside}
            found[f"value of {item.name}"] = (columns, own, code.ERROR_CODE_VALUE_NOT_ALLOWED, item.name, 1)
    return found


def _of_lists(scorer: Scorer, usual: Columns, name: str) -> Iterator[pb.ScoringRequest]:
    """Requests whose lists of one input are right and wrong; the other inputs have as many rows."""

    def asked(what: str, lists: np.ndarray | Lists) -> pb.ScoringRequest:
        columns = {own: values[: len(lists)] for own, values in usual.items()} | {name: lists}
        return _right(scorer, f"lists of {name}/{what}", columns, scorer.signature_hash)

    padded = _lists([0, 1], [], [2]).padded()
    # The tables say which of these ids are refused.
    most = max(table.num_ids for table in scorer.manifest.signature.id_tables if table.input == name)
    yield asked("of every length", _lists([], [1], [0, 1, 1, 0], [2] * 300, [1, 0]))
    yield asked("all empty", _lists([], [], []))
    yield asked("of one row", _lists([1, 0, 2]))
    yield asked("of no rows", _lists())
    yield asked("last and first ids", _lists([0], [0, most - 1], []))
    yield asked("an id above", _lists([0], [], [0, most, 1], [most + 1]))
    yield asked("an id far above", _lists([0, 2**63 - 1], [2**62]))
    yield asked("-1 inside", _lists([0], [1, -1, 0]))
    yield asked("the number after the padding", _lists([1], [0, PADDING + 1]))
    yield asked("padding inside", _lists([0], [1, PADDING, 0]))
    yield asked("padding behind", _lists([0, PADDING], [1]))
    yield asked("a wrong id before padding", _lists([-1], [PADDING]))
    yield asked("a matrix", padded)
    yield asked("a wider matrix", np.pad(padded, ((0, 0), (0, 2)), constant_values=PADDING))
    yield asked("a matrix without padding", np.zeros((3, 2), np.int64))
    yield asked("a matrix with -1 behind", np.where(padded == PADDING, -1, padded))
    yield asked("a matrix with a gap", padded[:, ::-1])
    yield asked("a matrix of no rows", np.zeros((0, 1), np.int64))
    yield asked("flat numbers", np.zeros(3, np.int64))
    yield asked("float32", np.zeros((3, 1), np.float32))
    yield asked("flat float32", np.zeros(3, np.float32))
    rows = len(next(iter(usual.values())))
    for what, columns in {
        "absent": _without(usual, name),
        "too few": usual | {name: _lists([0])},
        "too many": usual | {name: _lists(*[[0]] * (rows + 1))},
        "by a feature": _without(usual, name) | {f"{name}/{name}": np.zeros(rows, np.int64)},
        "for vectors": usual | {next(own for own in usual if own not in _list_inputs(scorer)): _lists(*[[0]] * rows)},
    }.items():
        yield _right(scorer, f"lists of {name}/{what}", columns, scorer.signature_hash)


def _lists(*rows: list[int]) -> Lists:
    return Lists.of(
        np.array([one for row in rows for one in row], np.int64), np.array([len(row) for row in rows], np.int64)
    )


def _named(scorer: Scorer, batch: GoldenBatch) -> Iterator[pb.ScoringRequest]:
    """Requests by features' names."""
    signature = scorer.manifest.signature
    lists = {name: values for name, values in _columns(scorer, batch).items() if name in _list_inputs(scorer)}
    features = {
        f"{item.name}/{name}": batch.inputs[item.name][:, position]
        for item in signature.inputs
        for position, name in enumerate(item.feature_names)
        if not item.list
    } | lists
    unread = {
        f"{item.name}/{item.feature_names[position]}" for item in signature.inputs for position in item.unread_positions
    }
    first = signature.inputs[0]
    # Of an input with others, since one without any feature is missing as a whole.
    several = tuple(f"{item.name}/" for item in signature.inputs if item.width - len(item.unread_positions) > 1)
    lacking = next(name for name in features if name not in unread and name.startswith(several))
    yield _right(scorer, "features", features, None)
    yield _right(scorer, "features backwards", dict(reversed(features.items())), None)
    yield _right(scorer, "features that are read", {n: v for n, v in features.items() if n not in unread}, None)
    code = bundle_pb2
    yield _request(
        "a feature missing",
        _without(features, lacking),
        None,
        pb.ScoringVerdict(code=code.ERROR_CODE_INPUT_MISSING, input=lacking),
    )
    yield _request(
        "twice",
        features | {first.name: batch.inputs[first.name]},
        scorer.signature_hash,
        pb.ScoringVerdict(code=code.ERROR_CODE_INPUT_TWICE, input=first.name),
    )
    yield _request(
        "a matrix for a feature",
        features | {lacking: features[lacking][:, None]},
        None,
        pb.ScoringVerdict(code=code.ERROR_CODE_WIDTH_MISMATCH, input=lacking),
    )
    second = [name for name in features if name not in unread][1]
    yield _request(
        "a feature of fewer rows",
        features | {second: features[second][1:]},
        None,
        pb.ScoringVerdict(code=code.ERROR_CODE_ROWS_MISMATCH, input=second),
    )


def _without(columns: Columns, name: str) -> Columns:
    return {own: values for own, values in columns.items() if own != name}


def _request(name: str, columns: Columns, signature: str | None, expected: pb.ScoringVerdict) -> pb.ScoringRequest:
    return pb.ScoringRequest(
        id=name,
        columns=[_column(own, values) for own, values in columns.items()],
        signature_hash=signature,
        expected=expected,
    )


def _column(name: str, values: np.ndarray | Lists) -> pb.ScoringColumn:
    if isinstance(values, Lists):
        return pb.ScoringColumn(
            name=name,
            type=bundle_pb2.VALUE_TYPE_INT64,
            integers=values.values.tolist(),
            lists=pb.ScoringLists(lengths=values.lengths.tolist()),
        )
    is_float = values.dtype == np.float32
    column = pb.ScoringColumn(
        name=name, type=bundle_pb2.VALUE_TYPE_FLOAT32 if is_float else bundle_pb2.VALUE_TYPE_INT64
    )
    if values.ndim == 2:
        column.width = values.shape[1]
    (column.floats if is_float else column.integers).extend(values.ravel().tolist())
    return column


def values_of(column: pb.ScoringColumn) -> Any:
    """A column's values as a scorer takes them."""
    if column.HasField("lists"):
        return Lists.of(np.array(column.integers, np.int64), np.array(column.lists.lengths, np.int64))
    is_float = column.type == bundle_pb2.VALUE_TYPE_FLOAT32
    values = np.array(column.floats if is_float else column.integers, np.float32 if is_float else np.int64)
    return values.reshape(-1, column.width) if column.HasField("width") else values


def verdict_of(score: Callable[[], Mapping[str, np.ndarray]]) -> pb.ScoringVerdict:
    """What scoring comes to."""
    try:
        scores = score()
    except ScoringError as error:
        return refusal(error)
    return pb.ScoringVerdict(columns=[pb.ScoredColumn(name=n, scores=v.tolist()) for n, v in scores.items()])


def refusal(error: ScoringError) -> pb.ScoringVerdict:
    """An error as the corpus has it."""
    return pb.ScoringVerdict(code=error.number, input=error.input, row=error.row)
