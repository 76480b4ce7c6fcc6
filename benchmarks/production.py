"""The full-size ranker on random data of the production widths: what the benchmarks of the trainer train."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.content import CONFIG
from rankspec.checking.check import load
from rankspec.datasets import random_data
from rankspec.families.jobs import job_of
from rankspec.trainer.loop import Learner
from rankspec.trainer.run import build_learner
from rankspec.trainer.setup import Job, set_up
from rankspec.trainer.window import TrainWindow

NUM_ROWS = 4096


def random_rows(folder: Path) -> Path:
    """Writes rows of the production widths into a folder and returns where."""
    data = folder / "random"
    random_data.write(data, num_rows=NUM_ROWS)
    return data


def production_job(folder: Path, *overrides: str) -> Job:
    """The shipped configuration without its validation sets, reading random rows.

    Args:
        folder: where the rows and the run go.
        overrides: single values laid over it, each `PATH=VALUE`.
    """
    environment = {**os.environ, "RANKSPEC_RANDOM_DATA": str(random_rows(folder)), "RANKSPEC_RUNS": str(folder)}
    loaded = load(CONFIG, overrides=overrides, environment=environment)
    loaded.message.ClearField("validation_data")
    return job_of(loaded)


@contextmanager
def production_steps(folder: Path, num_steps: int, *overrides: str) -> Iterator[Callable[[], None]]:
    """What does one training step of the product, data included, each time it is called.

    Args:
        folder: as `production_job`.
        num_steps: how often it may be called.
        overrides: as `production_job`.
    """
    with production_learner(folder, num_steps, *overrides) as (_, step):
        yield step


@contextmanager
def production_learner(folder: Path, num_steps: int, *overrides: str) -> Iterator[tuple[Learner, Callable[[], None]]]:
    """The learner of `production_steps`, and what does a step of it; arguments as there."""
    with set_up(production_job(folder, *overrides)) as setup:
        learner = build_learner(setup)
        program = setup.program
        window = TrainWindow(program.sum_names, len(program.loss_parts), setup.runtime.device)
        data = setup.open_training_data()
        program.model.train()
        with data.batches(0, num_steps) as batches:
            steps = iter(range(num_steps))

            def step() -> None:
                learner.step(next(steps), batches, window)

            yield learner, step
