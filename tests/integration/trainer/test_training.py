"""What a run does at which step."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from rankspec.optim.v1.learning_rate_pb2 import LearningRate, LinearRampToConstant
from tests.integration.trainer.runs import (
    BATCH_ROWS,
    TRAIN_ROWS,
    Runs,
    assert_same_end,
    newest,
    records_of,
    steps_of,
    tensors_of,
)
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from rankspec.optimization.learning_rates import learning_rate_at
from rankspec.trainer.checkpoints import best_checkpoint


@pytest.fixture
def optimizer_steps() -> Iterator[list[int]]:
    """Grows by an item with every step of an optimizer."""
    taken: list[int] = []
    handle = register_optimizer_step_post_hook(lambda *_: taken.append(len(taken) + 1))
    yield taken
    handle.remove()


@pytest.mark.parametrize("accumulation", [1, 3])
def test_exactly_the_steps_asked_for_are_taken(runs: Runs, optimizer_steps: list[int], accumulation: int) -> None:
    folder = runs.train("run", f"training {{ num_train_steps: 11 gradient_accumulation: {accumulation} }}")

    assert len(optimizer_steps) == 11
    assert steps_of(folder) == [7, 11]
    assert [record["step"] for record in records_of(folder, "train")] == [4, 8, 11]
    assert [record["step"] for record in records_of(folder, "valid")] == [10, 11]


def test_finished_run_has_nothing_left_to_do(
    runs: Runs, optimizer_steps: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = runs.train("run", "training { num_train_steps: 5 }")
    metrics = (folder / "metrics.jsonl").read_bytes()

    runs.train("run", "training { num_train_steps: 5 }")

    assert len(optimizer_steps) == 5
    assert "nothing is left to do" in capsys.readouterr().err
    assert (folder / "metrics.jsonl").read_bytes() == metrics


def test_batch_that_is_more_than_all_rows_is_warned_of(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    runs.train("exact", f"train_data {{ global_batch_size: {TRAIN_ROWS} }} training {{ num_train_steps: 1 }}")
    assert "warning" not in capsys.readouterr().err

    runs.train("more", f"train_data {{ global_batch_size: {TRAIN_ROWS + 1} }} training {{ num_train_steps: 1 }}")

    told = (
        "warning: train_data.global_batch_size: a batch of 321 rows is more than the 320 of train_data, so rows repeat"
    )
    assert told in capsys.readouterr().err


def test_more_steps_may_be_asked_for_later(runs: Runs, optimizer_steps: list[int]) -> None:
    runs.train("run", "training { num_train_steps: 5 }")
    folder = runs.train("run", "training { num_train_steps: 12 }")

    assert len(optimizer_steps) == 12
    assert [record["step"] for record in records_of(folder, "train")] == [4, 5, 8, 12]


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("", [7, 14, 21, 28, 30]), ("checkpoint_max_to_keep: 1", [30]), ("checkpoint_max_to_keep: 3", [21, 28, 30])],
    ids=["all", "1", "3"],
)
def test_newest_checkpoints_are_kept(runs: Runs, keep: str, kept: list[int]) -> None:
    job = runs.job("run", "training { num_train_steps: 30 }")
    job.config.training.ClearField("checkpoint_max_to_keep")
    if keep:
        job.config.training.checkpoint_max_to_keep = int(keep.rsplit(" ", maxsplit=1)[-1])

    from rankspec.trainer.run import train

    assert train(job)

    assert steps_of(runs.folder / "run") == kept


_BEST = 'training { eval_log_every_n: 3 best_checkpoint { validation_data: "valid" metric: "loss" patience: 2 } }'
# So high a rate makes the loss worse at once.
_DIVERGING = """
optimizer { single_task_learning_rate { piecewise_constant {
  learning_rate_boundaries: 6 learning_rate_values: 0.001 learning_rate_values: 2.0
} } }
"""


def test_training_ends_early_and_keeps_the_best_checkpoint(
    runs: Runs, optimizer_steps: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = runs.train("run", _BEST, _DIVERGING, "training { checkpoint_every_n: 100 checkpoint_max_to_keep: 1 }")

    losses = {record["step"]: record["loss"] for record in records_of(folder, "valid")}
    best = min(losses, key=lambda step: losses[step])
    ended = newest(folder).step
    assert ended == best + 6 < 40
    assert len(optimizer_steps) == ended
    assert steps_of(folder) == [best, ended]
    kept = best_checkpoint(folder)
    assert kept is not None
    assert kept.step == best
    output = capsys.readouterr().err
    assert f"best loss of valid: {losses[best]:.5f} at step {best}" in output
    assert f"ended early at step {ended} of 40" in output

    runs.train("run", _BEST, _DIVERGING)

    assert len(optimizer_steps) == ended, "a run that ended early does not go on"


def test_best_checkpoint_stands_when_a_run_goes_on(runs: Runs) -> None:
    best = 'training { best_checkpoint { validation_data: "valid" metric: "auroc/like" } checkpoint_max_to_keep: 1 }'
    whole = runs.train("whole", best)
    runs.train("run", best, "training { num_train_steps: 20 }")
    folder = runs.train("run", best)

    assert best_checkpoint(folder) is not None
    assert best_checkpoint(folder).step == best_checkpoint(whole).step  # type: ignore[union-attr]
    assert newest(folder).state["best"] == newest(whole).state["best"]


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_accumulated_batches_equal_the_large_one(runs: Runs, number: int) -> None:
    # Adam divides by the gradient, and so makes much of rounding; a large epsilon keeps it from that. One order of
    # the rows for both.
    same = "training { num_train_steps: 6 } optimizer { adam { epsilon: 0.01 } }"
    same += " train_data { examples_shuffle_buffer_size: 100000 }"
    size = BATCH_ROWS // 4
    accumulated = runs.train(
        "accumulated",
        same,
        f"train_data {{ global_batch_size: {size} }} training {{ gradient_accumulation: {number} }}",
        plain=True,
    )
    large = runs.train("large", same, f"train_data {{ global_batch_size: {size * number} }}", plain=True)

    one, other = (tensors_of(newest(folder), "model.") for folder in (accumulated, large))
    start = tensors_of(newest(runs.train("start", same, "training { num_train_steps: 1 }", plain=True)), "model.")
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, other[name], rtol=1e-5, atol=1e-6)
    assert any(not torch.allclose(tensor, start[name], atol=1e-4) for name, tensor in one.items()), "nothing moved"


@pytest.mark.parametrize("dtype", ["BFLOAT16", "FLOAT16"])
def test_accumulated_and_clipped_batches_equal_the_large_one_in_low_precision(runs: Runs, dtype: str) -> None:
    same = f"runtime {{ enable_amp: true amp_dtype: AMP_DTYPE_{dtype} }} optimizer {{ adam {{ epsilon: 0.01 }} }}"
    same += " train_data { examples_shuffle_buffer_size: 100000 }"
    same += " training { num_train_steps: 6 gradient_clip_norm: 0.1 }"
    change = "train_data { global_batch_size: 4 } training { gradient_accumulation: 3 }"
    folders = {
        "accumulated": runs.train("accumulated", same, change, plain=True),
        "large": runs.train("large", same, "train_data { global_batch_size: 12 }", plain=True),
        "free": runs.train(
            "free",
            same,
            "train_data { global_batch_size: 12 } training { gradient_clip_norm: 1000 }",
            plain=True,
        ),
    }

    ends = {
        name: torch.cat([tensor.float().flatten() for tensor in tensors_of(newest(folder), "model.").values()])
        for name, folder in folders.items()
    }
    # The steps are some 0.005 each; rounding to 8 or 11 bits in them is what is left of the difference.
    assert (ends["accumulated"] - ends["large"]).abs().max() < 5e-4
    assert (ends["free"] - ends["large"]).abs().max() > 2e-3, "the limit did nothing"


@pytest.mark.parametrize(("size", "number"), [(15, 2), (11, 5)])
def test_short_last_batch_counts_by_its_rows(runs: Runs, size: int, number: int) -> None:
    # One pass over 320 rows, whose last step takes a full batch or more and then a short one.
    steps = -(-TRAIN_ROWS // (size * number))
    assert -(-TRAIN_ROWS // size) == steps * number
    same = f"training {{ num_train_steps: {steps} }} optimizer {{ adam {{ epsilon: 0.01 }} }}"
    same += " train_data { examples_shuffle_buffer_size: 100000 repeat_files: false }"
    change = f"train_data {{ global_batch_size: {size} }} training {{ gradient_accumulation: {number} }}"
    accumulated = runs.train("accumulated", same, change, plain=True)
    large = runs.train("large", same, f"train_data {{ global_batch_size: {size * number} }}", plain=True)

    one, other = (tensors_of(newest(folder), "model.") for folder in (accumulated, large))
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, other[name], rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(records_of(accumulated, "train"), records_of(large, "train"), strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)


def test_gradients_are_clipped_to_their_norm(runs: Runs) -> None:
    norms = []

    def measure(optimizer: torch.optim.Optimizer, *_: object) -> None:
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        norms.append(torch.nn.utils.get_total_norm(gradients).item())

    handle = register_optimizer_step_pre_hook(measure)
    try:
        runs.train("free", "training { num_train_steps: 5 }")
        free = norms.copy()
        norms.clear()
        runs.train("clipped", f"training {{ num_train_steps: 5 gradient_clip_norm: {free[0] / 2} }}")
    finally:
        handle.remove()

    assert norms[0] == pytest.approx(free[0] / 2, rel=1e-4)
    assert max(norms) <= free[0] / 2 * 1.0001 < max(free)


def test_learning_rates_follow_their_schedules(runs: Runs) -> None:
    folder = runs.train("run", "training { num_train_steps: 14 train_log_every_n: 1 }")

    ramp = LearningRate(linear_ramp_to_constant=LinearRampToConstant(learning_rate=0.01, num_ramp_steps=10))
    records = records_of(folder, "train")
    assert [record["learning_rate/reply"] for record in records] == [learning_rate_at(ramp, step) for step in range(14)]
    assert {record["learning_rate/like"] for record in records} == {0.01}
    assert {record["learning_rate/backbone"] for record in records} == {0.005}


def test_two_runs_of_one_config_give_the_same_bits(runs: Runs, finished: Path) -> None:
    assert_same_end(runs.train("again"), finished)


def test_deterministic_algorithms_give_the_same_bits(runs: Runs) -> None:
    one, other = (runs.train(name, "runtime { deterministic: true }") for name in ("one", "other"))

    assert torch.are_deterministic_algorithms_enabled()
    assert_same_end(one, other)


_STILL = "training { num_train_steps: 1 } optimizer { single_task_learning_rate { constant: 0 } }"


def test_seed_changes_every_random_weight(runs: Runs) -> None:
    one, other = (
        tensors_of(newest(runs.train(f"seed{seed}", _STILL, f"runtime {{ seed: {seed} }}")), "model.")
        for seed in (0, 1)
    )

    matrices = [name for name, tensor in one.items() if name.endswith("weight") and tensor.dim() == 2]
    assert matrices
    assert all(not torch.equal(one[name], other[name]) for name in matrices)


@pytest.mark.parametrize(
    ("change", "plain", "differs"),
    [
        ("", True, True),
        (f"train_data {{ global_batch_size: {TRAIN_ROWS} }}", False, True),
        (f"train_data {{ global_batch_size: {TRAIN_ROWS} }}", True, False),
    ],
    ids=["order", "dropout", "neither"],
)
def test_seed_changes_order_and_dropout(runs: Runs, change: str, plain: bool, differs: bool) -> None:
    runs.train("start", _STILL, plain=plain)
    same_weights = f'training {{ initial_checkpoint_dir: "{runs.folder}/start/1" }}'

    one, other = (
        records_of(
            runs.train(f"seed{seed}", _STILL, same_weights, change, f"runtime {{ seed: {seed} }}", plain=plain), "train"
        )[0]["loss"]
        for seed in (0, 1)
    )

    assert (one != pytest.approx(other, rel=1e-5)) == differs


def test_timing_says_speed_work_and_memory(finished: Path) -> None:
    records = [json.loads(line) for line in (finished / "timing.jsonl").read_text().splitlines()]

    assert [record["step"] for record in records] == list(range(4, 41, 4))
    for record in records:
        assert record["examples_per_second"] == pytest.approx(BATCH_ROWS * record["steps_per_second"])
        assert record["peak_memory_bytes"] > 0
        assert math.isfinite(record["flops_per_second"])
        assert 0 < record["model_flops_utilisation"] < 1
    flops = {round(record["flops_per_second"] / record["steps_per_second"]) for record in records}
    assert len(flops) == 1
    parameters = json.loads((finished / "run.json").read_text())["parameters"]
    # A multiply-add forward and two backward for nearly every weight and row.
    assert 2 * BATCH_ROWS * parameters < flops.pop() < 6 * BATCH_ROWS * parameters
    assert any("seconds_checkpoint" in record for record in records)


def test_first_step_alone_is_not_timed(runs: Runs) -> None:
    folder = runs.train("run", "training { num_train_steps: 2 train_log_every_n: 1 }")

    first, second = (json.loads(line) for line in (folder / "timing.jsonl").read_text().splitlines())

    assert "steps_per_second" not in first
    assert second["flops_per_second"] > 0
