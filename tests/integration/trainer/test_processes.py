"""Runs of several processes."""

import os
import shutil
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import FAILED, Plan, Runs, newest, records_of, steps_of, tensors_of
from torch import distributed

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
    two = runs.train_apart("two_then_one", _CALM, short, num_processes=2)
    shutil.copytree(two, runs.folder / "two_then_four")
    runs.train("one_then_two", _CALM, short)

    # Of the first run's last step, which is off the cadence, there are figures that the whole run does not have.
    for name, num_processes in (("two_then_one", 1), ("one_then_two", 2), ("two_then_four", 4)):
        folder = runs.train_apart(name, _CALM, num_processes=num_processes)
        first, second = (tensors_of(newest(run), "model.") for run in (folder, whole))
        for tensor_name, tensor in first.items():
            assert tensor.allclose(second[tensor_name], rtol=1e-4, atol=1e-5), tensor_name
        _assert_close(records_of(folder, "valid")[-1], records_of(whole, "valid")[-1])


def _on_rank(rank: int, function: Callable[..., None], *arguments: object) -> None:
    if int(os.environ["RANK"]) == rank:
        function(*arguments)


def _assert_first_is_whole(folder: Path) -> None:
    assert steps_of(folder)[0] == 7
    assert {checkpoint.damage() for checkpoint in committed(folder)} == {None}


@pytest.mark.parametrize(("num_processes", "rank"), [(2, 0), (2, 1), (4, 3)], ids=["0_of_2", "1_of_2", "3_of_4"])
def test_survivors_of_a_killed_process_end_with_an_error(runs: Runs, num_processes: int, rank: int) -> None:
    plan = Plan(_on_rank, [rank, interruptions.in_step, 16, signal.SIGKILL])
    started = runs.start("run", num_processes=num_processes, plan=plan)

    statuses = started.wait()

    assert statuses == [-signal.SIGKILL if process == rank else FAILED for process in range(num_processes)]
    assert started.output.count("TrainError: another process of the run") == num_processes - 1
    _assert_first_is_whole(runs.folder / "run")


# What breaks, when it is done for how many times, and on which process: all after the second checkpoint was asked for,
# and so after the first was committed.
_BREAKS = {
    "reading": ("rankspec.trainer.data.assembly.BatchAssembler.assemble", 16, 1),
    "reading_on_the_first": ("rankspec.trainer.data.assembly.BatchAssembler.assemble", 16, 0),
    "forward": ("rankspec.families.recap.program.model.ranking.RankingModel.forward", 23, 1),
    "backward": ("torch.Tensor.backward", 16, 1),
    "update": ("rankspec.trainer.loop.Learner._update", 16, 1),
    "evaluating": ("rankspec.trainer.setup.evaluate_rows", 2, 1),
    "reporting": ("rankspec.trainer.reports.Reports.metrics", 6, 0),
    "staging_a_checkpoint": ("rankspec.trainer.checkpoint_writer.async_save", 2, 1),
    "staging_a_checkpoint_on_the_first": ("rankspec.trainer.checkpoint_writer.async_save", 2, 0),
}


@pytest.mark.parametrize(("place", "number", "rank"), _BREAKS.values(), ids=_BREAKS)
def test_error_of_one_process_ends_all(runs: Runs, place: str, number: int, rank: int) -> None:
    started = runs.start("run", num_processes=2, plan=Plan(_on_rank, [rank, interruptions.failing, place, number]))

    assert started.wait() == [FAILED, FAILED]
    assert started.output.count(f"ValueError: {place} broke") == 1
    assert started.output.count("TrainError: another process of the run") == 1
    _assert_first_is_whole(runs.folder / "run")


def _watch_reducers(file: Path, then: Callable[..., None], *arguments: object) -> None:
    """Writes how many of DDP's reducers were made, and how many are left when the process group is destroyed."""
    reducer, destroy = distributed.Reducer, distributed.destroy_process_group
    made: list[weakref.ref[object]] = []

    def making(*sizes: Any) -> object:
        new = reducer(*sizes)
        made.append(weakref.ref(new))
        return new

    def destroying() -> None:
        with file.open("a") as counts:
            counts.write(f"{len(made)} made, {sum(one() is not None for one in made)} left\n")
        destroy()

    patch = pytest.MonkeyPatch()
    patch.setattr(distributed, "Reducer", making)
    patch.setattr(distributed, "destroy_process_group", destroying)
    then(*arguments)


@pytest.mark.parametrize("number", [23, 1000], ids=["error", "end"])
def test_gradient_exchange_is_gone_before_the_process_group(runs: Runs, number: int) -> None:
    # A reducer that is left destroys the group itself, which now and then takes for ever.
    place = "rankspec.families.recap.program.model.ranking.RankingModel.forward"
    plan = Plan(_watch_reducers, [runs.folder / "counts", interruptions.failing, place, number])
    started = runs.start("run", num_processes=2, plan=plan)

    assert started.wait() == [0 if number == 1000 else FAILED] * 2
    assert (runs.folder / "counts").read_text().splitlines() == ["1 made, 0 left"] * 2


@pytest.mark.parametrize("rank", [0, 1])
def test_disk_that_is_full_for_one_ends_all_with_one_message(runs: Runs, rank: int) -> None:
    started = runs.start("run", num_processes=2, plan=Plan(_on_rank, [rank, interruptions.disk_full_from, 14]))

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


def test_what_is_in_the_way_ends_all_processes_with_one_message(runs: Runs) -> None:
    (runs.folder / "run" / "14").mkdir(parents=True)
    config = runs.folder / "run.textproto"
    config.write_text(runs.job("run").text)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]

    result = subprocess.run(
        [*command, "-m", "rankspec", "train", str(config)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )

    assert result.returncode != 0
    assert result.stderr.count("14 is no checkpoint (it has no files.json of a run)") == 1
    assert "another process of the run ended" not in result.stderr
