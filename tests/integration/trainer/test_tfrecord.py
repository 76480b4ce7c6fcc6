"""Training on TFRecord files: to the bit what training on Parquet files of the same rows is."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import Plan, Runs, assert_same_end

from rankspec.families.recap.program.data.conversion import convert
from rankspec.trainer.data.tfrecord import file as tfrecord_file

_ROW_GROUP_ROWS = 64


def _killed_in_step(step: int) -> None:
    """Reads as many rows at once as the Parquet files have in a row group, and is killed."""
    tfrecord_file.ROW_GROUP_ROWS = _ROW_GROUP_ROWS
    interruptions.in_step(step, signal.SIGKILL)


def test_killed_and_resumed_it_ends_as_on_parquet(
    runs: Runs, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert([f"{runs.data}/train.parquet"], f"{runs.data}/schema.json", tmp_path / "rows", "tfrecord")
    change = f'train_data {{ inputs: "{tmp_path}/rows/*.tfrecord.gz" }}'
    first = runs.start("run", change, plan=Plan(_killed_in_step, [12]))
    assert first.wait() == [-signal.SIGKILL], first.output

    monkeypatch.setattr(tfrecord_file, "ROW_GROUP_ROWS", _ROW_GROUP_ROWS)
    assert_same_end(runs.train("run", change), finished)
