"""Requests with raw rows to a bundle, right and wrong, with what has to come of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.v1 import scoring_pb2 as pb
from conformance.v1.raw_rows_pb2 import RawRow, RawRows
from rankspec.serving.v1 import bundle_pb2
from tests.conformance.derive_encoding import raw_value
from tests.conformance.executors.encoding import value_of
from tests.scoring.imported import IMPORTED

from rankspec.scoring import Scorer

_Columns = Mapping[str, Sequence[Any]]
_SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1e308, -1e38, 3.5e38, 16777217.0, 2.0**53, 0.1]
_WHOLES = [0, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
_TEXTS = ["", "NA", "null", "unheard", "É", "e\u0301", "😀漢", "a\0b", " Ulm", "ulm", "c1" * 99]

# By bundle: what a column has in place of its values, all rows of a request in turn, and is still read.
_RIGHT: dict[str, dict[str, list[list[Any]]]] = {
    "imported": {
        "customer": [_TEXTS, ["c1", None, "c400", "C1"]],
        "income": [_SPECIAL, _WHOLES, [1, 2.5, None], ["2500", "2.5e3", "-.5", "NaN", "inf", "", "NA", "1e400", "0.1"]],
        "city": [_TEXTS, ["Köln", "Ulm", "Paris", None]],
        "tags": [[[], None, ["eco", None], ["new", "new", "sale", "eco", "x"], ["", "NA"]]],
        "member": [[1, 0, None], ["true", "false", "yes", "no", "1", "0", ""]],
    },
    "imported_by_recipe": {
        "price": [_SPECIAL, _WHOLES, ["1.", "+1", "1e-400", "9007199254740993", "NA", "", "nan", "0.1"]],
        "amount": [_WHOLES, [1.0, -0.0, math.nan, math.inf, 2.0**53], ["7", "1.0", "007", "-7.", "NA", "", None]],
        "shop": [_TEXTS],
        "code": [_TEXTS, ["é001", "e\u0301001", None, "é1"]],
        "tags": [["", "|", "eco|", "|eco", "a|b|c|d|e", "NA|new", None], [["eco", None], [], None, ["NA", ""]]],
        "seen": [[[7, -1], [None], [], None, [3, 7, 7, 7]], [[2.0, -9.0]], [["7", "07", "NA"]]],
        "member": [[True, False, None], [1, 0], ["true", "0", "NA", ""]],
        "at": [
            ["2024-03-31T02:30:00", "2024-10-27T02:30:00", "2024-07-01", "2024-05-31T18:30:00.5+02:00", None, "NA"],
            ["1717180200", "-1", "2024-02-29T00:00:00Z", "1969-12-31 23:59Z"],
            [0, -1, 1717180200, None],
        ],
    },
}
# By bundle: a column, what it has instead, and the row of the first value that cannot be read; None where its type is
# none that the kind is read from.
_WRONG: dict[str, list[tuple[str, list[Any], int | None]]] = {
    "imported": [
        ("customer", [1, 2], None),
        ("customer", ["c1", 17, None], None),
        ("income", [True], None),
        ("income", [1.0, "2"], None),
        ("income", ["1", "secret", "2", "secret"], 1),
        ("income", ["1,5"], 0),
        ("income", [[1.0]], None),
        ("city", [1.5], None),
        ("city", [["Ulm"]], None),
        ("tags", ["eco"], None),
        ("tags", [[1]], None),
        ("tags", [["eco"], None, "eco"], None),
        ("tags", [["eco", 1]], None),
        ("member", [1.0, 0.5], 1),
        ("member", [True, 1], None),
        ("member", [1, 0, 2], 2),
        ("member", [None, "maybe"], 1),
    ],
    "imported_by_recipe": [
        ("price", ["1", "0x1F"], 1),
        ("amount", [1.0, 1.5], 1),
        ("amount", [2.0**53 + 2], 0),
        ("amount", ["9223372036854775808"], 0),
        ("shop", [True], None),
        ("code", [None, 1.5], None),
        ("tags", [7], None),
        ("seen", [[1], [], [2, 2.5]], 2),
        ("seen", ["1|2"], None),
        ("seen", [["1"], None, ["x"]], 2),
        ("seen", [[1], None, ["1"]], None),
        ("member", ["true", "maybe"], 1),
        ("at", [1.0, 1.5], 1),
        ("at", [True], None),
        ("at", [1, 9223372036854775807], 1),
        ("at", ["2024-02-29", "2023-02-29"], 1),
        ("at", ["2024-05-31T24:00:00Z"], 0),
    ],
}
_UNREAD = {"imported": ("remark", "bought"), "imported_by_recipe": ("answer",)}


def raw_requests_of(scorer: Scorer, name: str) -> Iterator[pb.ScoringRequest]:
    """Requests with raw rows to an open bundle; what right ones come to is what the scorer says."""
    if name not in IMPORTED:
        yield _refused("raw/no recipe", {"a": [1.0]}, bundle_pb2.ERROR_CODE_RECIPE_MISSING)
        return
    rows = usual_rows(name)
    for what, columns in _right(name, rows):
        yield raw_request(f"raw/{what}", columns, _scored(scorer, columns))
    yield from _wrong(name, rows)


def raw_request(name: str, columns: _Columns, expected: pb.ScoringVerdict) -> pb.ScoringRequest:
    """A request for the rows of columns."""
    rows = [RawRow(values=map(raw_value, row)) for row in zip(*columns.values(), strict=True)]
    return pb.ScoringRequest(id=name, raw_rows=RawRows(columns=columns, rows=rows), expected=expected)


def columns_of(rows: RawRows) -> dict[str, list[Any]]:
    """The columns of raw rows, as Python's scorer takes them."""
    return {name: [value_of(row.values[place]) for row in rows.rows] for place, name in enumerate(rows.columns)}


