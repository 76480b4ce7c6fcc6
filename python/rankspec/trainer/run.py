"""A whole training run: from a resolved config to checkpoints, figures and a closing table."""

from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from typing import Any

import torch
from google.protobuf.message import Message

from rankspec.trainer import diagnosis, first_weights
from rankspec.trainer.asking import Asked, asked_to_end
from rankspec.trainer.best import best_of
from rankspec.trainer.best_link import BEST_LINK
from rankspec.trainer.checkpoint_writer import CheckpointWriter, refuse_what_is_in_the_way
from rankspec.trainer.checkpoints import STATE_FILE, Checkpoint, Findings, find_checkpoints
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.identity import differences, identity_from
from rankspec.trainer.data_changes import check_data
from rankspec.trainer.finite import not_finite
from rankspec.trainer.first_weights import take_first_weights
from rankspec.trainer.folder import (
    SCORES_FOLDER,
    prepare_folder,
    refuse_foreign_files,
    set_aside,
    sole_writer,
    write_configs,
    write_facts,
)
from rankspec.trainer.loop import Duties, Ending, Learner, Verdict, run_steps
from rankspec.trainer.memory import allocating
from rankspec.trainer.program import Batch
from rankspec.trainer.report import OnReport
from rankspec.trainer.reports import Reports
from rankspec.trainer.resume import changes_figures, check_resume, going_on, without_effect
from rankspec.trainer.setup import Job, Setup, set_up
from rankspec.trainer.state import restore, telling_what_is_replaced, training_tensors
from rankspec.trainer.status import RunStatus
from rankspec.trainer.timing import Stopwatch, matmul_flops_per_second
from rankspec.trainer.trackers import chosen_trackers
from rankspec.trainer.training import Training, within_epochs_of
from rankspec.trainer.weights_and_biases import require_wandb
from rankspec.trainer.window import TrainWindow


def train(
    job: Job,
    *,
    force: bool = False,
    restart: bool = False,
    on_report: OnReport | None = None,
    asked: Asked | None = None,
) -> bool:
    """Trains, continuing from the newest whole checkpoint in the run's folder if there is one.

    Args:
        job: what to obey.
        force: whether to go on from a checkpoint of a config that differs in what must not change.
        restart: whether to set aside what the folder holds of an earlier run, and to begin anew.
        on_report: is called with each report, in the first process alone; what it raises ends the run.
        asked: says whether the process has been asked to end; unset, signals are taken for the time of the call.

    Returns:
        Whether the run reached its last step; not if it was asked to end before.

    Raises:
        ConfigError: if the config differs from the checkpoint's in what must not change.
        TrainError: if the run cannot start or go on.
        DataError: if the data is not what the config says.
        KeyboardInterrupt: if the process is asked to end before the first step, or by a second Ctrl-C.
    """
    with ExitStack() as stack:
        asked = asked or stack.enter_context(asked_to_end())
        setup = stack.enter_context(set_up(job))
        return TrainingRun(setup, asked, on_report).train(force=force, restart=restart)


