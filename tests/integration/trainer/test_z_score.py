"""Statistics, training, resume and evaluation with z_score_log_config: a checkpoint keeps what it was trained with."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import Plan, Runs, assert_same_end, records_of

from rankspec.cli import main
from rankspec.composition.compose import compose
from rankspec.families.jobs import job_of
from rankspec.formats.writing import to_textproto
from rankspec.trainer import run
from rankspec.trainer.data_error import DataError

_CONFIGS = Path(__file__).parents[3] / "configs"
_FIELD = "model.featurization_config.z_score_log_config.analysis_path"
_TOLD = f"{_FIELD}: the file holds something else than the checkpoint was trained with"


def _z_score(file: Path, norm: str = "use_renorm: true") -> str:
    return f'model {{ featurization_config {{ z_score_log_config {{ analysis_path: "{file}" {norm} }} }} }}'


@pytest.fixture
def statistics(runs: Runs, tmp_path: Path) -> Path:
    """The statistics of the training data, as the verb writes them."""
    config, file = tmp_path / "ranker.textproto", tmp_path / "statistics.textproto"
    config.write_text(to_textproto(runs.job("any", _z_score(file)).config))
    assert main(["data", "statistics", str(config), "-o", str(file)]) == 0
    return file


def _change(statistics: Path) -> None:
    changed: Any = compose(statistics).message
    for place in changed.columns[0].places:
        place.log_mean += 0.5
    statistics.write_text(to_textproto(changed))


@pytest.mark.parametrize("norm", ["", "use_batch_norm: true", "use_renorm: true"])
def test_killed_run_goes_on_to_the_same_bits(
    runs: Runs, statistics: Path, norm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = _z_score(statistics, norm)
    whole = runs.train("whole", text)
    killed = Plan(interruptions.before_manifest, [14])
    assert runs.start("run", text, plan=killed).wait() == [-signal.SIGKILL]

    assert_same_end(runs.train("run", text), whole)

    assert _TOLD not in capsys.readouterr().err


def test_changed_statistics_are_told_and_change_nothing(
    runs: Runs, statistics: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = _z_score(statistics)
    whole = runs.train("whole", text)
    killed = Plan(interruptions.before_manifest, [14])
    assert runs.start("run", text, plan=killed).wait() == [-signal.SIGKILL]
    _change(statistics)

    assert_same_end(runs.train("run", text), whole)

    assert capsys.readouterr().err.count(_TOLD) == 1


def test_evaluation_takes_the_statistics_of_the_checkpoint(
    runs: Runs, statistics: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = runs.train("run", _z_score(statistics))
    before = records_of(trained, "valid")[-1]["loss"]
    _change(statistics)

    runs.evaluate("run", _z_score(statistics))

    evaluated = [record for record in _evaluations(trained) if record["step"] == 40]
    assert [record["loss"] for record in evaluated] == [before]
    assert capsys.readouterr().err.count(_TOLD) == 1


def test_evaluation_by_statistics_at_another_place_is_the_same(runs: Runs, statistics: Path) -> None:
    trained = runs.train("run", _z_score(statistics))
    runs.evaluate("run", _z_score(statistics))
    done = len(_evaluations(trained))
    moved = statistics.with_name("moved.textproto")
    statistics.rename(moved)

    runs.evaluate("run", _z_score(moved))

    assert len(_evaluations(trained)) == done > 0


def _evaluations(folder: Path) -> list[dict[str, Any]]:
    from rankspec.trainer.folder import EVALUATION_FILE
    from rankspec.trainer.journal import read_journal

    return list(read_journal(folder / EVALUATION_FILE))


def test_two_processes_train_what_one_does(runs: Runs, statistics: Path) -> None:
    text = _z_score(statistics) + " optimizer { adam { epsilon: 0.01 } } training { num_train_steps: 24 }"
    one, two = runs.train("one", text), runs.train_apart("two", text, num_processes=2)

    losses = [records_of(folder, "valid")[-1]["loss"] for folder in (one, two)]

    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_missing_statistics_are_told_at_their_field(runs: Runs, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file") as caught:
        run.train(runs.job("run", _z_score(tmp_path / "none.textproto")))
    assert caught.value.path == _FIELD


def test_shipped_config_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANKSPEC_RUNS", str(tmp_path))
    monkeypatch.chdir(_CONFIGS.parent)

    assert run.train(job_of(compose(_CONFIGS / "recap/z_score.textproto")))

    last = records_of(tmp_path / "z_score", "validation")[-1]
    assert last["auroc/recap.engagement.is_favorited"] > 0.75


def test_a_run_that_starts_from_weights_tells_of_other_statistics(
    runs: Runs, statistics: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = runs.train("first", _z_score(statistics))
    start = f'training {{ initial_checkpoint_dir: "{trained / "40"}" }}'
    runs.train("same", _z_score(statistics), start)
    assert _TOLD not in capsys.readouterr().err
    _change(statistics)

    runs.train("other", _z_score(statistics), start)

    assert capsys.readouterr().err.count(_TOLD) == 1
