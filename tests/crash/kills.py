"""Kills runs at random moments, lets them go on, and compares their end with that of a run nobody killed."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import text_format
from tests.integration.trainer.runs import Processes, Runs, assert_same_end, job_from, steps_of, with_users

from rankspec.composition.compose import compose
from rankspec.datasets import edges
from rankspec.schema.defaults import resolve
from rankspec.trainer.checkpoints import best_checkpoint
from rankspec.trainer.setup import Job

# A checkpoint is under way for a good part of so short steps, and there are many places to go on from.
_LENGTH = "training { num_train_steps: 120 checkpoint_every_n: 8 train_log_every_n: 6 eval_log_every_n: 25 }"


@dataclass(frozen=True)
class Variant:
    """A way to train.

    Attributes:
        name: what it is called.
        change: of the config.
        num_processes: that train together.
        has_users: whether the rows of the validation set have users to group them by.
        config: a shipped config to train by in place of the small one.
    """

    name: str
    change: str = ""
    num_processes: int = 1
    has_users: bool = False
    config: Path | None = None


_BY_GROUPS = """
groups { name: "user" input: "meta__user" } which_metrics: "loss,auroc,gauc,mrr"
training { best_checkpoint { validation_data: "valid" metric: "gauc@user/like" } }
"""


VARIANTS = (
    Variant("float32"),
    Variant("bfloat16", "runtime { enable_amp: true }"),
    Variant("float16", "runtime { enable_amp: true amp_dtype: AMP_DTYPE_FLOAT16 }"),
    Variant("accumulation of 3", "training { gradient_accumulation: 3 }"),
    Variant("2 processes", num_processes=2),
    Variant("best by groups", _BY_GROUPS, has_users=True),
    Variant(
        "graph embedding", "train_data { per_replica_batch_size: 64 }", config=Path("configs/twhin/tiny.textproto")
    ),
)


@dataclass(frozen=True)
class Kill:
    """A run that was killed and went on.

    Attributes:
        variant: how it trained.
        step: the newest checkpoint that the kill left; 0 for none.
        in_write: whether the kill left a checkpoint half-written.
    """

    variant: Variant
    step: int
    in_write: bool


class CrashTest:
    """Kills runs of all variants in one folder."""

    def __init__(self, runs: Runs, seed: int) -> None:
        self._runs = runs
        self._random = random.Random(seed)  # noqa: S311 - moments of kills are no secret
        self._whole: dict[str, tuple[Path, float]] = {}
        self._number = 0

    def kill(self, variant: Variant, *, in_write: bool) -> Kill:
        """Trains, kills all processes of the run at a random moment, and goes on to the end.

        Args:
            variant: how to train.
            in_write: whether the moment has to lie within the writing of a checkpoint.

        Raises:
            AssertionError: if the end differs by a bit from that of a run that was not killed.
        """
        whole, seconds = self._whole_run(variant)
        for _ in range(50):
            self._number += 1
            name = f"run{self._number}"
            folder = self._runs.folder / name
            if self._start_and_kill(name, variant, seconds, in_write=in_write):
                steps, torn = steps_of(folder), bool(list(folder.glob(".saving-*")))
                if torn or not in_write:
                    processes = self._start(name, variant)
                    assert processes.wait() == [0] * variant.num_processes, processes.output
                    assert_same_end(folder, whole)
                    assert _best(folder) == _best(whole)
                    return Kill(variant, max(steps, default=0), torn)
        raise AssertionError(f"no kill of {variant.name} hit the moment it was meant for")

    def _whole_run(self, variant: Variant) -> tuple[Path, float]:
        """The folder of a run that was not killed, and the seconds from its first figures to its end."""
        if variant.name not in self._whole:
            name = f"whole{len(self._whole)}"
            processes = self._start(name, variant)
            begin = self._wait_for_figures(name, processes)
            assert processes.wait() == [0] * variant.num_processes, processes.output
            self._whole[variant.name] = self._runs.folder / name, time.monotonic() - begin
        return self._whole[variant.name]

    def _start_and_kill(self, name: str, variant: Variant, seconds: float, *, in_write: bool) -> bool:
        """Returns whether the kill came before the run's own end."""
        processes = self._start(name, variant)
        begin = self._wait_for_figures(name, processes)
        moment = begin + self._random.uniform(0, seconds)
        while time.monotonic() < moment and _is_alive(processes):
            time.sleep(0.001)
        while in_write and _is_alive(processes):
            if list((self._runs.folder / name).glob(".saving-*/*")):
                break
            time.sleep(0.0002)
        alive = _is_alive(processes)
        processes.kill()
        return alive

    def _start(self, name: str, variant: Variant) -> Processes:
        return self._runs.start_job(self._job(name, variant), num_processes=variant.num_processes)

    def _job(self, name: str, variant: Variant) -> Job:
        if variant.config is None:
            users = with_users(self._runs, self._runs.folder) if variant.has_users else ""
            return self._runs.job(name, _LENGTH, users, variant.change)
        data = self._runs.folder / "edges"
        if not data.exists():
            edges.write(data, num_edges=6000, num_files=3)
        places = {"RANKSPEC_EDGES": str(data), "RANKSPEC_RUNS": str(self._runs.folder)}
        config = compose(variant.config, environment=places).message
        text_format.Merge(_LENGTH + variant.change, config)
        config.training.save_dir = str(self._runs.folder / name)
        return job_from(resolve(config))

    def _wait_for_figures(self, name: str, processes: Processes) -> float:
        figures = self._runs.folder / name / "metrics.jsonl"
        while not (figures.exists() and figures.stat().st_size):
            assert _is_alive(processes), processes.output
            time.sleep(0.001)
        return time.monotonic()


def _best(folder: Path) -> int | None:
    """The step of a run's best checkpoint; None if the run follows no metric."""
    best = best_checkpoint(folder)
    return best.step if best is not None else None


def _is_alive(processes: Processes) -> bool:
    return all(process.is_alive() for process in processes.members)


def crash_test(runs: Runs, number: int, seed: int) -> Iterator[Kill]:
    """Kills and resumes so many runs, every third within the writing of a checkpoint, over all variants in turn."""
    test = CrashTest(runs, seed)
    for count in range(number):
        yield test.kill(VARIANTS[count % len(VARIANTS)], in_write=count % 3 == 0)
