"""The pass of an evaluation: the same file, to the byte, whatever the number of processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from tests.unit.metric_references import calibration_ratio
from torch import Tensor, distributed

from rankspec.families.recap.program.figures import task_figures
from rankspec.families.recap.program.tasks import BinaryClassification, Task
from rankspec.families.recap.task_kinds import Metric
from rankspec.metrics.auroc import RunningAuroc, auroc
from rankspec.metrics.binary import relative_cross_entropy
from rankspec.trainer.errors import TrainError
from rankspec.trainer.evaluation import evaluate_rows
from rankspec.trainer.processes import Processes
from rankspec.trainer.scored_rows import read_rows

TASKS = ("like", "reply")
METRICS = ("loss", "auroc", "rce", "calibration_ratio")
# Several exchanges, the last of one batch, whose rows are fewer than some numbers of processes.
BATCH_ROWS, NUM_ROWS = 60, 60 * 40 + 1


def _columns() -> dict[str, Tensor]:
    source = torch.Generator().manual_seed(7)
    columns = {}
    for task in TASKS:
        probabilities = torch.rand(NUM_ROWS, generator=source)
        columns[f"prediction/{task}"] = probabilities
        columns[f"label/{task}"] = (torch.rand(NUM_ROWS, generator=source) < probabilities).float()
        columns[f"weight/{task}"] = torch.rand(NUM_ROWS, generator=source)
        columns[f"loss/{task}"] = torch.rand(NUM_ROWS, generator=source)
    return columns


def _shares(processes: Processes) -> Iterator[slice]:
    """This process's rows of each batch, as data sets divide them."""
    for start in range(0, NUM_ROWS, BATCH_ROWS):
        rows = min(BATCH_ROWS, NUM_ROWS - start)
        first, last = (rows * rank // processes.world_size for rank in (processes.rank, processes.rank + 1))
        yield slice(start + first, start + last)


def _evaluate(file: Path, processes: Processes) -> None:
    columns = _columns()

    def score(rows: slice) -> dict[str, Tensor]:
        return {name: values[rows] for name, values in columns.items()}

    evaluate_rows(_shares(processes), score, file, processes)


def _figures(file: Path, said: list[str] | None = None, loss_weights: Sequence[float] = (1.0, 1.0)) -> dict[str, float]:
    tasks = [Task(name, BinaryClassification(), 1.0, weight) for name, weight in zip(TASKS, loss_weights, strict=True)]
    return task_figures(partial(read_rows, file), tasks, METRICS, (said if said is not None else []).append)


def _process(rank: int, world_size: int, folder: Path) -> None:
    torch.set_num_threads(1)
    place = f"file://{folder}/rendezvous"
    distributed.init_process_group("gloo", init_method=place, rank=rank, world_size=world_size)
    try:
        _evaluate(folder / "scores/rows.parquet", Processes(rank, world_size, rank))
    except TrainError as error:
        assert error.is_shared  # noqa: PT017 - in a process of its own
        (folder / f"error-{rank}").write_text(str(error))
    distributed.destroy_process_group()


def _together(folder: Path, world_size: int) -> Path:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["rankspec.families.recap.program.model"])
    processes = [context.Process(target=_process, args=(rank, world_size, folder)) for rank in range(world_size)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=120)
    assert [process.exitcode for process in processes] == [0] * world_size
    return folder / "scores/rows.parquet"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("alone") / "rows.parquet"
    _evaluate(file, Processes())
    return file


def test_rows_are_in_the_order_of_the_data_set(alone: Path) -> None:
    table = pq.read_table(alone)

    for name, values in _columns().items():
        assert np.array_equal(table[name].to_numpy(), values.numpy())


@pytest.mark.parametrize("world_size", [2, 3])
def test_several_processes_write_what_one_writes(tmp_path: Path, alone: Path, world_size: int) -> None:
    together = _together(tmp_path, world_size)

    assert together.read_bytes() == alone.read_bytes()
    assert _figures(together) == _figures(alone)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no file that is always full")
def test_full_disk_of_the_first_ends_all_with_the_same_error(tmp_path: Path) -> None:
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores/.writing-rows.parquet").symlink_to("/dev/full")

    _together(tmp_path, 2)

    first, second = ((tmp_path / f"error-{rank}").read_text() for rank in range(2))
    assert first == second
    assert "rows.parquet cannot be written: No space left on device" in first
    assert list((tmp_path / "scores").iterdir()) == []


def test_figures_are_those_of_the_columns(alone: Path) -> None:
    columns = {name: values.numpy() for name, values in _columns().items()}
    said: list[str] = []

    figures = _figures(alone, said)

    expected: dict[str, Any] = {}
    functions: dict[str, Callable[..., float]] = {
        "auroc": auroc,
        "rce": relative_cross_entropy,
        "calibration_ratio": calibration_ratio,
    }
    for task in TASKS:
        arguments = [columns[f"{name}/{task}"] for name in ("prediction", "label", "weight")]
        expected[f"loss/{task}"] = columns[f"loss/{task}"].mean(dtype=np.float64)
        expected |= {f"{name}/{task}": function(*arguments) for name, function in functions.items()}
    expected["loss"] = (expected["loss/like"] + expected["loss/reply"]) / 2
    assert next(iter(figures)) == "loss"
    assert figures == pytest.approx(expected, rel=1e-12)
    assert said == []
    weighted = (0.25 * expected["loss/like"] + 3 * expected["loss/reply"]) / 2
    assert _figures(alone, said, (0.25, 3.0)) == pytest.approx(expected | {"loss": weighted}, rel=1e-12)


def test_figure_that_is_not_exact_is_told_with_its_bound(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = _figures(alone)
    short = Metric(partial(RunningAuroc, 1000), is_lower_better=False)
    monkeypatch.setattr(BinaryClassification, "metrics", {**BinaryClassification.metrics, "auroc": short})
    monkeypatch.setattr("rankspec.metrics.auroc._NUM_EDGES", 100)
    said: list[str] = []

    figures = _figures(alone, said)

    assert len(said) == 2
    for task, line in zip(TASKS, said, strict=True):
        begin, _, end = line.partition("±")
        error, _, end = end.partition(",")
        assert (begin, end) == (f"auroc of {task}: ", " by bins of 2,401 rows")
        assert 0 < abs(figures[f"auroc/{task}"] - exact[f"auroc/{task}"]) <= float(error) < 0.01
