"""Runs of several processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import FAILED, Plan, Runs, newest, records_of, steps_of, tensors_of

from rankspec.trainer.checkpoints import committed

# Adam divides by the gradient and so blows up rounding where the true gradient is 0, as that of a bias before batch
# norm; a large epsilon keeps it from that.
_CALM = "optimizer { adam { epsilon: 0.01 } }"


def _assert_close_end(one: Path, other: Path) -> None:
    """Two runs ended with the same weights and metrics, but for rounding."""
    first, second = (tensors_of(newest(folder), "model.") for folder in (one, other))
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert tensor.allclose(second[name], rtol=1e-4, atol=1e-5), name
    for split in ("train", "valid"):
        ours, theirs = records_of(one, split), records_of(other, split)
        assert [record.keys() for record in ours] == [record.keys() for record in theirs]
        for our, their in zip(ours, theirs, strict=True):
            _assert_close(our, their)


def _assert_close(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert value == (other[name] if name == "split" else pytest.approx(other[name], rel=1e-4, abs=1e-4)), name


@pytest.mark.parametrize("num_processes", [2, 4])
def test_result_is_that_of_one_process(runs: Runs, num_processes: int) -> None:
    # 15 rows are shared unevenly, and so is the last batch of the validation set, whose 10 rows may be fewer.
    change = (
        f"{_CALM} train_data {{ global_batch_size: 15 }} training {{ num_train_steps: 24 gradient_accumulation: 2 }}"
    )
    change += ' validation_data { key: "valid" value { ' + _validation(runs, 33) + " } }"
    one = runs.train("one", change)
    several = runs.train_apart("several", change, num_processes=num_processes)

    _assert_close_end(one, several)


def _validation(runs: Runs, batch_rows: int) -> str:
    from tests.integration.trainer.runs import data_set

    return data_set(runs.data, "valid").replace("global_batch_size: 16", f"global_batch_size: {batch_rows}")


def test_another_number_of_processes_takes_over(runs: Runs) -> None:
    short = "training { num_train_steps: 18 }"
    whole = runs.train("whole", _CALM)
    runs.train_apart("two_then_one", _CALM, short, num_processes=2)
    runs.train("one_then_two", _CALM, short)

    # Of the first run's last step, which is off the cadence, there are figures that the whole run does not have.
    for folder in (runs.train("two_then_one", _CALM), runs.train_apart("one_then_two", _CALM, num_processes=2)):
        first, second = (tensors_of(newest(run), "model.") for run in (folder, whole))
        for name, tensor in first.items():
            assert tensor.allclose(second[name], rtol=1e-4, atol=1e-5), name
        _assert_close(records_of(folder, "valid")[-1], records_of(whole, "valid")[-1])


def _fail_on_rank(rank: int) -> None:
    if int(os.environ["RANK"]) == rank:
        interruptions.in_step(13, signal.SIGKILL)


def test_survivor_of_a_killed_process_ends_with_an_error(runs: Runs) -> None:
    started = runs.start("run", num_processes=2, plan=Plan(_fail_on_rank, [1]))
    begin = time.monotonic()

    statuses = started.wait(60)

    assert statuses == [FAILED, -signal.SIGKILL]
    assert time.monotonic() - begin < 50
    assert "another process of the run" in started.output
    assert [checkpoint.damage() for checkpoint in committed(runs.folder / "run")] == [None]


def _fill_disk_on_rank(rank: int) -> None:
    if int(os.environ["RANK"]) == rank:
        interruptions.disk_full_from(14)


@pytest.mark.parametrize("rank", [0, 1])
def test_disk_that_is_full_for_one_ends_all_with_one_message(runs: Runs, rank: int) -> None:
    started = runs.start("run", num_processes=2, plan=Plan(_fill_disk_on_rank, [rank]))

    assert started.wait(60) == [FAILED, FAILED]
    assert started.output.count("TrainError: training.save_dir: checkpoint 14 could not be written") == 2
    assert "No space left on device" in started.output
    assert steps_of(runs.folder / "run") == [7]


def test_torchrun_ends_with_the_error_of_the_rank_that_fails(runs: Runs) -> None:
    config = runs.folder / "run.textproto"
    config.write_text(runs.job("run", "train_data { global_batch_size: 1 }").text)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}

    result = subprocess.run(
        [*command, "-m", "rankspec", "train", str(config)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )

    assert result.returncode != 0
    assert "1 rows cannot be shared by 2 processes" in result.stderr
