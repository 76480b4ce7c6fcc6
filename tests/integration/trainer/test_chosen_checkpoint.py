"""Which checkpoint is meant by a name or a step, and the link `best` in a run's folder."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.integration.trainer.runs import Runs, newest, records_of, steps_of

from rankspec.trainer import follow, run
from rankspec.trainer.checkpoint_writer import CheckpointWriter
from rankspec.trainer.chosen_checkpoint import Which, choose_checkpoint, chosen_checkpoint
from rankspec.trainer.errors import TrainError
from rankspec.trainer.folder import set_aside
from rankspec.trainer.processes import Processes

_BEST = 'training { best_checkpoint { validation_data: "valid" metric: "loss" } checkpoint_max_to_keep: 1 }'


def _state(step: int, best: int | None) -> dict[str, Any]:
    return {
        "step": step,
        "window": {},
        "best": {"step": best},
        "scaler": {},
        "metrics_bytes": 0,
        "feature_signature": "",
        "inputs": [],
    }


def _write(folder: Path, *steps: tuple[int, int | None], keep: int | None = None) -> list[str]:
    """Writes checkpoints, each with the best at its time; returns what was said."""
    said: list[str] = []
    start = max(steps_of(folder), default=0)
    with CheckpointWriter(folder, keep, Processes(), said.append, start=start) as writer:
        for step, best in steps:
            writer.save(step, {"model": {"w": torch.ones(3)}}, _state(step, best), "", best_step=best)
    return said


@pytest.mark.parametrize(
    ("which", "step", "why"),
    [(None, 2, "the best"), ("best", 2, "the best"), ("newest", 3, "the newest"), (1, 1, "as asked for")],
    ids=str,
)
def test_checkpoint_is_the_one_that_is_meant(tmp_path: Path, which: Which | None, step: int, why: str) -> None:
    _write(tmp_path, (1, 1), (2, 2), (3, 2))

    with chosen_checkpoint(tmp_path, which) as chosen:
        assert (chosen.checkpoint.step, chosen.why) == (step, why)


def test_what_was_chosen_before_is_chosen_for_the_same_reason(tmp_path: Path) -> None:
    _write(tmp_path, (1, 1), (2, 2), (3, 2))
    before = choose_checkpoint(tmp_path)
    _write(tmp_path, (4, 4))

    assert choose_checkpoint(tmp_path, before) == before
    assert str(before) == "checkpoint 2, the best"


def test_the_folder_of_a_run_is_named_where_the_one_around_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="has no checkpoint; train first"):
        choose_checkpoint(tmp_path)

    _write(tmp_path / "run", (1, 1))

    with pytest.raises(TrainError, match=f"{tmp_path} has no checkpoint; {tmp_path}/run has: name that folder"):
        choose_checkpoint(tmp_path)


def test_newest_is_meant_where_none_is_the_best(tmp_path: Path) -> None:
    _write(tmp_path, (1, None), (2, None))

    assert str(choose_checkpoint(tmp_path)) == "checkpoint 2, the newest, as none is known to be the best"


@pytest.mark.parametrize(
    ("which", "error"),
    [
        ("best", r"no checkpoint of .* best is known, as the run follows no metric .*; name 1, 2, or newest"),
        (7, "no checkpoint of .* of step 7 is there; name 1, 2, or newest"),
    ],
    ids=str,
)
def test_missing_checkpoint_is_told_with_those_there_are(tmp_path: Path, which: Which, error: str) -> None:
    _write(tmp_path, (1, None), (2, None))

    with pytest.raises(TrainError, match=error):
        choose_checkpoint(tmp_path, which)


def test_folder_without_checkpoints_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="nowhere has no checkpoint; train first"):
        choose_checkpoint(tmp_path / "nowhere")


def test_damaged_checkpoint_is_told_with_the_others(tmp_path: Path) -> None:
    _write(tmp_path, (1, None), (2, None))
    (tmp_path / "2/resolved.textproto").write_text("something else")

    error = r"2, the newest, as .*, is damaged \(resolved.textproto is not as it was written\); choose another one: 1"
    with pytest.raises(TrainError, match=error), chosen_checkpoint(tmp_path):
        pass


def test_best_is_known_though_the_newest_is_damaged(tmp_path: Path) -> None:
    _write(tmp_path, (1, 1), (2, 1), (3, 1))
    (tmp_path / "3/state.json").write_text("{")

    assert choose_checkpoint(tmp_path).checkpoint.step == 1


def test_chosen_checkpoint_is_not_rotated_away(tmp_path: Path) -> None:
    _write(tmp_path, (1, None))

    with chosen_checkpoint(tmp_path, 1):
        _write(tmp_path, (2, None), keep=1)
        assert steps_of(tmp_path) == [1, 2]
    _write(tmp_path, (3, None), keep=1)
    assert steps_of(tmp_path) == [3]


def test_link_leads_to_the_best_at_any_time(tmp_path: Path) -> None:
    for steps, target in (([(1, None)], None), ([(2, 2), (3, 2)], "2"), ([(4, 4)], "4")):
        _write(tmp_path, *steps, keep=2)

        assert (tmp_path / "best").is_symlink() == (target is not None)
        if target is not None:
            assert str((tmp_path / "best").readlink()) == target
            assert (tmp_path / "best/state.json").is_file()


def test_link_goes_with_what_is_set_aside(tmp_path: Path) -> None:
    _write(tmp_path, (1, 1), (2, 1))

    place = set_aside(tmp_path)

    assert place is not None
    assert (place / "best").resolve() == (place / "1").resolve()
    assert not (tmp_path / "best").is_symlink()


def test_what_no_run_made_stays_under_the_name_of_the_link(tmp_path: Path) -> None:
    (tmp_path / "best").mkdir()
    (tmp_path / "best/notes.txt").write_text("mine")

    said = _write(tmp_path, (1, 1), (2, 2))

    assert said == [
        f"{tmp_path / 'best'} does not lead to the best checkpoint: it is there already, and no run made it"
    ]
    assert (tmp_path / "best/notes.txt").read_text() == "mine"
    assert choose_checkpoint(tmp_path).checkpoint.step == 2


def test_run_shows_its_best_beside_its_last_and_another_starts_from_it(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    worse_later = "optimizer { single_task_learning_rate { constant: 0.3 } }"
    folder = runs.train("run", _BEST, worse_later, "training { eval_log_every_n: 5 }")

    shown = capsys.readouterr()
    output = shown.err
    best = newest(folder).state["best"]
    assert best["step"] < 40, "the test wants a run that became worse"
    assert f"best: step {best['step']}" in shown.out
    assert f"at step {best['step']}; kept as {folder}/best, the last as {folder}/40" in output
    (at_best,) = (record for record in records_of(folder, "valid") if record["step"] == best["step"])
    assert f"{at_best['auroc/like']:.4f}" in shown.out

    runs.evaluate("run", _BEST, worse_later)
    shown = capsys.readouterr()
    assert f"step {best['step']}, the best" in shown.out
    assert f"{at_best['auroc/like']:.4f}" in shown.out
    assert "step 40" not in shown.out

    runs.train("next", f'training {{ initial_checkpoint_dir: "{folder}/best" num_train_steps: 1 }}')
    assert "loaded: model." in capsys.readouterr().err


def test_one_checkpoint_alone_is_evaluated(runs: Runs, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder, symlinks=True)
    step = steps_of(folder)[-2]

    for _ in range(2):
        follow.evaluate_one(runs.job("run"), step)

    assert [record["step"] for record in records_of(folder, "valid", "evaluation.jsonl")] == [step]
    assert f"checkpoint {step}, as asked for" in capsys.readouterr().err


def test_one_checkpoint_is_not_waited_for(runs: Runs) -> None:
    with pytest.raises(TrainError, match="has no checkpoint; train first"):
        follow.evaluate_one(runs.job("run"), "best")
    assert not (runs.folder / "run").exists()


def test_processes_evaluate_the_same_checkpoint(runs: Runs) -> None:
    assert run.train(runs.job("run", _BEST, "training { num_train_steps: 10 }"))

    started = runs.start("run", _BEST, num_processes=2, action=_evaluate_best)

    assert started.wait() == [0, 0], started.output
    assert len(records_of(runs.folder / "run", "valid", "evaluation.jsonl")) == 1


def _evaluate_best(job: Any) -> None:
    follow.evaluate_one(job, "best")
