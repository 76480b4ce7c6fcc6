"""Checkpoints on the disk: what is in them, and what happens when the disk says no."""

import errno
import json
import resource
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import FAILED, Plan, Runs, assert_same_end, newest, steps_of

from rankspec.trainer.checkpoint_writer import CheckpointWriter
from rankspec.trainer.checkpoints import Checkpoint, best_checkpoint, committed
from rankspec.trainer.errors import TrainError
from rankspec.trainer.processes import Processes


def _state(step: int, best: int | None = None) -> dict[str, Any]:
    return {
        "step": step,
        "window": {},
        "best": {"step": best},
        "scaler": {},
        "metrics_bytes": 0,
        "feature_signature": "",
        "inputs": [],
    }


def _writer(folder: Path, max_to_keep: int | None) -> CheckpointWriter:
    return CheckpointWriter(folder, max_to_keep, Processes(), print, start=0)


def test_weights_changed_right_after_a_save_are_not_saved(tmp_path: Path) -> None:
    tensors = {"model": {f"layer{i}": torch.zeros(200_000) for i in range(40)}}
    steps = range(1, 9)
    with _writer(tmp_path, None) as writer:
        for step in steps:
            for tensor in tensors["model"].values():
                tensor.fill_(step)
            writer.save(step, tensors, _state(step), "", best_step=None)
            for tensor in tensors["model"].values():
                tensor.fill_(-1)

    for step in steps:
        saved = Checkpoint(step, tmp_path / str(step)).empty_tensors("model.")
        Checkpoint(step, tmp_path / str(step)).load(saved)
        assert len(saved) == 40
        assert {value for tensor in saved.values() for value in tensor.unique().tolist()} == {float(step)}


def test_checkpoint_in_use_is_not_deleted(tmp_path: Path) -> None:
    def save(writer: CheckpointWriter, step: int) -> None:
        writer.save(step, {"model": {"w": torch.ones(3)}}, _state(step), "", best_step=None)
        writer.wait()

    with _writer(tmp_path, 1) as writer:
        save(writer, 1)
        with Checkpoint(1, tmp_path / "1").kept():
            save(writer, 2)
            assert steps_of(tmp_path) == [1, 2]
        save(writer, 3)

    assert steps_of(tmp_path) == [3]


def test_best_checkpoint_outlives_the_others(tmp_path: Path) -> None:
    with _writer(tmp_path, 1) as writer:
        for step, best in ((1, None), (2, 2), (3, 2), (4, 2), (5, 5), (6, 5)):
            writer.save(step, {"model": {"w": torch.ones(3)}}, _state(step, best), "", best_step=best)

    assert steps_of(tmp_path) == [5, 6]
    assert best_checkpoint(tmp_path) == Checkpoint(5, tmp_path / "5")


def test_folder_without_checkpoints_has_no_best(tmp_path: Path) -> None:
    assert best_checkpoint(tmp_path) is None
    assert committed(tmp_path / "missing") == []


def test_others_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".my-notes").mkdir()
    (tmp_path / ".saving-3").mkdir()

    _writer(tmp_path, 1)

    assert [path.name for path in tmp_path.iterdir()] == [".my-notes"]


def _limit_files_to(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_files_that_may_not_grow_end_the_run_with_one_message(runs: Runs) -> None:
    started = runs.start("run", plan=Plan(_limit_files_to, [20_000]))

    assert started.wait() == [FAILED]
    assert "TrainError: training.save_dir: " in started.output
    assert "File too large" in started.output
    assert steps_of(runs.folder / "run") == []


def test_full_disk_leaves_earlier_checkpoints_whole(runs: Runs, finished: Path) -> None:
    started = runs.start("run", plan=Plan(interruptions.disk_full_from, [21]))

    assert started.wait() == [FAILED]
    message = "TrainError: training.save_dir: checkpoint 21 could not be written to"
    assert f"{message} {runs.folder}/run: No space left on device; those before it are whole" in started.output
    assert steps_of(runs.folder / "run") == [7, 14]
    assert all(checkpoint.damage() is None for checkpoint in committed(runs.folder / "run"))
    assert not list((runs.folder / "run").glob(".saving-*"))
    assert_same_end(runs.train("run"), finished)


def test_full_disk_while_committing(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    from rankspec.trainer import checkpoint_writer

    write = checkpoint_writer.write_file

    def full(folder: Path, name: str, data: bytes | memoryview) -> None:
        if folder.name == ".saving-14":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(folder, name, data)

    monkeypatch.setattr(checkpoint_writer, "write_file", full)
    with pytest.raises(TrainError, match=r"checkpoint 14 could not be written to .*: No space left on device"):
        runs.train("run")

    assert steps_of(runs.folder / "run") == [7]


def test_full_disk_while_reporting(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    from rankspec.trainer import journal

    fsync = journal.os.fsync
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(journal.os, "fsync", full)
    with pytest.raises(TrainError, match=r"metrics\.jsonl cannot be written: No space left on device"):
        runs.train("run")


def test_leftover_that_cannot_be_cleared_away_is_told_and_blocks_nothing(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rankspec.trainer import removal

    (runs.folder / "run" / ".saving-3").mkdir(parents=True)

    def refused(_path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(removal.shutil, "rmtree", refused)
    folder = runs.train("run", "training { num_train_steps: 30 checkpoint_max_to_keep: 1 }")

    output = " ".join(capsys.readouterr().err.split())
    assert output.count(".saving-3 is not deleted: Permission denied") == 1
    assert output.count(".removing-7 is not deleted: Permission denied") == 1
    assert steps_of(folder) == [30]


def test_folder_that_cannot_be_made_is_refused(runs: Runs) -> None:
    (runs.folder / "file").write_text("")

    with pytest.raises(TrainError, match=r"training\.save_dir: .*file/run cannot be written \(Not a directory\)"):
        runs.train("file/run")


def test_checkpoint_that_cannot_be_read_is_one_clear_error(runs: Runs) -> None:
    folder = runs.train("run", "training { num_train_steps: 3 }")
    checkpoint = newest(folder)
    (checkpoint.folder / "__0_0.distcp").unlink()

    with pytest.raises(TrainError, match=r"cannot be read: No such file or directory"):
        checkpoint.load(checkpoint.empty_tensors("model."))


def test_other_model_is_refused(runs: Runs) -> None:
    runs.train("run", "training { num_train_steps: 3 }")
    deeper = "model { backbone { mask_net_config { mlp { layer_sizes: 4 } } } }"
    job = runs.job("run", "training { num_train_steps: 5 }", deeper)

    from rankspec.trainer.run import train

    with pytest.raises(TrainError, match=r"is of another model: .*initial_checkpoint_dir"):
        train(job, force=True)


def test_checkpoint_names_what_it_holds(finished: Path) -> None:
    checkpoint = newest(finished)

    kinds = {name.split(".")[0] for name in checkpoint.empty_tensors("")}
    assert kinds == {"model", "optimizer", "rng"}
    assert checkpoint.state.keys() >= {"step", "fingerprint", "semantic_fingerprint", "feature_signature", "scaler"}
    assert checkpoint.config_file.read_text() == (finished / "resolved.textproto").read_text()
    manifest = json.loads((checkpoint.folder / "files.json").read_text())
    assert manifest.keys() == {path.name for path in checkpoint.folder.iterdir()} - {"files.json"}
