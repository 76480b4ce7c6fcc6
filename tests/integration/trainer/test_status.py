"""`status.json` tells what became of a run, and never ends one."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import ASKED_TO_END, Plan, Runs

from rankspec.trainer import memory, status
from rankspec.trainer.errors import TrainError, is_passing
from rankspec.trainer.status import RunStatus


def _status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "status.json").read_text())
    return found


def test_run_that_ends_says_so(finished: Path) -> None:
    found = _status(finished)

    assert (found["state"], found["step"], found["last_step"], found["code"]) == ("ended", 40, 40, None)


def test_run_that_fails_says_why(runs: Runs) -> None:
    diverging = "optimizer { single_task_learning_rate { constant: 1e30 } }"
    with pytest.raises(TrainError):
        runs.train("run", diverging)

    found = _status(runs.folder / "run")
    assert (found["state"], found["code"]) == ("failed", "train.not_finite")
    assert "step 2: the loss of like, reply is not finite" in found["message"]


def test_run_that_was_asked_to_end_says_so(runs: Runs) -> None:
    started = runs.start("run", plan=Plan(interruptions.in_step, [10, signal.SIGTERM]))

    assert started.wait() == [ASKED_TO_END]
    assert (_status(runs.folder / "run")["state"], _status(runs.folder / "run")["step"]) == ("stopped", 10)


def test_killed_run_stays_running_with_an_old_heartbeat(runs: Runs) -> None:
    started = runs.start("run", plan=Plan(interruptions.in_step, [5, signal.SIGKILL]))

    assert started.wait() == [-signal.SIGKILL]
    assert _status(runs.folder / "run")["state"] == "running"


def test_heart_beats_while_nothing_else_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "HEARTBEAT_SECONDS", 0.01)
    beats = iter(range(1000))
    monkeypatch.setattr(status, "_now", lambda: next(beats))

    with RunStatus(tmp_path, 3, print) as running:
        running.advance(2)
        while _status(tmp_path)["heartbeat"] < 5:
            pass

        assert _status(tmp_path)["step"] == 2


def test_status_that_cannot_be_written_is_told_once_and_ends_nothing(tmp_path: Path) -> None:
    said: list[str] = []

    with RunStatus(tmp_path / "missing", 3, said.append) as running:
        running.advance(1)

    assert len(said) == 1
    assert "status.json cannot be written: No such file or directory" in said[0]


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (
            RuntimeError(
                "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 64 bytes. x"
            ),
            "64",
        ),
        (MemoryError("Unable to allocate 16.0 TiB for an array with shape (4,)"), "16.0 TiB"),
        (MemoryError("malloc of size 128 failed"), "128 bytes"),
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has"), "20.00 MiB"),
        (RuntimeError("Storage size calculation overflowed with sizes=[4]"), "more was asked for"),
    ],
)
def test_allocators_words_become_one_error(error: Exception, asked: str) -> None:
    with pytest.raises(TrainError, match=r"model: there is not enough memory") as caught, memory.allocating("model"):
        raise error

    assert caught.value.code == "train.out_of_memory"
    assert asked in caught.value.message


def test_other_errors_are_not_about_memory() -> None:
    with pytest.raises(RuntimeError, match="shapes"), memory.allocating("model"):
        raise RuntimeError("shapes do not fit")


def test_restart_helps_after_a_full_disk_and_not_after_a_missing_permission() -> None:
    assert is_passing(OSError(28, "No space left on device"))
    assert not is_passing(PermissionError(13, "Permission denied"))
    assert not is_passing(ValueError())