def usual_rows(name: str) -> dict[str, list[Any]]:
    """The first rows of the table that a bundle was made of, all columns."""
    return dict(IMPORTED[name].table().slice(0, 30).to_pydict())


def _right(name: str, rows: dict[str, list[Any]]) -> Iterator[tuple[str, dict[str, list[Any]]]]:
    read = {column: values for column, values in rows.items() if column not in _UNREAD[name]}
    num_rows = len(next(iter(read.values())))
    yield "rows as they came", rows
    yield "columns that are read", read
    yield "columns backwards", dict(reversed(read.items()))
    yield "a column more", read | {"zebra": list(range(num_rows))}
    yield "a row", {column: values[:1] for column, values in read.items()}
    yield "no rows", {column: [] for column in read}
    yield "nothing there", {column: [None] * 3 for column in read}
    for column, forms in _RIGHT[name].items():
        yield f"{column}/missing", read | {column: [None] * num_rows}
        for place, form in enumerate(forms):
            yield f"{column}/{place}", _with(read, column, form)


def _with(rows: dict[str, list[Any]], column: str, values: list[Any]) -> dict[str, list[Any]]:
    """As many rows as values, that column's in place of what it had."""
    return {name: (values if name == column else own[: len(values)]) for name, own in rows.items()}


def _wrong(name: str, rows: dict[str, list[Any]]) -> Iterator[pb.ScoringRequest]:
    for column in _RIGHT[name]:
        without = {own: values for own, values in rows.items() if own != column}
        yield _refused(f"raw/{column}/absent", without, bundle_pb2.ERROR_CODE_COLUMN_MISSING, column)
    for place, (column, values, row) in enumerate(_WRONG[name]):
        code = bundle_pb2.ERROR_CODE_COLUMN_TYPE if row is None else bundle_pb2.ERROR_CODE_VALUE_INVALID
        yield _refused(f"raw/{column}/wrong {place}", _with(rows, column, values), code, column, row)
    yield from _first_of_several(name, rows)


def _first_of_several(name: str, rows: dict[str, list[Any]]) -> Iterator[pb.ScoringRequest]:
    """The column that the recipe's features read first counts, whatever the row; one of several types comes before."""
    if name != "imported_by_recipe":
        return
    several = _with(rows, "at", ["1", "never", "2", "3"]) | {"price": ["1", "2", "3", "dear"]}
    yield _refused("raw/two values", several, bundle_pb2.ERROR_CODE_VALUE_INVALID, "price", 3)
    absent = {column: values for column, values in several.items() if column != "tags"}
    yield _refused("raw/a value before an absence", absent, bundle_pb2.ERROR_CODE_VALUE_INVALID, "price", 3)
    typed = several | {"code": [None, "é001", None, 1]}
    yield _refused("raw/a type before values", typed, bundle_pb2.ERROR_CODE_COLUMN_TYPE, "code")
    mixed = several | {"member": [True, 1, None, None], "at": ["1", 1, None, None]}
    yield _refused("raw/several types before values", mixed, bundle_pb2.ERROR_CODE_COLUMN_TYPE, "member")


def _refused(
    name: str, columns: _Columns, code: bundle_pb2.ErrorCode, column: str = "", row: int | None = None
) -> pb.ScoringRequest:
    return raw_request(name, columns, pb.ScoringVerdict(code=code, input=column, row=row))


def _scored(scorer: Scorer, columns: _Columns) -> pb.ScoringVerdict:
    """What right rows come to; by Python's lists, as every language takes them."""
    scores = scorer.score_raw(columns)
    return pb.ScoringVerdict(columns=[pb.ScoredColumn(name=n, scores=v.tolist()) for n, v in scores.items()])
