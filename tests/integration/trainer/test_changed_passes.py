"""Passes over data that were replaced between two of them, and starts from weights of other data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from google.protobuf import text_format
from rankspec.twhin.v1.twhin_pb2 import TwhinConfig
from tests.integration.trainer.runs import Runs, job_from, records_of, steps_of

from rankspec.composition.compose import compose
from rankspec.datasets import edges
from rankspec.schema.defaults import resolve
from rankspec.trainer import follow, run
from rankspec.trainer.errors import TrainError
from rankspec.trainer.setup import Job

_NAMED = Path(__file__).parents[3] / "configs/twhin/named.textproto"
# A pass over 5400 edges takes 90 steps of 60.
_SHORT = """
training {
  num_train_steps: 1000 checkpoint_every_n: 1000 train_log_every_n: 1000 eval_log_every_n: 1000
  checkpoint_max_to_keep: 20 eval_timeout_in_s: 600
}
train_data { per_replica_batch_size: 60 }
"""


def _write(folder: Path, num_edges: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    edges.write(folder, num_edges=num_edges, num_files=3, named=True)


def _job(runs: Runs, data: Path, name: str, changes: str) -> Job:
    environment = {"RANKSPEC_NAMED_EDGES": str(data), "RANKSPEC_RUNS": str(runs.folder)}
    config = compose(_NAMED, environment=environment).message
    assert isinstance(config, TwhinConfig)
    for text in (_SHORT, changes):
        text_format.Merge(text, config)
    config.training.save_dir = str(runs.folder / name)
    return job_from(resolve(config))


@pytest.mark.parametrize(("num_edges", "last"), [(3000, 90 + 45), (12000, 90 + 180)])
def test_a_pass_over_replaced_data_is_as_long_as_they_are(
    runs: Runs, tmp_path: Path, num_edges: int, last: int
) -> None:
    data = tmp_path / "edges"
    _write(data, 6000)
    assert run.train(_job(runs, data, "run", "training { num_epochs: 1 }"))
    _write(data, num_edges)
    # Interrupted in the second pass, behind the place where two passes over the new data alone would end.
    assert run.train(_job(runs, data, "run", "training { num_epochs: 2 num_train_steps: 120 }"))
    whole = _job(runs, data, "run", "training { num_epochs: 2 }")

    assert run.train(whole)
    follow.evaluate(whole)

    folder = runs.folder / "run"
    assert steps_of(folder) == [90, 120, last]
    assert json.loads((folder / "status.json").read_text())["last_step"] == last
    assert records_of(folder, "validation", "evaluation.jsonl")[-1]["step"] == last


def test_a_run_that_is_done_stays_done_when_data_are_replaced(runs: Runs, tmp_path: Path) -> None:
    data = tmp_path / "edges"
    _write(data, 6000)
    done = _job(runs, data, "run", "training { num_epochs: 1 }")
    assert run.train(done)
    _write(data, 7000)

    assert run.train(done)

    assert steps_of(runs.folder / "run") == [90]


def test_no_run_starts_from_rows_of_other_entities(runs: Runs, tmp_path: Path) -> None:
    data = tmp_path / "edges"
    _write(data, 6000)
    assert run.train(_job(runs, data, "first", "training { num_train_steps: 5 }"))
    start = f'training {{ num_train_steps: 5 initial_checkpoint_dir: "{runs.folder / "first/5"}" }}'
    assert run.train(_job(runs, data, "same", start))
    names = data / "vocab/lhs.txt"
    names.write_text("".join(reversed(names.read_text().splitlines(keepends=True))))

    with pytest.raises(TrainError, match="another vocabulary of the table"):
        run.train(_job(runs, data, "other", start))
