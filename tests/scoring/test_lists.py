"""Bundles of models that look up lists of ids."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import tritonclient.grpc
import tritonclient.http
from rankspec.serving.v1.bundle_pb2 import BundleManifest
from tests.scoring.bundles import LISTS, make_bundle
from tests.scoring.tampering import LIST_TAMPERINGS
from tests.unit.served_bundles import NAME, serving

from rankspec import scoring
from rankspec.cli import main
from rankspec.encoding.lists import PADDING, Lists
from rankspec.scoring.columns import matrix_of, padded_lists
from rankspec.scoring.errors import ScoringError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bundle, `bundle`, and what it was made of."""
    work = tmp_path_factory.mktemp("lists")
    make_bundle(LISTS, work / "bundle", work)
    return work


def _rows(made: Path, number: int | None = None) -> dict[str, Any]:
    """Columns of the validation set."""
    table = pq.read_table(made / "lists" / "valid.parquet").slice(0, number)
    vectors = {
        name: table[name].combine_chunks().flatten().to_numpy().reshape(len(table), -1)
        for name in ("continuous", "binary")
    }
    return {**vectors, "tags": table["tags"].to_pylist()}


def _scores(scorer: scoring.Scorer, columns: dict[str, Any]) -> dict[str, Any]:
    return scorer.score(columns, scorer.signature_hash)


def test_scores_are_what_training_predicts(made: Path) -> None:
    assert (
        main(["predict", str(made / "run_bundle" / "resolved.textproto"), "-o", str(made / "predicted.parquet")]) == 0
    )
    predicted = pq.read_table(made / "predicted.parquet")
    with scoring.open(made / "bundle") as scorer:
        found = _scores(scorer, _rows(made))
    for task in ("like", "reply"):
        np.testing.assert_allclose(found[task], predicted[task].to_numpy(), rtol=0, atol=1e-6)


def test_every_form_of_lists_scores_alike_and_padding_counts_for_nothing(made: Path) -> None:
    columns = _rows(made, 20)
    lists = Lists.of(np.array([i for row in columns["tags"] for i in row]), np.array([len(r) for r in columns["tags"]]))
    wider = np.pad(lists.padded(), ((0, 0), (0, 3)), constant_values=PADDING)
    with scoring.open(made / "bundle") as scorer:
        expected = _scores(scorer, columns)
        for form in (lists, lists.padded(), wider, [np.array(row, np.int32) for row in columns["tags"]]):
            found = _scores(scorer, columns | {"tags": form})
            np.testing.assert_allclose(found["like"], expected["like"], rtol=0, atol=1e-7)
        alone = _scores(scorer, {name: values[3:4] for name, values in columns.items()})
    np.testing.assert_allclose(alone["like"], expected["like"][3:4], rtol=0, atol=1e-6)


@pytest.mark.parametrize("empty", [[[], [], []], np.empty((3, 0), np.int64)], ids=["sequences", "matrix"])
def test_rows_of_empty_lists_are_scored(made: Path, empty: Any) -> None:
    columns = _rows(made, 3) | {"tags": empty}
    with scoring.open(made / "bundle") as scorer:
        assert np.isfinite(_scores(scorer, columns)["like"]).all()
        assert len(_scores(scorer, {name: values[:0] for name, values in columns.items()})["like"]) == 0


