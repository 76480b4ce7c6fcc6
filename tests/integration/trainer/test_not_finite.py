"""What is no finite number ends a run at its step, is never the best, and costs no good checkpoint."""

import json
import math
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import FAILED, Plan, Runs, data_set, newest, records_of, steps_of, tensors_of
from tests.unit.recap_models import built, random_batch

from rankspec.trainer import diagnosis
from rankspec.trainer.best import Best
from rankspec.trainer.checkpoints import committed
from rankspec.trainer.errors import TrainError
from rankspec.trainer.finite import MAX_SKIPPED_STEPS, FiniteWatch, Trouble, not_finite
from rankspec.trainer.processes import Processes
from rankspec.trainer.training import Followed


def _rates(boundary: int, rate: float) -> str:
    schedule = f"piecewise_constant {{ learning_rate_boundaries: {boundary} learning_rate_values: [0.01, {rate}] }}"
    return f"optimizer {{ single_task_learning_rate {{ {schedule} }} }}"


DIVERGES_AFTER_16 = _rates(16, 1e30)


def test_run_ends_at_the_first_step_whose_loss_is_not_finite(runs: Runs) -> None:
    keep_best = (
        'training { best_checkpoint { validation_data: "valid" metric: "auroc/like" } checkpoint_max_to_keep: 1 '
        "eval_log_every_n: 2 }"
    )
    with pytest.raises(TrainError) as caught:
        runs.train("run", DIVERGES_AFTER_16, keep_best)

    folder = runs.folder / "run"
    assert caught.value.code == "train.not_finite"
    assert "step 18: the loss of like, reply is not finite" in str(caught.value)
    assert "the learning rate was 1e+30 in the step before" in str(caught.value)
    kept = steps_of(folder)
    assert f"The last good checkpoint is {folder}/{kept[-1]}" in str(caught.value)
    for checkpoint in committed(folder):
        assert not_finite(tensors_of(checkpoint)) == []
    assert max(record["step"] for record in records_of(folder, "valid")) == 16
    assert max(record["step"] for record in records_of(folder, "train")) == 16
    best = newest(folder).state["best"]["step"]
    assert best in kept


def test_same_command_goes_on_from_the_last_good_checkpoint(runs: Runs) -> None:
    with pytest.raises(TrainError, match="step 18"):
        runs.train("run", DIVERGES_AFTER_16)

    folder = runs.train("run", _rates(16, 0.01))

    steps = [record["step"] for record in records_of(folder, "train")]
    assert steps == sorted(set(steps))
    assert steps[-1] == 40


def test_processes_end_together(runs: Runs) -> None:
    started = runs.start("run", DIVERGES_AFTER_16, num_processes=2)

    assert started.wait() == [FAILED, FAILED]
    told = re.findall(r"NotFiniteError: (.*)", started.output)
    assert len(told) == 2
    assert told[0] == told[1]
    assert "step 18: the loss of like, reply is not finite" in told[0]


def _loses_gradients(step: int) -> None:
    """One of the gradients of a step is no number, and its loss is."""
    from rankspec.trainer.loop import Learner

    update = Learner._update

    def watched(learner: Learner, number: int) -> None:
        if number + 1 == step:
            gradient = next(p.grad for p in learner.model.parameters() if p.grad is not None)
            gradient.view(-1)[0] = math.nan
        update(learner, number)

    interruptions._PATCH.setattr(Learner, "_update", watched)


def test_gradients_that_are_not_finite_end_the_run_at_their_step_where_the_norm_is_known(runs: Runs) -> None:
    started = runs.start("run", "training { gradient_clip_norm: 1 }", plan=Plan(_loses_gradients, [9]))

    assert started.wait() == [FAILED]
    assert "step 9: the norm of the gradients is not finite" in started.output
    assert steps_of(runs.folder / "run") == [7]


def test_gradients_that_are_not_finite_end_the_run_one_step_later_where_it_is_not(runs: Runs) -> None:
    started = runs.start("run", plan=Plan(_loses_gradients, [9]))

    assert started.wait() == [FAILED]
    assert "step 10: the loss of like, reply is not finite" in started.output
    assert re.search(r"reply is not finite; \S.* (is|are) not finite; the learning rate was", started.output)


def _spoils_a_buffer(step: int) -> None:
    from rankspec.trainer.run import TrainingRun

    save = TrainingRun._save

    def watched(run: TrainingRun, done: int) -> None:
        if done == step:
            buffers = [b for name, b in run._program.model.named_buffers() if "running_mean" in name]
            buffers[0][0] = math.inf
        save(run, done)

    interruptions._PATCH.setattr(TrainingRun, "_save", watched)


