"""`rankspec baseline`: the run's scored rows beside baselines of the same rows; what is said where there are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.integration.trainer.runs import Runs, records_of

from rankspec.cli import main
from rankspec.formats.writing import to_textproto

STEPS = "training { num_train_steps: 12 eval_log_every_n: 6 checkpoint_every_n: 6 }"
MODELS = {"RankSpec", "HistGradientBoosting", "logistic regression", "label mean by one id"}


def _file(runs: Runs, *changes: str) -> str:
    file = runs.folder / "config.textproto"
    file.write_text(to_textproto(runs.job("run", STEPS, *changes).config))
    return str(file)


def test_scores_of_the_run_are_those_that_it_reported(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file, output = runs.train("run", STEPS), _file(runs), tmp_path / "scores.json"

    assert main(["baseline", file, "--draws", "20", "-o", str(output)]) == 0

    (comparison,) = json.loads(output.read_text())
    record = records_of(folder, "valid")[-1]
    ranker = {score["task"]: score["figures"] for score in comparison["scores"] if score["model"] == "RankSpec"}
    assert ranker == {
        task: {name: pytest.approx(record[f"{name}/{task}"]) for name in ("auroc", "rce")} for task in ("like", "reply")
    }
    assert {score["model"] for score in comparison["scores"]} >= MODELS
    shown = capsys.readouterr()
    assert "like: the ranker " in shown.out
    assert "valid: the ranker is checkpoint 12, the newest" in shown.err

    assert main(["baseline", file, "-o", str(output)]) == 1
    assert "is there already" in capsys.readouterr().err


def test_baselines_stand_alone_before_training(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", _file(runs), "--draws", "20"]) == 0

    shown = capsys.readouterr()
    assert "RankSpec" not in shown.out
    assert "has no checkpoint, so the baselines stand alone" in shown.err


def test_rows_that_the_best_checkpoint_has_not_scored_are_scored(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = 'training { best_checkpoint { validation_data: "valid" metric: "auroc/like" } }'
    folder, file, output = runs.train("run", STEPS, best), _file(runs, best), tmp_path / "scores.json"
    step = int((folder / "best").resolve().name)
    # As if the run had gone on for longer: what is there was scored by another checkpoint.
    (folder / "_scores/valid.parquet").unlink()

    assert main(["baseline", file, "--draws", "20", "-o", str(output)]) == 0

    (comparison,) = json.loads(output.read_text())
    record = next(record for record in records_of(folder, "valid") if record["step"] == step)
    scores = [score for score in comparison["scores"] if (score["task"], score["model"]) == ("like", "RankSpec")]
    assert scores[0]["figures"]["auroc"] == pytest.approx(record["auroc/like"])
    assert f"valid: the ranker is checkpoint {step}, the best; its rows are scored first" in capsys.readouterr().err

    assert main(["baseline", file, "--draws", "20"]) == 0
    assert "are scored first" not in capsys.readouterr().err


def test_scored_rows_of_other_data_are_scored_anew(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    runs.train("run", STEPS)

    assert main(["baseline", _file(runs, "training { num_eval_steps: 2 }"), "--draws", "20"]) == 0

    shown = capsys.readouterr()
    assert "RankSpec" in shown.out
    assert "its rows are scored first" in shown.err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        pytest.param(["--on", "nothing"], 1, 'there is no validation set "nothing"; name one of valid', id="other_set"),
        pytest.param(["--draws", "3"], 2, "3 is no whole number from 20 to 100000", id="few_draws"),
    ],
)
def test_mistakes_are_told(
    runs: Runs, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, words: str
) -> None:
    assert main(["baseline", _file(runs), *arguments]) == status
    assert words in capsys.readouterr().err
