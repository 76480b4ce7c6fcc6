"""Trackers get every figure, and none of them can stop a run."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]
from tensorboard.plugins.hparams import plugin_data_pb2  # type: ignore[import-untyped]
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import Plan, Runs, assert_same_end, records_of

from rankspec.trainer import run as run_module


class _Failing:
    """A tracker that fails where it is told to."""

    def __init__(self, place: str) -> None:
        self._place = place
        if place == "open":
            raise RuntimeError("no such server")

    def report(self, _step: int, _split: str, _figures: dict[str, float]) -> None:
        if self._place == "report":
            raise RuntimeError("no such server")

    def close(self, *, failed: bool) -> None:
        if self._place == "close" and not failed:
            raise RuntimeError("no such server")


@pytest.mark.parametrize("place", ["open", "report", "close"])
def test_tracker_that_fails_is_named_once(
    runs: Runs, finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    monkeypatch.setattr(run_module, "chosen_trackers", lambda *_: {"Ledger": lambda: _Failing(place)})

    folder = runs.train("run")

    assert capsys.readouterr().err.count("Ledger failed and is left out from here on: no such server") == 1
    assert_same_end(folder, finished)


def test_tensorboard_that_cannot_write_is_named_once(
    runs: Runs, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (runs.folder / "run").mkdir()
    (runs.folder / "run" / "tensorboard").write_text("no folder")

    folder = runs.train("run")

    assert capsys.readouterr().err.count("TensorBoard failed and is left out from here on: ") == 1
    assert_same_end(folder, finished)


def test_tensorboard_whose_disk_is_full_is_named_once(runs: Runs) -> None:
    place = "tensorboard.summary.writer.record_writer.RecordWriter.write"
    started = runs.start("run", plan=Plan(interruptions.failing, [place, 5]))

    assert started.wait() == [0]
    assert started.output.count(f"TensorBoard failed and is left out from here on: {place} broke") == 1
    assert "Traceback" not in started.output


def test_trackers_learn_of_a_run_that_fails(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    endings = []

    class Listening(_Failing):
        def close(self, *, failed: bool) -> None:
            endings.append(failed)

    monkeypatch.setattr(run_module, "chosen_trackers", lambda *_: {"Ledger": lambda: Listening("never")})
    runs.train("good", "training { num_train_steps: 2 }")
    monkeypatch.setattr(run_module.TrainingRun, "_evaluate", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        runs.train("bad", "training { num_train_steps: 2 }")

    assert endings == [False, True]


def test_tensorboard_shows_every_figure_once(runs: Runs) -> None:
    runs.train("run", "training { num_train_steps: 12 }")
    folder = runs.train("run", "training { num_train_steps: 20 }")

    for split, place in (("train", "train"), ("valid", "validation/valid")):
        events = EventAccumulator(str(folder / "tensorboard" / place)).Reload()
        records = records_of(folder, split)
        assert set(events.Tags()["scalars"]) == records[0].keys() - {"step", "split"}
        for name in events.Tags()["scalars"]:
            shown = [(event.step, event.value) for event in events.Scalars(name)]
            assert shown == [(record["step"], pytest.approx(record[name], rel=1e-6)) for record in records]
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    assert events.Scalars("timing/examples_per_second")


def test_tensorboard_has_the_hyperparameters(runs: Runs) -> None:
    folder = runs.train("run", "training { num_train_steps: 1 }")

    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    tags = events.summary_metadata
    content = {tag: plugin_data_pb2.HParamsPluginData.FromString(tags[tag].plugin_data.content) for tag in tags}
    values = content["_hparams_/session_start_info"].session_start_info.hparams
    assert values["training.num_train_steps"].number_value == 1
    assert values["optimizer.multi_task_learning_rates.backbone_learning_rate.constant"].number_value == 0.005
    assert values["runtime.enable_amp"].bool_value is False
    assert not [path for path in values if "save_dir" in path or str(runs.data) in str(values[path])]
    (metric,) = content["_hparams_/experiment"].experiment.metric_infos
    assert (metric.name.tag, metric.name.group) == ("loss", "train")
