"""A whole training run: from a resolved config to checkpoints, figures and a closing table."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch

from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.recap_pb2 import DOWNSAMPLING_CORRECTION_LOSS_WEIGHTS, RecapConfig
from rankspec.recap.v1.training_pb2 import TrainingConfig
from rankspec.signature import input_signature, signature_hash
from rankspec.trainer.checkpoints import Checkpoint, CheckpointWriter, committed, newest_usable
from rankspec.trainer.claims import obeys
from rankspec.trainer.console import RunConsole
from rankspec.trainer.data.pipeline import Dataset, open_dataset
from rankspec.trainer.errors import TrainError
from rankspec.trainer.evaluation import chosen_metrics, score, task_metrics
from rankspec.trainer.folder import prepare_folder, write_configs, write_facts
from rankspec.trainer.loop import Cadence, Duties, Learner, run_steps
from rankspec.trainer.model.ranking import RankingModel, build_model
from rankspec.trainer.optimizers import build_optimizer
from rankspec.trainer.processes import Processes, joined_processes
from rankspec.trainer.reports import Reports
from rankspec.trainer.runtime import Runtime, apply_runtime, choose_device
from rankspec.trainer.state import restore, training_tensors, warm_start
from rankspec.trainer.timing import Stopwatch
from rankspec.trainer.window import TrainWindow


@dataclass(frozen=True)
class Job:
    """What a run obeys.

    Attributes:
        config: the config with every default filled in.
        text: the same as textproto, with its header.
        fingerprint: identity of everything in it.
        semantic_fingerprint: identity of what determines the trained function.
    """

    config: RecapConfig
    text: str
    fingerprint: str
    semantic_fingerprint: str


def train(job: Job) -> bool:
    """Trains, continuing from the newest whole checkpoint in the run's folder if there is one.

    Returns:
        Whether the run reached its last step; not if it was asked to end before.

    Raises:
        TrainError: if the run cannot start or go on.
        DataError: if the data is not what the config says.
    """
    device = choose_device(job.config.runtime, int(os.environ.get("LOCAL_RANK", "0")))
    with joined_processes(device.type) as processes, ExitStack() as stack:
        run = TrainingRun(job, device, processes, stack)
        return run.train()


@obeys(
    RecapConfig,
    "training",
    "model",
    "train_data",
    "validation_data",
    "optimizer",
    "runtime",
    "downsampling_correction",
)
class TrainingRun:
    """One process's part of a run."""

    def __init__(self, job: Job, device: torch.device, processes: Processes, stack: ExitStack) -> None:
        """Builds everything the run needs; nothing is written yet.

        Args:
            job: what to obey.
            device: where to train.
            processes: those that train together.
            stack: closes what the run opens.
        """
        self._job = job
        self._config = job.config
        self._processes = processes
        self._stack = stack
        self._console = RunConsole(silent=not processes.is_first)
        self._runtime = apply_runtime(self._config.runtime, device)
        self._inputs = input_signature(self._config.train_data, "train_data")
        self._model = build_model(self._config, self._inputs).to(device)
        self._learner = build_learner(self._config, self._model, self._runtime, processes)
        self._window = TrainWindow(self._model.task_names, device)
        self._stopwatch = Stopwatch(device)
        weigh = self._config.downsampling_correction == DOWNSAMPLING_CORRECTION_LOSS_WEIGHTS
        self._train_data = self._open(self._config.train_data, "train_data", shuffle=True, weigh=weigh)
        self._validation_data = {
            name: self._open(data, f'validation_data["{name}"]', shuffle=False, weigh=True)
            for name, data in sorted(self._config.validation_data.items())
        }

    def _open(self, data: RecapDataConfig, path: str, *, shuffle: bool, weigh: bool) -> Dataset:
        dataset = open_dataset(
            data,
            self._inputs,
            self._model.task_names,
            seed=self._config.runtime.seed,
            shuffle=shuffle,
            rank=self._processes.rank,
            world_size=self._processes.world_size,
            path=path,
            weigh=weigh,
        )
        return self._stack.enter_context(dataset)

    @obeys(TrainingConfig, "checkpoint_max_to_keep")
    def train(self) -> bool:
        """Trains to the last step, or until the process is asked to end; returns whether it got there."""
        training = self._config.training
        cadence = Cadence.of(training)
        self._folder = prepare_folder(training)
        checkpoint = self._newest_checkpoint()
        start = self._take_up(checkpoint)
        if start >= cadence.last:
            self._console.say(f"{self._folder} is trained to step {start} already; nothing is left to do")
            return True
        self._open_reports(checkpoint, start)
        keep = training.checkpoint_max_to_keep if training.HasField("checkpoint_max_to_keep") else None
        self._writer = CheckpointWriter(self._folder, keep, self._processes)
        # A step takes gradient_accumulation batches.
        first, count = (steps * self._learner.accumulation for steps in (start, cadence.last - start))
        batches = self._stopwatch.timed(self._stack.enter_context(self._train_data.batches(first, count)))
        duties = Duties(log=self._log, evaluate=self._evaluate, save=self._save, advance=self._advance)
        with self._console.progress(start, cadence.last):
            done = run_steps(self._learner, cadence, duties, start=start, batches=batches, window=self._window)
        self._writer.wait()
        self._processes.barrier()
        self._close_reports(done, cadence.last)
        return done == cadence.last

    def _newest_checkpoint(self) -> Checkpoint | None:
        """The checkpoint to go on from; the first process looks, so that all go on from the same."""
        found = newest_usable(self._folder, self._console.say) if self._processes.is_first else None
        return self._processes.broadcast(found)

    def _take_up(self, checkpoint: Checkpoint | None) -> int:
        """Brings the run to where a checkpoint left it, or to its start; returns the steps done."""
        if checkpoint is None:
            self._start_fresh(self._config.training)
            return 0
        restore(checkpoint, self._model, self._learner.optimizer.torch_optimizer, self._processes.rank)
        state = checkpoint.state
        self._window.restore(state["window"], self._processes)
        if state["scaler"]:
            self._runtime.scaler.load_state_dict(state["scaler"])
        self._console.say(f"continuing from checkpoint {checkpoint.step} of {self._folder}")
        return checkpoint.step

    @obeys(TrainingConfig, "initial_checkpoint_dir")
    def _start_fresh(self, training: TrainingConfig) -> None:
        if not training.initial_checkpoint_dir:
            return
        folder = Path(training.initial_checkpoint_dir)
        found = [c for c in committed(folder.parent) if c.folder.name == folder.name]
        damage = found[0].damage() if found else "there is no checkpoint of that name"
        if damage is not None:
            raise TrainError(
                f"{folder} cannot be started from: {damage}; name a folder save_dir/<step> of an earlier run",
                "training.initial_checkpoint_dir",
            )
        for line in warm_start(found[0], self._model).lines():
            self._console.say(line)

    def _open_reports(self, checkpoint: Checkpoint | None, start: int) -> None:
        if not self._processes.is_first:
            return
        facts = {
            "parameters": sum(p.numel() for p in self._model.parameters()),
            "fingerprint": self._job.fingerprint,
            "semantic_fingerprint": self._job.semantic_fingerprint,
            "feature_signature": signature_hash(self._inputs),
            "world_size": self._processes.world_size,
            "optimizer": self._learner.optimizer.implementation,
        }
        write_facts(self._folder, facts)
        write_configs(self._folder, self._job.text, self._config, self._runtime)
        for note in self._runtime.notes:
            self._console.say(note)
        self._console.say(f"{facts['parameters']:,} parameters on {self._runtime.device}, into {self._folder}")
        metrics_bytes = checkpoint.state["metrics_bytes"] if checkpoint else 0
        self._reports = Reports(self._folder, self._console, step=start, metrics_bytes=metrics_bytes)

    def _close_reports(self, done: int, last: int) -> None:
        if self._processes.is_first:
            self._reports.close(f"{self._folder}, step {done}")
            if done < last:
                self._console.say(f"asked to end: saved at step {done} of {last}; the same command goes on from there")

    def _advance(self, done: int) -> None:
        self._stopwatch.count_step()
        self._console.advance(done)

    def _log(self, done: int, rates: dict[str, float]) -> None:
        tasks = evaluated_tasks(self._config.train_data, self._model.task_names)
        figures = self._window.report(tasks, chosen_metrics(self._config), self._processes)
        timing = self._stopwatch.report()
        if self._processes.is_first:
            self._reports.metrics(done, "train", figures | {f"learning_rate/{n}": r for n, r in rates.items()})
            self._reports.timing(done, timing)

    def _evaluate(self, done: int) -> None:
        with self._stopwatch.spent_on("evaluation"):
            for name, dataset in self._validation_data.items():
                figures = evaluate_on(
                    dataset, self._config, self._config.validation_data[name], self._model, self._runtime, self._processes
                )
                if self._processes.is_first:
                    self._reports.metrics(done, name, figures)

    def _save(self, done: int) -> None:
        with self._stopwatch.spent_on("checkpoint"):
            state = {
                "step": done,
                "window": self._window.state(self._processes),
                "scaler": self._runtime.scaler.state_dict(),
                "metrics_bytes": self._reports.sync() if self._processes.is_first else 0,
                "fingerprint": self._job.fingerprint,
                "semantic_fingerprint": self._job.semantic_fingerprint,
                "feature_signature": signature_hash(self._inputs),
                "world_size": self._processes.world_size,
            }
            optimizer = self._learner.optimizer.torch_optimizer
            tensors = training_tensors(self._model, optimizer, self._processes.rank)
            self._writer.save(done, tensors, state, self._job.text)