def test_checkpoint_of_a_buffer_that_is_not_finite_is_not_written(runs: Runs) -> None:
    started = runs.start("run", "training { checkpoint_max_to_keep: 1 }", plan=Plan(_spoils_a_buffer, [21]))

    assert started.wait() == [FAILED]
    assert re.search(r"step 21: model\.\S*running_mean is not finite, so no checkpoint is written", started.output)
    assert steps_of(runs.folder / "run") == [14]


def _spoil(folder: Path) -> None:
    """Makes the newest checkpoint one that release 0.1 could have written after a run diverged."""
    from rankspec.trainer.checkpoint_writer import CheckpointWriter

    checkpoint = newest(folder)
    tensors = tensors_of(checkpoint)
    name = next(name for name in tensors if name.startswith("model.") and tensors[name].is_floating_point())
    tensors[name].view(-1)[0] = math.nan
    state, text = checkpoint.state, checkpoint.config_file.read_text()
    shutil.rmtree(checkpoint.folder)
    nested: dict[str, Any] = {}
    for full, tensor in tensors.items():
        kind, _, rest = full.partition(".")
        nested.setdefault(kind, {})[rest] = tensor
    with CheckpointWriter(folder, None, Processes(), print, start=checkpoint.step - 1) as writer:
        writer.save(checkpoint.step, nested, state, text, best_step=None)


@pytest.fixture
def spoilt(runs: Runs, finished: Path) -> Path:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    _spoil(folder)
    return folder


def test_checkpoint_that_is_not_finite_is_not_gone_on_from(runs: Runs, spoilt: Path) -> None:
    with pytest.raises(TrainError, match=r"checkpoint .*/40 is of no use: model\.\S+ is not finite") as caught:
        runs.train("run", "training { num_train_steps: 50 }")

    assert caught.value.code == "train.not_finite"
    assert steps_of(spoilt) == [28, 35, 40]


def test_checkpoint_that_is_not_finite_is_not_started_from(runs: Runs, spoilt: Path) -> None:
    with pytest.raises(TrainError, match=r"/40 is of no use"):
        runs.train("new", f'training {{ initial_checkpoint_dir: "{spoilt}/40" }}')