@pytest.mark.parametrize(
    ("lists", "code", "row"),
    [
        ([[1], [2, 12]], "ID_OUT_OF_RANGE", 1),
        ([[1], [-1]], "ID_OUT_OF_RANGE", 1),
        ([[PADDING], [1]], "VALUE_NOT_ALLOWED", 0),
        ([[1.5], [1]], "TYPE_MISMATCH", None),
        ([[True], [1]], "TYPE_MISMATCH", None),
        ([["1"], [1]], "TYPE_MISMATCH", None),
        ([[2**63], [1]], "TYPE_MISMATCH", None),
        ([[[1]], [[1]]], "TYPE_MISMATCH", None),
        (7, "TYPE_MISMATCH", None),
        (np.array([[PADDING, 1], [1, 2]]), "TYPE_MISMATCH", None),
        (np.array([[0.0], [1.0]], np.float32), "TYPE_MISMATCH", None),
        ([[1]], "ROWS_MISMATCH", None),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else None,
)
def test_lists_that_cannot_be_scored_are_refused(made: Path, lists: Any, code: str, row: int | None) -> None:
    with scoring.open(made / "bundle") as scorer, pytest.raises(ScoringError) as caught:
        _scores(scorer, _rows(made, 2) | {"tags": lists})
    assert (caught.value.code, caught.value.input, caught.value.row) == (code, "tags", row)


def test_lists_that_are_too_long_for_all_rows_are_refused() -> None:
    one, others = 2**16, 2**15
    lists = Lists.of(np.zeros(one, np.int64), np.array([one] + [0] * others))
    with pytest.raises(ScoringError, match="score fewer rows at once") as caught:
        matrix_of(lists, "tags")
    assert (caught.value.code, caught.value.input) == ("SCORING_FAILED", "tags")


@pytest.mark.parametrize("name", LIST_TAMPERINGS)
def test_a_bundle_that_says_something_else_of_its_lists_is_refused(made: Path, tmp_path: Path, name: str) -> None:
    tampering = LIST_TAMPERINGS[name]
    shutil.copytree(made / "bundle", tmp_path / "bundle")
    tampering.spoil(tmp_path / "bundle")
    with pytest.raises(ScoringError) as caught:
        scoring.open(tmp_path / "bundle")
    assert (caught.value.number, caught.value.input) == (tampering.code, tampering.input)


def test_readers_that_do_not_know_lists_are_told_so(made: Path) -> None:
    manifest = BundleManifest.FromString((made / "bundle" / "manifest.binpb").read_bytes())
    assert manifest.least_reader_version == 2
    assert [item.name for item in manifest.signature.inputs if item.list] == ["tags"]


@pytest.mark.parametrize("protocol", [tritonclient.grpc, tritonclient.http], ids=["grpc", "http"])
def test_the_server_scores_as_the_scorer_does(made: Path, protocol: Any) -> None:
    columns = _rows(made, 20)
    with scoring.open(made / "bundle") as scorer:
        expected, signature_hash = _scores(scorer, columns), scorer.signature_hash
    columns["tags"] = padded_lists(columns["tags"], "tags")
    given = []
    for name, values in columns.items():
        given.append(protocol.InferInput(name, values.shape, "FP32" if values.dtype.kind == "f" else "INT64"))
        given[-1].set_data_from_numpy(np.ascontiguousarray(values))

    with serving(made / "bundle") as served:
        client = protocol.InferenceServerClient(str(getattr(served.addresses, protocol.__name__.rpartition(".")[2])))
        found = client.infer(NAME, given, parameters={"signature_hash": signature_hash})
        served.run(served.server._loader.observed())
        metrics = served.metrics()

    for task in ("like", "reply"):
        np.testing.assert_allclose(found.as_numpy(task), expected[task], rtol=0, atol=1e-7)
    # The table "few" has 9 ids of the 12 that there are.
    unseen = sum(any(one >= 9 for one in row) for row in _rows(made, 20)["tags"])
    assert _figure(metrics, "rankspec_unseen_ids_total", "few") == unseen > 0
    share = np.mean([any(one >= 9 for one in row) for row in _rows(made)["tags"]])
    assert _figure(metrics, "rankspec_baseline_unseen_share", "few") == pytest.approx(share)


def _figure(metrics: str, name: str, table: str) -> float:
    (figure,) = re.findall(rf'^{name}\{{.*table="{table}".*\}} (\S+)$', metrics, re.MULTILINE)
    return float(figure)
