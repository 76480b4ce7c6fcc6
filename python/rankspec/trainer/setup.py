"""What training, evaluation and prediction have in common: runtime, model, data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rankspec.formats.origins import Origins
from rankspec.trainer.console import RunConsole
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.plan import Share
from rankspec.trainer.evaluation import batches_at_once, evaluate_rows, scoring
from rankspec.trainer.inputs import signature_hash
from rankspec.trainer.memory import allocating
from rankspec.trainer.processes import Processes, joined_processes
from rankspec.trainer.program import OpenedRows, Program, RowSource
from rankspec.trainer.runtime import Runtime, apply_runtime, choose_device
from rankspec.trainer.scored_rows import read_rows


@dataclass(frozen=True)
class Job:
    """What a run obeys.

    Attributes:
        config: the config with every default filled in: a root message with the fields `runtime` and `training`.
        text: the same as textproto, with its header.
        fingerprint: identity of everything in it.
        semantic_fingerprint: identity of what determines the trained function.
        build_program: makes of the config what is trained, with its first values, on the CPU.
        origins: where the config's values were written, for messages.
        mode: what is done with it: "train", "evaluate" or "predict".
        files: names of the files that the config was read from, without their folders.
    """

    config: Any
    text: str
    fingerprint: str
    semantic_fingerprint: str
    build_program: Callable[[Any], Program[Any]]
    origins: Origins = field(default_factory=Origins)
    mode: str = "train"
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Setup:
    """What a run works with, built but not yet used.

    Attributes:
        job: what to obey.
        processes: those that work together.
        console: speaks for the run.
        runtime: device and precision.
        program: what is trained; its model is on its device, with its first values.
    """

    job: Job
    processes: Processes
    console: RunConsole
    runtime: Runtime
    program: Program[Any]
    _stack: ExitStack

    @property
    def config(self) -> Any:
        """The job's config."""
        return self.job.config

    @property
    def signature(self) -> str:
        """Hash of the model's inputs and their order."""
        return signature_hash(self.program.inputs)

    def open_training_data(self) -> Dataset:
        """Opens this process's share of the training data; it is closed with the setup."""
        return self._opened(self.program.open_training_data(self._share, self.program.training.folder))

    def open_validation_data(self) -> dict[str, Dataset]:
        """Opens this process's share of every validation set, by name; they are closed with the setup."""
        datasets = self.program.open_validation_data(self._share, self.program.training.folder)
        return {name: self._opened(dataset) for name, dataset in datasets.items()}

    def open_rows(self, source: RowSource, output: Path) -> OpenedRows:
        """Opens rows to predict, all of them on every process; they are closed with the setup."""
        opened = self.program.open_rows(source, output)
        self._opened(opened.dataset)
        return opened

    @property
    def _share(self) -> Share:
        return Share(self.processes.rank, self.processes.world_size)

    def _opened(self, dataset: Dataset) -> Dataset:
        where = f"{dataset.path}: " if dataset.path else ""  # Rows that no field of the spec names have no path.
        for note in dataset.notes:
            self.console.say(f"{where}{note}")
        dataset.notices.listen(lambda line: self.console.say(f"{where}{line}"))
        return self._stack.enter_context(dataset)

    def evaluate(self, name: str, dataset: Dataset, folder: Path, step: int | None = None) -> dict[str, float]:
        """Metrics of the model as it is on a validation set, by name; the same on every process.

        Args:
            name: of the set.
            dataset: the set itself.
            folder: where the scores of its rows go, as `<name>.parquet`; no other process may write there.
            step: optimizer steps of the model, for that file to say.
        """
        file = folder / f"{name}.parquet"
        num_batches = self.program.training.num_eval_steps
        with (
            allocating(dataset.place),
            scoring(self.program, self.runtime) as score,
            dataset.batches(0, num_batches) as batches,
        ):
            at_once = batches_at_once(dataset.rows_per_batch * self.program.scores_per_row)
            evaluate_rows(batches, score, file, self.processes, at_once, step)
        return self.processes.of_first(
            lambda: self.program.figures(
                name, partial(read_rows, file), lambda note: self.console.say(f"{name}: {note}")
            )
        )


@contextmanager
def set_up(job: Job) -> Iterator[Setup]:
    """Joins the processes, applies the runtime flags and builds the model; ends it all with the context.

    Raises:
        TrainError: if the config asks for what this machine or data cannot give.
        DataError: if the data's schema is not what the config says.
    """
    with ExitStack() as stack:
        device = choose_device(job.config.runtime)
        processes = stack.enter_context(joined_processes(device.type))
        runtime = apply_runtime(job.config.runtime, device)
        with allocating("model"):
            program = job.build_program(job.config)
            program.to(device)
        console = RunConsole(silent=not processes.is_first)
        yield Setup(job, processes, console, runtime, program, stack)