def test_evaluation_of_a_checkpoint_that_is_not_finite_has_no_figures(
    runs: Runs, spoilt: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.evaluate("run")

    (record,) = [r for r in records_of(spoilt, "valid", "evaluation.jsonl") if r["step"] == 40]
    assert {record[name] for name in ("loss", "auroc/like", "rce/like", "calibration_ratio/like")} == {None}
    assert "checkpoint 40 has no figures" in capsys.readouterr().err


_BEST = 'training { best_checkpoint { validation_data: "valid" metric: "auroc/like" patience: 2 } eval_log_every_n: 5 }'


def _of_one_class(folder: Path, source: Path) -> str:
    table = pq.read_table(source / "valid.parquet")
    like = table.schema.get_field_index("like")
    zeros = np.zeros(table.num_rows, np.int64)
    pq.write_table(table.set_column(like, "like", [zeros]), folder / "one.parquet")
    shutil.copy(source / "schema.json", folder)
    return f'validation_data {{ key: "valid" value {{ {data_set(folder, "one")} }} }}'


def test_undefined_metric_is_told_once_is_never_best_and_uses_up_no_patience(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = runs.train("run", _BEST, _of_one_class(tmp_path, runs.data))

    output = " ".join(capsys.readouterr().err.split())
    assert newest(folder).step == 40
    assert newest(folder).state["best"] | {"of": None} == {"step": None, "value": None, "waited": 0, "of": None}
    assert output.count("auroc/like of valid is undefined at step 5") == 1
    assert output.count("is undefined") == 1
    assert "no evaluation has given auroc/like of valid" in output
    assert "nan" not in output.split("split")[-1]


def test_best_of_another_metric_begins_anew(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    best = 'training {{ best_checkpoint {{ validation_data: "valid" metric: "{}" }} num_train_steps: {} }}'
    runs.train("run", best.format("loss", 20))
    folder = runs.train("run", best.format("auroc/like", 40))

    output = " ".join(capsys.readouterr().err.split())
    assert "the best so far was of loss of valid; auroc/like of valid begins anew" in output
    state = newest(folder).state["best"]
    later = {r["step"]: r["auroc/like"] for r in records_of(folder, "valid") if r["step"] > 20}
    assert state["value"] == max(later.values())
    assert later[state["step"]] == state["value"]


@pytest.mark.parametrize(
    ("change", "begins_anew"),
    [
        ("training { num_eval_steps: 2 }", True),
        ("training { checkpoint_every_n: 3 }", False),
    ],
)
def test_best_of_other_rows_begins_anew(
    runs: Runs, capsys: pytest.CaptureFixture[str], change: str, *, begins_anew: bool
) -> None:
    best = 'training {{ best_checkpoint {{ validation_data: "valid" metric: "loss" }} num_train_steps: {} }}'
    runs.train("run", best.format(10))
    runs.train("run", best.format(20), change)

    output = " ".join(capsys.readouterr().err.split())
    assert ("or of other rows or weights of them; loss of valid begins anew" in output) == begins_anew


def test_best_of_release_0_1_counts_for_the_metric_that_its_config_names() -> None:
    config, other = Followed("valid", "loss", None), Followed("valid", "auroc/like", None)
    old = {"step": 5, "value": 0.5, "waited": 1}
    said: list[str] = []

    same, switched, of_other_data = (Best(config, said.append) for _ in range(3))
    same.restore(old, config, is_same_data=lambda _: True)
    switched.restore(old, other, is_same_data=lambda _: True)
    of_other_data.restore(old, config, is_same_data=lambda _: False)

    assert (same.step, same.value, same.waited) == (5, 0.5, 1)
    assert (switched.step, of_other_data.step) == (None, None)
    assert len(said) == 2


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_watch_keeps_the_first_step_and_its_tasks(bad: float) -> None:
    watch = FiniteWatch(("a", "b"), torch.device("cpu"), skips=False)
    for step, losses in enumerate(([1.0, 2.0], [1.0, bad], [bad, bad])):
        watch.add_losses(torch.tensor(losses))
        watch.end_step(step)

    assert watch.is_alarmed
    assert watch.trouble(Processes()) == Trouble(2, ("b",))


def test_batches_of_a_step_cannot_make_each_other_finite() -> None:
    watch = FiniteWatch(("a",), torch.device("cpu"), skips=False)
    watch.add_losses(torch.tensor([math.inf]))
    watch.add_losses(torch.tensor([-math.inf]))
    watch.end_step(0)

    assert watch.trouble(Processes()) == Trouble(1, ("a",))


@pytest.mark.parametrize(("gaps", "ends"), [([], True), ([MAX_SKIPPED_STEPS], False)])
def test_skipped_steps_are_trouble_once_there_are_too_many_in_a_row(gaps: list[int], *, ends: bool) -> None:
    watch = FiniteWatch(("a",), torch.device("cpu"), skips=True)
    for step in range(MAX_SKIPPED_STEPS + 1):
        watch.add_losses(torch.tensor([0.0 if step in gaps else math.nan]))
        watch.end_step(step)

    assert (watch.trouble(Processes()) == Trouble(MAX_SKIPPED_STEPS + 1, ("a",))) == ends


def test_float16_may_skip_steps(runs: Runs) -> None:
    folder = runs.train(
        "run", "runtime { enable_amp: true amp_dtype: AMP_DTYPE_FLOAT16 } training { num_train_steps: 12 }"
    )

    assert newest(folder).step == 12


def test_figures_that_are_not_finite_are_null(tmp_path: Path) -> None:
    from rankspec.trainer.journal import Journal

    with Journal(tmp_path / "x.jsonl") as journal:
        journal.append({"loss": math.inf, "auroc": math.nan, "rce": 1.0})

    assert json.loads((tmp_path / "x.jsonl").read_text()) == {"loss": None, "auroc": None, "rce": 1.0}


@pytest.mark.parametrize("value", [1e30, 1.0])
def test_input_column_with_extreme_values_is_named(tmp_path: Path, value: float) -> None:
    batch = random_batch()
    batch.continuous[3, 2] = value
    program: Any = SimpleNamespace(
        optimizer_field="optimizer",
        model=built(),
        features=lambda batch: [("numbers", batch.continuous)],
        row_weights=lambda batch: batch.weights,
    )

    error = diagnosis.of_training(Trouble(5, ("a",)), program, {"a": 0.1}, [batch], tmp_path)

    assert ('the input column "numbers" holds 1e+30 (value 2)' in str(error)) == (value == 1e30)