@obeys(TrainingConfig, "gradient_accumulation", "gradient_clip_norm")
def build_learner(config: RecapConfig, model: RankingModel, runtime: Runtime, processes: Processes) -> Learner:
    """What updates the model as the config says."""
    training = config.training
    clip_norm = training.gradient_clip_norm if training.HasField("gradient_clip_norm") else None
    optimizer = build_optimizer(config.optimizer, model)
    return Learner(model, optimizer, runtime, processes, training.gradient_accumulation, clip_norm)


@obeys(RecapDataConfig, "evaluation_tasks")
def evaluated_tasks(data: RecapDataConfig, task_names: tuple[str, ...]) -> tuple[str, ...]:
    """The tasks to report metrics for: those the data set names, or all of the model's."""
    return tuple(task for task in task_names if task in data.evaluation_tasks or not data.evaluation_tasks)


@obeys(TrainingConfig, "num_eval_steps")
def evaluate_on(
    dataset: Dataset,
    config: RecapConfig,
    data: RecapDataConfig,
    model: RankingModel,
    runtime: Runtime,
    processes: Processes,
) -> dict[str, float]:
    """Metrics of the model on a validation set, by name.

    Args:
        dataset: the set, opened.
        config: how many batches to read, and which metrics to report.
        data: the set's own part of the config.
        model: the model, on its device.
        runtime: device and precision.
        processes: those that evaluate together; all of them get the metrics.
    """
    limit = config.training.num_eval_steps
    with dataset.batches(0, None if limit < 0 else limit) as batches:
        scores = score(model, batches, runtime, processes)
    if scores is None:
        return {}
    return task_metrics(scores, model.task_names, evaluated_tasks(data, model.task_names), chosen_metrics(config))
