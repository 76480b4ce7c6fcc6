"""A run that was interrupted and goes on ends with the same bits as one that was not."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import (
    ASKED_TO_END,
    Plan,
    Runs,
    assert_same_end,
    newest,
    records_of,
    steps_of,
)

from rankspec.trainer import run
from rankspec.trainer.asking import Asked, AskedToEnd

_KILLED = -signal.SIGKILL


@pytest.mark.parametrize(
    ("function", "argument", "goes_on_from"),
    [
        (interruptions.before_manifest, 14, 7),
        (interruptions.while_tensors_are_written, 21, 14),
        (interruptions.after_rename, 28, 28),
        (interruptions.before_rotating, 7, 28),
        (interruptions.while_rotating, 7, 28),
    ],
    ids=["before_manifest", "while_tensors_are_written", "after_rename", "before_rotating", "while_rotating"],
)
def test_killed_while_saving(
    runs: Runs,
    finished: Path,
    capsys: pytest.CaptureFixture[str],
    function: Callable[[int], None],
    argument: int,
    goes_on_from: int,
) -> None:
    assert runs.start("run", plan=Plan(function, [argument])).wait() == [_KILLED]

    folder = runs.train("run")

    output = capsys.readouterr().err
    assert f"continuing from checkpoint {goes_on_from} " in output
    assert (f"checkpoint {argument} was never finished" in output) == (argument in (14, 21))
    assert_same_end(folder, finished)
    assert steps_of(folder) == [28, 35, 40]
    assert not [path.name for path in folder.iterdir() if path.name.startswith((".saving", ".removing"))]


_THREE_CLIPPED = "training { gradient_accumulation: 3 gradient_clip_norm: 0.2 }"
_VARIANTS = {
    "accumulation": _THREE_CLIPPED,
    "bfloat16": f"runtime {{ enable_amp: true }} {_THREE_CLIPPED}",
    "float16": f"runtime {{ enable_amp: true amp_dtype: AMP_DTYPE_FLOAT16 }} {_THREE_CLIPPED}",
    "members_and_l2": "model { members: 2 small_embeddings { tables "
    f'{{ name: "item" num_embeddings: 20 embedding_dim: 4 index: 1 l2: 0.01 }} }} }} {_THREE_CLIPPED}',
}


@pytest.mark.parametrize("change", _VARIANTS.values(), ids=_VARIANTS)
def test_killed_between_saves(runs: Runs, change: str) -> None:
    whole = runs.train("whole", change)
    first = runs.start("run", change, plan=Plan(interruptions.in_step, [12, signal.SIGKILL]))
    assert first.wait() == [_KILLED]
    # From the checkpoint of step 7, so that this is step 24; then to the end.
    second = runs.start("run", change, plan=Plan(interruptions.in_step, [17, signal.SIGKILL]))
    assert second.wait() == [_KILLED]

    folder = runs.train("run", change)

    assert_same_end(folder, whole)
    assert newest(folder).state["scaler"] == newest(whole).state["scaler"]
    assert bool(newest(folder).state["scaler"]) == ("FLOAT16" in change)


def test_killed_before_the_first_checkpoint(runs: Runs, finished: Path) -> None:
    killed = runs.start("run", plan=Plan(interruptions.in_step, [5, signal.SIGKILL]))
    assert killed.wait() == [_KILLED]
    assert records_of(runs.folder / "run", "train")

    assert_same_end(runs.train("run"), finished)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (interruptions.in_step, [10, signal.SIGTERM]),
        (interruptions.in_step, [10, signal.SIGINT]),
        (interruptions.asked_twice, [10]),
        (interruptions.asked_in_evaluation, []),
    ],
    ids=["once", "by_ctrl_c", "twice", "in_evaluation"],
)
def test_asked_to_end_saves_and_goes_on_later(
    runs: Runs, finished: Path, function: Callable[..., None], arguments: list[int]
) -> None:
    asked = runs.start("run", plan=Plan(function, arguments))

    assert asked.wait() == [ASKED_TO_END], asked.output
    assert "asked to end: saved at step 10 of 40" in asked.output
    assert steps_of(runs.folder / "run") == [7, 10]
    assert_same_end(runs.train("run"), finished)


def test_second_ctrl_c_ends_at_once(runs: Runs, finished: Path) -> None:
    stopped = runs.start("run", plan=Plan(interruptions.asked_twice, [10, signal.SIGINT]))

    assert stopped.wait() == [1], stopped.output
    assert "saved at step" not in stopped.output
    assert steps_of(runs.folder / "run") == [7]
    assert_same_end(runs.train("run"), finished)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_before_the_first_step_ends_at_once(
    runs: Runs, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked()

    def ask_meanwhile(*_: object) -> NoReturn:
        asked.note(number)
        raise AssertionError("a signal ends the set-up")

    monkeypatch.setattr(run, "find_checkpoints", ask_meanwhile)
    with pytest.raises(AskedToEnd) as caught:
        run.train(runs.job("run"), asked=asked)

    assert caught.value.number == number
    assert json.loads((runs.folder / "run/status.json").read_text())["state"] == "stopped"


def test_what_torchrun_passes_on_is_no_second_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    now = [5.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    asked = Asked()
    asked.look()
    asked.note(signal.SIGINT)
    asked.note(signal.SIGINT)
    asked.note(signal.SIGTERM)
    assert asked()
    now[0] += 2
    with pytest.raises(KeyboardInterrupt):
        asked.note(signal.SIGINT)


def test_asked_to_end_in_the_last_step_is_done(runs: Runs) -> None:
    asked = runs.start("run", plan=Plan(interruptions.in_step, [40, signal.SIGTERM]))

    assert asked.wait() == [0], asked.output


def _flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


_DAMAGE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "corrupt_tensors": ("__0_0.distcp", _flip_a_byte, "__0_0.distcp is not as it was written"),
    "missing_tensors": ("__0_0.distcp", Path.unlink, "__0_0.distcp is missing"),
    "corrupt_state": ("state.json", _flip_a_byte, "state.json is not as it was written"),
    "empty_manifest": ("files.json", lambda path: path.write_text(""), "files.json cannot be read"),
    "manifest_of_nothing": ("files.json", lambda path: path.write_text("{}"), "files.json does not list .metadata"),
    "cut_tensors": ("__0_0.distcp", lambda path: os.truncate(path, 100), "__0_0.distcp is not as it was written"),
}


@pytest.mark.parametrize(("file", "hurt", "reason"), _DAMAGE.values(), ids=_DAMAGE)
def test_damaged_checkpoint_is_passed_over(
    runs: Runs,
    finished: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    hurt: Callable[[Path], object],
    reason: str,
) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    hurt(folder / "40" / file)

    # Were the damaged one still counted, keeping one would delete the good one.
    runs.train("run", "training { checkpoint_max_to_keep: 1 }")

    output = capsys.readouterr().err
    assert f"checkpoint 40 is damaged ({reason}" in output
    assert "falling back to the one before" in output
    assert "continuing from checkpoint 35 " in output
    assert_same_end(folder, finished)
    assert (folder / "damaged-40").is_dir()


def test_damaged_checkpoint_does_not_count_among_those_kept(runs: Runs, finished: Path) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    _flip_a_byte(folder / "40" / "state.json")

    started = runs.start(
        "run",
        "training { checkpoint_max_to_keep: 1 checkpoint_every_n: 2 }",
        plan=Plan(interruptions.in_step, [4, signal.SIGKILL]),
    )
    assert started.wait() == [_KILLED]

    assert steps_of(folder) in ([36], [38])
    assert newest(folder).damage() is None


def test_names_that_no_checkpoint_has_are_left_alone(runs: Runs, finished: Path) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    (folder / "0050").mkdir()
    (folder / ".saving-notes").write_text("mine")

    runs.train("run", "training { num_train_steps: 42 }")

    assert (folder / "0050").is_dir()
    assert (folder / ".saving-notes").read_text() == "mine"
    assert steps_of(folder) == [35, 40, 42]


def test_lost_figures_are_told(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.train("run", "training { num_train_steps: 10 }")
    (folder / "metrics.jsonl").unlink()

    runs.train("run", "training { num_train_steps: 12 }")

    assert "has lost figures of earlier steps" in capsys.readouterr().err
    assert [json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()] == [12, 12]


def test_line_cut_short_by_a_crash_is_written_anew(runs: Runs) -> None:
    folder = runs.train("run", "training { num_train_steps: 8 }")
    with (folder / "timing.jsonl").open("a") as file:
        file.write('{"step": 9, "sec')

    runs.train("run", "training { num_train_steps: 12 }")

    assert [json.loads(line)["step"] for line in (folder / "timing.jsonl").read_text().splitlines()] == [4, 8, 12]


def test_random_generators_go_on_where_they_were(runs: Runs) -> None:
    import random

    import numpy as np
    import torch

    runs.train("run", "training { num_train_steps: 3 }")
    saved = torch.get_rng_state()
    expected = random.random(), np.random.random()  # noqa: NPY002, S311 - those that the trainer keeps
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(99)

    runs.train("run", "training { num_train_steps: 4 }")

    assert torch.equal(torch.get_rng_state(), saved)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002, S311


def test_two_killed_processes_go_on(runs: Runs) -> None:
    whole = runs.train_apart("whole", num_processes=2)
    started = runs.start("run", num_processes=2, plan=Plan(interruptions.in_step, [16, signal.SIGKILL]))
    assert started.wait() == [_KILLED, _KILLED]

    assert_same_end(runs.train_apart("run", num_processes=2), whole)


def test_second_run_into_one_folder_is_refused(runs: Runs) -> None:
    from rankspec.trainer.errors import TrainError
    from rankspec.trainer.folder import sole_writer

    (runs.folder / "run").mkdir()
    with sole_writer(runs.folder / "run"), pytest.raises(TrainError, match="another process is training into"):
        runs.train("run")
    assert [path.name for path in (runs.folder / "run").iterdir()] == [".lock-training"]
