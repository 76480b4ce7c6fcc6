"""What training, evaluation and prediction have in common: runtime, model, data sets."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.recap.v1.training_pb2 import TrainingConfig
from rankspec.signature import Input, input_signature, signature_hash
from rankspec.source import Origins
from rankspec.trainer.claims import obeys
from rankspec.trainer.console import RunConsole
from rankspec.trainer.data.pipeline import Dataset, open_dataset
from rankspec.trainer.evaluation import chosen_metrics, in_evaluation_mode, score, task_metrics
from rankspec.trainer.folder import run_folder
from rankspec.trainer.loss import MultiTaskLoss, build_loss
from rankspec.trainer.memory import allocating
from rankspec.trainer.model.inputs import inputs_read
from rankspec.trainer.model.ranking import RankingModel, build_model
from rankspec.trainer.processes import Processes, joined_processes
from rankspec.trainer.runtime import Runtime, apply_runtime, choose_device
from rankspec.trainer.scored_rows import read_rows
from rankspec.trainer.scoring import evaluate_rows


@dataclass(frozen=True)
class Job:
    """What a run obeys.

    Attributes:
        config: the config with every default filled in.
        text: the same as textproto, with its header.
        fingerprint: identity of everything in it.
        semantic_fingerprint: identity of what determines the trained function.
        origins: where the config's values were written, for messages.
    """

    config: RecapConfig
    text: str
    fingerprint: str
    semantic_fingerprint: str
    origins: Origins = field(default_factory=Origins)


@dataclass(frozen=True)
class Setup:
    """What a run works with, built but not yet used.

    Attributes:
        job: what to obey.
        processes: those that work together.
        console: speaks for the run.
        runtime: device and precision.
        inputs: the model's inputs, in their order.
        model: the model, on its device, with its first values.
        loss: what training makes small.
    """

    job: Job
    processes: Processes
    console: RunConsole
    runtime: Runtime
    inputs: tuple[Input, ...]
    model: RankingModel
    loss: MultiTaskLoss
    _stack: ExitStack

    @property
    def config(self) -> RecapConfig:
        """The job's config."""
        return self.job.config

    @property
    def signature(self) -> str:
        """Hash of the model's inputs and their order."""
        return signature_hash(self.inputs)

    def open(self, data: RecapDataConfig, path: str, *, shuffle: bool, weigh: bool) -> Dataset:
        """Opens this process's share of a data set; it is closed with the setup.

        Args:
            data: the set's part of the config.
            path: where that part stands in the config, for messages.
            shuffle: whether to give the rows in a seeded random order.
            weigh: whether rows weigh what makes good for the set's downsampling rates.
        """
        dataset = open_dataset(
            data,
            self.inputs,
            self.model.task_names,
            seed=self.config.runtime.seed,
            shuffle=shuffle,
            rank=self.processes.rank,
            world_size=self.processes.world_size,
            path=path,
            weigh=weigh,
            save_dir=run_folder(self.config.training),
            id_ranges=self.model.id_ranges,
        )
        for note in dataset.notes:
            self.console.say(f"{dataset.path}: {note}")
        return self._stack.enter_context(dataset)

    def open_validation_data(self) -> dict[str, Dataset]:
        """Opens every validation set, by name."""
        return {
            name: self.open(data, f'validation_data["{name}"]', shuffle=False, weigh=True)
            for name, data in sorted(self.config.validation_data.items())
        }

    @obeys(TrainingConfig, "num_eval_steps")
    def evaluate(self, name: str, dataset: Dataset, folder: Path) -> dict[str, float]:
        """Metrics of the model as it is on a validation set, by name; the same on every process.

        Args:
            name: of the set.
            dataset: the set itself.
            folder: where the scores of its rows go, as `<name>.parquet`; no other process may write there.
        """
        limit = self.config.training.num_eval_steps
        file = folder / f"{name}.parquet"
        score_batch = partial(score, self.model, self.loss, self.runtime)
        with ExitStack() as stack:
            stack.enter_context(allocating(f'validation_data["{name}"]'))
            stack.enter_context(in_evaluation_mode(self.model))
            batches = stack.enter_context(dataset.batches(0, None if limit < 0 else limit))
            evaluate_rows(batches, score_batch, file, self.processes)
        tasks = evaluated_tasks(self.config.validation_data[name], self.model.task_names)
        which = chosen_metrics(self.config)
        return self.processes.of_first(
            lambda: task_metrics(
                partial(read_rows, file), tasks, which, lambda note: self.console.say(f"{name}: {note}")
            )
        )


@contextmanager
@obeys(RecapConfig, "model", "train_data", "validation_data", "runtime")
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
        inputs = inputs_read(job.config.model, input_signature(job.config.train_data, "train_data"))
        with allocating("model"):
            model = build_model(job.config, inputs).to(device)
        loss = build_loss(job.config.model).to(device)
        console = RunConsole(silent=not processes.is_first)
        yield Setup(job, processes, console, runtime, inputs, model, loss, stack)


@obeys(RecapDataConfig, "evaluation_tasks")
def evaluated_tasks(data: RecapDataConfig, task_names: tuple[str, ...]) -> tuple[str, ...]:
    """The tasks to report metrics for: those the data set names, or all of the model's."""
    return tuple(task for task in task_names if task in data.evaluation_tasks or not data.evaluation_tasks)
