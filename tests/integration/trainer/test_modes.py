"""A config says what is to be done with it: `rankspec run` does that, the other verbs what they are called."""

import json
import shutil
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rankspec.recap.v1 import recap_pb2
from rankspec.train.v1 import job_mode_pb2
from tests.integration.trainer.runs import Runs, records_of

from rankspec.analysis.fingerprint import fingerprint
from rankspec.cli import main
from rankspec.formats.writing import to_textproto
from rankspec.trainer import follow, waiting
from rankspec.trainer.errors import TrainError

_TWHIN = Path(__file__).parents[3] / "configs/twhin/tiny.textproto"
SHORT = "training { num_train_steps: 4 checkpoint_every_n: 2 eval_timeout_in_s: 0.3 }"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_POLL_SECONDS", 0.02)


def _file(runs: Runs, mode: str = "", name: str = "run") -> str:
    """A config file of the small ranker, with a mode if one is given."""
    config = runs.job(name, SHORT).config
    config.ClearField("mode")
    file = runs.folder / "run.textproto"
    file.write_text(to_textproto(config) + (f"mode: {mode}\n" if mode else ""))
    return str(file)


def _facts(runs: Runs) -> dict[str, object]:
    facts: dict[str, object] = json.loads((runs.folder / "run/run.json").read_text())
    return facts


def test_run_trains_and_evaluates_as_the_config_says(runs: Runs) -> None:
    assert main(["run", _file(runs, "JOB_MODE_TRAIN")]) == 0
    assert _facts(runs)["mode"] == "train"
    assert not (runs.folder / "run/evaluation.jsonl").exists()

    assert main(["run", _file(runs, "JOB_MODE_EVALUATE")]) == 0
    assert [record["step"] for record in records_of(runs.folder / "run", "valid", "evaluation.jsonl")] == [2, 4]
    assert _facts(runs)["mode"] == "train"


def test_run_trains_where_the_config_does_not_say(runs: Runs) -> None:
    assert main(["run", _file(runs), "--restart"]) == 0

    assert (runs.folder / "run/4").is_dir()


def test_mode_can_be_set_on_the_command_line(runs: Runs) -> None:
    file = _file(runs, "JOB_MODE_EVALUATE")
    assert main(["run", file, "--set", "mode=JOB_MODE_TRAIN"]) == 0
    assert main(["run", file, "--no-wait"]) == 0

    assert (runs.folder / "run/evaluation.jsonl").exists()


def test_run_predicts_as_the_config_says(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", _file(runs)]) == 0
    file = _file(runs, "JOB_MODE_INFERENCE")

    assert main(["run", file]) == 2
    assert "the predictions need a file; name it with -o" in capsys.readouterr().err
    assert main(["run", file, "-o", str(tmp_path / "scores.parquet"), "--checkpoint", "2"]) == 0

    assert pq.read_table(tmp_path / "scores.parquet").column_names == ["like", "reply"]


def test_graph_embedding_predicts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(_TWHIN, tmp_path / "twhin.textproto")
    with (tmp_path / "twhin.textproto").open("a") as file:
        file.write("mode: JOB_MODE_INFERENCE\n")
    line = len((tmp_path / "twhin.textproto").read_text().splitlines())

    for command in (["run", str(tmp_path / "twhin.textproto")], ["predict", str(tmp_path / "twhin.textproto")]):
        assert main([*command, "-o", str(tmp_path / "scores.parquet")]) == 1

        error = capsys.readouterr().err
        assert f"{tmp_path / 'twhin.textproto'}:{line}:1: error: a graph embedding predicts nothing of rows" in error
        assert error.count("error:") == 1


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_verb_wins_over_the_mode_and_says_so(runs: Runs, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", _file(runs)]) == 0
    assert "run.other_mode" not in capsys.readouterr().err

    assert main([verb, _file(runs, "JOB_MODE_INFERENCE")]) == 0

    error = capsys.readouterr().err
    assert error.count("run.other_mode") == 1
    assert f"the config says JOB_MODE_INFERENCE, and `rankspec {verb}` does what it is called" in error


@pytest.mark.parametrize(
    ("mode", "option"),
    [("TRAIN", "--no-wait"), ("EVALUATE", "--force"), ("INFERENCE", "--restart"), ("TRAIN", "--carry=a")],
)
def test_option_of_another_mode_is_wrong_usage(
    runs: Runs, mode: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", _file(runs, f"JOB_MODE_{mode}"), option]) == 2

    assert option.partition("=")[0] in capsys.readouterr().err
    assert not (runs.folder / "run").exists()


def test_run_that_goes_on_may_have_another_mode(runs: Runs) -> None:
    assert main(["run", _file(runs), "--set", "training.num_train_steps=2"]) == 0
    assert main(["train", _file(runs, "JOB_MODE_EVALUATE")]) == 0

    assert (runs.folder / "run/4").is_dir()


def test_mode_is_no_part_of_the_trained_function(runs: Runs) -> None:
    train, evaluate = (runs.job("run", f"mode: JOB_MODE_{mode}").config for mode in ("TRAIN", "EVALUATE"))

    assert fingerprint(train).semantic == fingerprint(evaluate).semantic
    assert fingerprint(train).full != fingerprint(evaluate).full
    assert fingerprint(train) == fingerprint(runs.job("run").config)


def test_both_families_have_the_same_modes() -> None:
    """The spec's areas depend in one direction, and no released name moves, so that each has an enum of its own."""
    assert dict(recap_pb2.JobMode.items()) == dict(job_mode_pb2.JobMode.items())


def test_evaluate_says_what_it_waits_for_and_makes_no_folder(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TrainError, match="no checkpoint in"):
        runs.evaluate("run", SHORT)

    lines = [line for line in capsys.readouterr().err.splitlines() if "waiting" in line]
    assert len(lines) == 1
    assert f"{runs.folder / 'run'} has no checkpoint yet; waiting at most 0.3 s" in lines[0]
    assert not (runs.folder / "run").exists()


def test_evaluate_takes_up_a_run_that_begins_later(runs: Runs) -> None:
    job = runs.job("run", SHORT, "training { eval_timeout_in_s: 60 }")
    evaluating = threading.Thread(target=follow.evaluate, args=(job,))
    evaluating.start()
    started = runs.start("run", SHORT)
    assert started.wait() == [0], started.output
    evaluating.join(60)

    assert [record["step"] for record in records_of(runs.folder / "run", "valid", "evaluation.jsonl")] == [2, 4]


def test_evaluate_without_waiting_ends_where_there_is_nothing(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", _file(runs), "--no-wait"]) == 1

    error = capsys.readouterr().err
    assert error.count("error") == 1
    assert "has no checkpoint to evaluate; train first" in error
    assert not (runs.folder / "run").exists()


def test_evaluate_without_waiting_takes_what_is_there(runs: Runs) -> None:
    runs.train("run", SHORT)

    follow.evaluate(runs.job("run", SHORT, "training { num_train_steps: 9 eval_timeout_in_s: 600 }"), wait=False)

    assert [record["step"] for record in records_of(runs.folder / "run", "valid", "evaluation.jsonl")] == [2, 4]
