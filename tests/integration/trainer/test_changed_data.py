"""Data that changed before a run goes on: refused in the middle of an epoch, told at its end."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.integration.trainer.runs import BATCH_ROWS, TRAIN_ROWS, Runs, newest, steps_of, write_data

from rankspec.trainer import run
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data_changes import DataChangedError

_EPOCH = TRAIN_ROWS // BATCH_ROWS
_MID = f"training {{ num_train_steps: {_EPOCH // 2} }}"
_END = f"training {{ num_train_steps: {_EPOCH} }}"
_LONGER = f"training {{ num_train_steps: {_EPOCH + 5} }}"


@pytest.fixture
def own(tmp_path: Path) -> Runs:
    """Runs over data that a test may change."""
    write_data(tmp_path)
    return Runs(tmp_path, tmp_path)


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Where in the stream of rows the training batches begin that are asked for, and the rows of an epoch."""
    found: list[tuple[int, int]] = []
    whole = Dataset.batches

    def noted(self: Dataset, start: int = 0, num_batches: int | None = None) -> Any:
        if self.path.startswith("train"):
            found.append((start * BATCH_ROWS + self.offset, self.num_rows))
        return whole(self, start, num_batches)

    monkeypatch.setattr(Dataset, "batches", noted)
    return found


def files(runs: Runs, pattern: str = "train*.parquet") -> str:
    return f'train_data {{ inputs: "{runs.data}/{pattern}" }}'


def add_file(runs: Runs) -> None:
    shutil.copy(runs.data / "valid.parquet", runs.data / "train-1.parquet")


def test_a_file_added_in_the_middle_of_an_epoch_is_refused_by_its_name(own: Runs) -> None:
    own.train("grown", _MID, files(own))
    add_file(own)
    with pytest.raises(DataChangedError, match=r"train-1\.parquet added, in the middle of an epoch.*--force") as caught:
        own.train("grown", _LONGER, files(own))
    assert (caught.value.code, caught.value.path) == ("resume.data_changed", "train_data.inputs")
    assert steps_of(own.folder / "grown")[-1] == _EPOCH // 2


def test_a_replaced_file_is_refused_and_the_old_one_accepted_again(own: Runs) -> None:
    own.train("replaced", _MID)
    table = pq.read_table(own.data / "train.parquet")
    (own.data / "train.parquet").rename(own.data / "kept")
    pq.write_table(table, own.data / "train.parquet", row_group_size=50)
    with pytest.raises(DataChangedError, match=r"train\.parquet changed"):
        own.train("replaced", _LONGER)
    (own.data / "kept").rename(own.data / "train.parquet")
    own.train("replaced", _LONGER)


def test_force_goes_on_at_the_same_place_and_says_so(
    own: Runs, capsys: pytest.CaptureFixture[str], places: list[tuple[int, int]]
) -> None:
    own.train("forced", _MID, files(own))
    add_file(own)
    assert run.train(own.job("forced", _LONGER, files(own)), force=True)
    assert "train-1.parquet added; going on in the middle of an epoch" in capsys.readouterr().err
    assert places[-1] == (TRAIN_ROWS // 2, TRAIN_ROWS + 100)
    assert newest(own.folder / "forced").step == _EPOCH + 5


def test_data_that_changed_at_the_end_of_an_epoch_are_told_and_read_from_their_first_row(
    own: Runs, capsys: pytest.CaptureFixture[str], places: list[tuple[int, int]]
) -> None:
    own.train("next", _END, files(own))
    add_file(own)
    own.train("next", _LONGER, files(own))
    assert "train-1.parquet added; an epoch was over, and the next one is of the new data" in capsys.readouterr().err
    # The second epoch of 420 rows.
    assert places[-1] == (TRAIN_ROWS + 100, TRAIN_ROWS + 100)
    longest = f"training {{ num_train_steps: {_EPOCH + 8} }}"
    own.train("next", longest, files(own))
    assert "added" not in capsys.readouterr().err
    assert places[-1] == (TRAIN_ROWS + 100 + 5 * BATCH_ROWS, TRAIN_ROWS + 100)
    (own.data / "train-1.parquet").unlink()
    with pytest.raises(DataChangedError, match=r"train-1\.parquet removed"):
        own.train("next", _LONGER.replace("25", "30"), files(own))


def test_new_data_are_passed_over_once_where_files_are_not_repeated(own: Runs, places: list[tuple[int, int]]) -> None:
    once = "train_data { repeat_files: false }"
    own.train("once", _END, once, files(own))
    add_file(own)
    own.train("once", f"training {{ num_train_steps: {_EPOCH + 26} }}", once, files(own))
    assert places[-1] == (0, TRAIN_ROWS + 100)


def test_a_run_that_is_done_does_not_mind_changed_data(own: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    own.train("done", _MID, files(own))
    add_file(own)
    own.train("done", _MID, files(own))
    assert "nothing is left to do" in capsys.readouterr().err


def test_moved_data_are_the_same_data(own: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own.train("moved", _MID, files(own))
    (tmp_path / "elsewhere").mkdir()
    (own.data / "train.parquet").rename(tmp_path / "elsewhere" / "train.parquet")
    own.train("moved", _LONGER, files(own, "elsewhere/*.parquet"))
    assert "the data changed" not in capsys.readouterr().err


def test_changed_validation_data_are_told(own: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    own.train("validated", _MID)
    shutil.copy(own.data / "train.parquet", own.data / "valid.parquet")
    own.train("validated", _LONGER)
    assert (
        'validation_data["valid"]: the data changed since checkpoint 10 was written: valid.parquet changed; '
        "figures are of the new data from here on"
    ) in capsys.readouterr().err


def test_a_checkpoint_that_does_not_say_its_data_is_gone_on_from_with_a_word(
    own: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = own.train("older", _MID) / str(_EPOCH // 2)
    state = json.loads((folder / "state.json").read_text())
    del state["data"], state["data_offset"]
    (folder / "state.json").write_text(json.dumps(state))
    manifest = json.loads((folder / "files.json").read_text())
    manifest["state.json"] = hashlib.sha256((folder / "state.json").read_bytes()).hexdigest()
    (folder / "files.json").write_text(json.dumps(manifest))
    own.train("older", _LONGER)
    assert "checkpoint 10 does not say which data it was trained on" in capsys.readouterr().err
