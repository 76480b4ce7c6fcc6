"""Runs of models that look up lists of ids."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import Plan, Runs, assert_same_end, with_lists, write_data, write_lists
from tests.integration.trainer.test_processes import _CALM, _assert_close_end

from rankspec.trainer import follow
from rankspec.trainer.prediction.predicting import predict

_TABLES = """
  tables { name: "tag" num_embeddings: 12 embedding_dim: 4 list { input: "tags" pooling: POOLING_MEAN } }
  tables { name: "few" num_embeddings: 9 embedding_dim: 3 out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET
    list { input: "tags" pooling: POOLING_SUM } }
"""
_SHORT = "training { num_train_steps: 14 }"


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("lists")
    (folder / "data").mkdir()
    write_data(folder / "data")
    write_lists(folder / "data")
    return Runs(folder, folder / "data")


def _change(runs: Runs) -> str:
    return f"{_SHORT} {_CALM} {with_lists(runs.data, _TABLES)}"


@pytest.fixture(scope="module")
def whole(listed: Runs) -> Path:
    return listed.train("whole", _change(listed))


def test_a_run_that_was_killed_ends_with_the_same_bits(listed: Runs, whole: Path) -> None:
    listed.start("killed", _change(listed), plan=Plan(interruptions.after_rename, [7])).wait()
    assert_same_end(listed.train("killed", _change(listed)), whole)


def test_two_processes_come_to_the_same_result(listed: Runs, whole: Path) -> None:
    _assert_close_end(whole, listed.train_apart("apart", _change(listed), num_processes=2))


def test_predictions_are_those_that_evaluation_is_of(listed: Runs, whole: Path, tmp_path: Path) -> None:
    job = listed.job("whole", _change(listed))
    predict(job, tmp_path / "scores.parquet")
    follow.evaluate(job)
    scored = pq.read_table(tmp_path / "scores.parquet")
    evaluated = pq.read_table(whole / "_scores/evaluation/valid.parquet")
    for task in ("like", "reply"):
        assert scored[task].to_pylist() == evaluated[f"prediction/{task}"].to_pylist()