class TrainingRun:
    """One process's part of a run."""

    def __init__(self, setup: Setup, asked: Asked | None = None, on_report: OnReport | None = None) -> None:
        """Builds what training needs besides the setup; nothing is written yet."""
        self._asked = asked or Asked()
        self._on_report = on_report
        if setup.processes.is_first:
            require_wandb(setup.config.runtime)
        self._setup = setup
        self._config = setup.config
        self._processes = setup.processes
        self._say = setup.console.say
        self._learner = build_learner(setup)
        self._program = setup.program
        parts = len(self._program.loss_parts)
        self._window = TrainWindow(self._program.sum_names, parts, setup.runtime.device)
        self._stopwatch = Stopwatch(setup.runtime.device)
        self._best = best_of(self._program, self._say)
        self._status: RunStatus | None = None
        self._flops = 0
        self._peak = 0.0
        self._train_data = setup.open_training_data()
        self._rows_per_step = self._train_data.rows_per_batch * self._learner.accumulation
        self._training = self._within_epochs()
        self._validation_data = setup.open_validation_data()

    def _within_epochs(self) -> Training:
        """The length of the run, which the training data's rows and what was read of others before may end early."""
        data = self._train_data
        return self._program.training.within_epochs(data.num_rows, self._rows_per_step, data.offset)

    def train(self, *, force: bool, restart: bool) -> bool:
        """Trains until there is nothing left to do, or the process is asked to end; returns whether it is done."""
        self._folder = self._training.folder
        prepare_folder(self._folder)
        with ExitStack() as stack:
            self._processes.of_first(lambda: self._take_possession(stack, restart=restart))
            return self._train(stack, force=force)

    def _take_possession(self, stack: ExitStack, *, restart: bool) -> None:
        stack.enter_context(sole_writer(self._folder))
        refuse_foreign_files(self._folder)
        last = self._training.num_train_steps
        if restart:
            refuse_what_is_in_the_way(self._folder, 0, last)
            self._set_aside()
        self._status = stack.enter_context(RunStatus(self._folder, last, self._say))

    def _set_aside(self) -> None:
        if place := set_aside(self._folder):
            self._say(f"what {self._folder} held is in {place} now; the run begins anew")

    def _train(self, stack: ExitStack, *, force: bool) -> bool:
        checkpoint = self._newest_checkpoint()
        start = self._take_up(checkpoint, force=force)
        last = self._training.num_train_steps
        if self._status is not None:
            self._status.end_at(last)
        if self._is_done(start):
            return True
        self._tell_end()
        if self._processes.is_first:
            self._reports = stack.enter_context(self._open_reports(checkpoint, start))
        keep = self._training.checkpoint_max_to_keep
        self._writer = CheckpointWriter(self._folder, keep, self._processes, self._say, start=start)
        done, ending = self._run(start)
        if self._processes.is_first:
            self._conclude(done, last, ending)
        return ending != Ending.ASKED

    def _tell_end(self) -> None:
        """Says so if passes over the data end the run before the number of steps does, or a batch has rows twice."""
        if self._train_data.repeats_within_batches:
            rows, batch = self._train_data.num_rows, self._train_data.rows_per_batch
            self._say(
                f"warning: {self._program.batch_field}: a batch of {batch} rows is more than the {rows} of train_data, "
                f"so rows repeat within every batch; give at most {rows}"
            )
        last, steps = self._training.num_train_steps, self._program.training.num_train_steps
        if last < steps:
            rows, passes = self._train_data.num_rows, self._training.num_epochs
            self._say(f"the run ends at step {last}, not {steps}: num_epochs is {passes}, and a pass has {rows} rows")

    def _run(self, start: int) -> tuple[int, Ending]:
        """Trains from a step on; returns the steps done once their checkpoint is committed, and why no more."""
        # A step takes gradient_accumulation batches.
        last = self._training.num_train_steps
        first, count = (steps * self._learner.accumulation for steps in (start, last - start))
        duties = Duties(
            log=self._log, evaluate=self._evaluate, save=self._save, advance=self._advance, check=self._check
        )
        with ExitStack() as stack:
            stack.enter_context(self._writer)
            stack.enter_context(self._learner)
            stack.enter_context(self._setup.console.progress(start, last, self._rows_per_step))
            batches = stack.enter_context(self._train_data.batches(first, count))
            timed = self._stopwatch.timed(batches)
            # For good: the last checkpoint is committed however often the process is asked by SIGTERM.
            self._asked.look()
            with allocating("train_data"):
                return run_steps(
                    self._learner,
                    self._training,
                    duties,
                    start=start,
                    batches=timed,
                    window=self._window,
                    asked=self._asked,
                )

    def _newest_checkpoint(self) -> Checkpoint | None:
        """The checkpoint to go on from; the first process looks, so that all go on from the same."""
        found = self._processes.of_first(self._look)
        for line in found.lines():
            self._say(line)
        return found.usable

    def _look(self) -> Findings:
        found = find_checkpoints(self._folder)
        start = found.usable.step if found.usable else 0
        refuse_what_is_in_the_way(self._folder, start, self._training.num_train_steps)
        return found

    def _take_up(self, checkpoint: Checkpoint | None, *, force: bool) -> int:
        """Brings the run to where a checkpoint left it, or to its start; returns the steps done."""
        if checkpoint is None:
            self._start_fresh()
            return 0
        saved, changes = check_resume(checkpoint, self._setup, force=force)
        self._training = within_epochs_of(checkpoint, self._program.training)
        # A run that is done reads no more data, so it does not matter what became of them.
        if checkpoint.step < self._training.num_train_steps:
            num_batches = checkpoint.step * self._learner.accumulation
            check_data(checkpoint, self._datasets(), num_batches, self._say, force=force)
            self._training = self._within_epochs()
        with telling_what_is_replaced(self._program.model, self._program.buffers_from_files(), self._say):
            restore(checkpoint, self._program.model, self._learner.optimizer, self._processes.rank)
        self._refuse_not_finite(checkpoint, "training.save_dir")
        with checkpoint.interpreting(STATE_FILE):
            state = checkpoint.state
            self._window.restore(state["window"], self._processes)
            self._best.restore(
                state["best"],
                type(self._program).followed_by(saved),
                is_same_data=partial(self._is_measured_alike, state, saved),
            )
            if state["scaler"]:
                self._setup.runtime.scaler.load_state_dict(state["scaler"])
        tell = going_on(changes, checkpoint, self._setup)
        if self._is_done(checkpoint.step):
            self._say(f"{self._folder} is trained to step {checkpoint.step} already; nothing is left to do")
            tell = without_effect(changes, checkpoint)
        else:
            self._say(f"continuing from checkpoint {checkpoint.step} of {self._folder}")
        for line in tell:
            self._say(line)
        return checkpoint.step

    def _is_done(self, step: int) -> bool:
        return step >= self._training.num_train_steps or self._best.is_exhausted

    def _start_fresh(self) -> None:
        if self._training.initial_checkpoint_dir:
            checkpoint = take_first_weights(self._setup, self._say)
            self._refuse_not_finite(checkpoint, first_weights.PATH)
        for line in self._program.first_values():
            self._say(line)

    def _refuse_not_finite(self, loaded: Checkpoint, path: str) -> None:
        if names := not_finite(self._tensors()):
            raise diagnosis.of_loaded(names, loaded.folder, path)

    def _tensors(self) -> dict[str, Any]:
        return training_tensors(self._program.model, self._learner.optimizer, self._processes.rank)

    def _is_measured_alike(self, state: dict[str, Any], saved: Message, name: str) -> bool:
        """Whether a validation set's rows and weights are those of a saved state; one of release 0.1 does not say."""
        dataset = self._validation_data[name]
        before = state.get("data", {}).get(dataset.place)
        if before is not None and differences(identity_from(before), dataset.identity):
            return False
        return not changes_figures(saved, self._config, self._program.figure_fields(name))

    def _open_reports(self, checkpoint: Checkpoint | None, start: int) -> Reports:
        setup = self._setup
        parameters = sum(parameter.numel() for parameter in setup.program.model.parameters())
        facts = {
            "mode": setup.job.mode,
            "parameters": parameters,
            **self._identity(),
            "optimizer": self._learner.optimizer.implementation,
        }
        write_facts(self._folder, facts)
        write_configs(self._folder, setup.job.text, self._config, setup.runtime)
        for note in setup.runtime.notes:
            self._say(note)
        self._say(f"{parameters:,} parameters on {setup.runtime.device}, into {self._folder}")
        metrics_bytes = checkpoint.state["metrics_bytes"] if checkpoint else 0
        trackers = chosen_trackers(self._config, self._folder, start, self._say)
        return Reports(self._folder, setup.console, trackers, metrics_bytes=metrics_bytes, on_report=self._on_report)

    def _conclude(self, done: int, last: int, ending: Ending) -> None:
        self._reports.show(f"{self._folder}, step {done}", self._program.metrics, best_step=self._best.step)
        if (best := self._best.describe()) is not None:
            kept = f"; kept as {self._folder / BEST_LINK}, the last as {self._folder / str(done)}"
            self._say(best + (kept if self._best.step is not None else ""))
        if ending == Ending.NO_BETTER:
            self._say(f"ended early at step {done} of {last}: {self._best.waited} evaluations brought nothing better")
        if ending == Ending.ASKED:
            assert self._status is not None, "the first process has a status"
            self._status.stop()
            self._say(f"asked to end: saved at step {done} of {last}; the same command goes on from there")

    def _identity(self) -> dict[str, object]:
        """What tells whether something saved belongs to this run."""
        return {
            "fingerprint": self._setup.job.fingerprint,
            "semantic_fingerprint": self._setup.job.semantic_fingerprint,
            "feature_signature": self._setup.signature,
            **self._program.identity(),
            "inputs": [asdict(item) for item in self._program.inputs],
            "world_size": self._processes.world_size,
            "data": {path: dataset.identity for path, dataset in self._datasets().items()},
        }

    def _datasets(self) -> dict[str, Dataset]:
        """Every data set, by its place in the config."""
        return {dataset.place: dataset for dataset in (self._train_data, *self._validation_data.values())}

    def _advance(self, done: int) -> None:
        if not self._flops:
            # Counted in the first step, which is slower for it and is not timed.
            self._flops = sum(self._processes.gather(self._learner.counted_flops or 0))
            runtime = self._setup.runtime
            peak = matmul_flops_per_second(runtime.device, runtime.amp_dtype or torch.float32)
            self._peak = sum(self._processes.gather(peak))
            self._stopwatch.restart()
        else:
            self._stopwatch.count_step()
        self._setup.console.advance(done)
        if self._status is not None:
            self._status.advance(done)

    def _log(self, done: int, rates: dict[str, float]) -> None:
        figures = self._program.training_figures(*self._window.take(self._processes))
        timing = self._stopwatch.report(self._flops, self._peak)
        if self._processes.is_first:
            figures |= {f"learning_rate/{n}": r for n, r in rates.items()} | self._program.weight_figures()
            self._reports.timing(done, timing)
            self._reports.metrics(done, "train", figures)

    def _evaluate(self, done: int) -> Verdict:
        with self._stopwatch.spent_on("evaluation"):
            scores = self._folder / SCORES_FOLDER
            figures = {
                name: self._setup.evaluate(name, data, scores, done) for name, data in self._validation_data.items()
            }
        if self._processes.is_first:
            for name, of_set in figures.items():
                self._reports.metrics(done, name, of_set)
        return Verdict(is_best=self._best.update(done, figures), is_enough=self._best.is_exhausted)

    def _check(self) -> None:
        """Ends the run, on every process, if a step until now computed what is no finite number.

        Raises:
            NotFiniteError: with the step and the likely cause.
        """
        trouble = self._learner.watch.trouble(self._processes)
        if trouble is None:
            return
        self._writer.wait()
        rates = self._learner.optimizer.learning_rates(max(trouble.step - 2, 0))
        problem = diagnosis.of_training(trouble, self._program, rates, self._batches_of(trouble.step), self._folder)
        # The process whose rows they were has not stepped, and its weights tell the most.
        told = self._processes.gather((not self._learner.watch.is_alarmed, problem))
        raise self._processes.shared(min(told, key=lambda pair: pair[0])[1])

    def _batches_of(self, step: int) -> list[Batch]:
        """This process's share of the batches of a step, numbered from 1, read once more."""
        first = (step - 1) * self._learner.accumulation
        with self._train_data.batches(first, self._learner.accumulation) as batches:
            return [batch.to("cpu") for batch in batches]

    def _save(self, done: int) -> None:
        with self._stopwatch.spent_on("checkpoint"):
            tensors = self._tensors()
            names = not_finite(tensors)
            if self._processes.any(bool(names)):
                known = next(found for found in self._processes.gather(names) if found)
                raise self._processes.shared(
                    diagnosis.of_checkpoint(known, done, self._folder, self._program.optimizer_field)
                )
            state = {
                "step": done,
                "window": self._window.state(self._processes),
                "best": self._best.state(),
                "scaler": self._setup.runtime.scaler.state_dict(),
                "metrics_bytes": self._reports.sync() if self._processes.is_first else 0,
                "data_offset": self._train_data.offset,
                "rows_per_epoch": self._train_data.num_rows,
                "rows_per_step": self._rows_per_step,
                **self._identity(),
            }
            with allocating("training.checkpoint_every_n"):
                self._writer.save(done, tensors, state, self._setup.job.text, best_step=self._best.step)


def build_learner(setup: Setup) -> Learner:
    """What updates the model as the config says."""
    return Learner(
        program=setup.program,
        optimizer=setup.program.build_optimizer(),
        runtime=setup.runtime,
        processes=setup.processes,
        accumulation=setup.program.training.gradient_accumulation,
        clip_norm=setup.program.training.gradient_clip_norm,
    )
