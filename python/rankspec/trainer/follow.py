"""`rankspec evaluate`: evaluates a run's checkpoints, each once, until the run's last one has been seen."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from rankspec.trainer.best import best_of
from rankspec.trainer.checkpoints import ROTATED_FILE, Checkpoint, best_checkpoint, committed
from rankspec.trainer.chosen_checkpoint import Which, choose_together
from rankspec.trainer.details import Details
from rankspec.trainer.errors import TrainError
from rankspec.trainer.evaluation_identity import evaluation_identity
from rankspec.trainer.folder import EVALUATION_FILE, EVALUATION_SCORES_FOLDER, prepare_folder, sole_writer
from rankspec.trainer.journal import Journal, read_journal
from rankspec.trainer.report import Report, report_of
from rankspec.trainer.resume import saved_config
from rankspec.trainer.scored_rows import read_rows, step_of
from rankspec.trainer.setup import Job, Setup, set_up
from rankspec.trainer.trained_model import load_weights
from rankspec.trainer.training import within_epochs_of
from rankspec.trainer.waiting import Waiting

# In a record of EVALUATION_FILE in place of figures: why there are none.
_SKIPPED = "skipped"
_DELETED = "deleted before an evaluation here"


def evaluate(job: Job, *, wait: bool = True, details: Details | None = None) -> None:
    """Evaluates every checkpoint of the run on every validation set, each once, however often this is called.

    Args:
        job: what to obey.
        wait: whether to wait for a run that has not begun, or has not come to its last step.
        details: what to show beside the figures in the end, of the checkpoint whose figures are shown.

    Raises:
        TrainError: if there is nothing to evaluate on, no checkpoint came in time, or another process evaluates them.
        DataError: if the data is not what the config says.
    """
    with set_up(job) as setup, ExitStack() as stack:
        evaluator = Evaluator(setup, wait=wait, details=details)
        evaluator.await_folder()
        _take_possession(setup, stack)
        evaluator.follow()


def evaluate_one(job: Job, which: Which | None = None, *, details: Details | None = None) -> list[Report]:
    """Evaluates one checkpoint of the run, without waiting, on the validation sets that it has no figures of yet.

    Args:
        job: what to obey.
        which: the checkpoint, as `choose_checkpoint` takes it.
        details: what to show beside the figures.

    Returns:
        Its figures of each validation set, in the order of their names.

    Raises:
        TrainError: if there is nothing to evaluate on, no such checkpoint, or another process evaluates them.
        DataError: if the data is not what the config says.
    """
    with set_up(job) as setup, ExitStack() as stack:
        evaluator = Evaluator(setup, wait=False, details=details)
        checkpoint = choose_together(setup, which, stack)
        _take_possession(setup, stack)
        return evaluator.evaluate_one(checkpoint)


def score_rows(job: Job, names: Sequence[str], which: Which | None = None) -> None:
    """Has one checkpoint of the run score the rows of validation sets, into `EVALUATION_SCORES_FOLDER`.

    Args:
        job: what to obey.
        names: the validation sets.
        which: the checkpoint, as `choose_checkpoint` takes it.

    Raises:
        ConfigError: the config describes another model than the checkpoint's.
        TrainError: there is no such checkpoint, or another process evaluates the run.
        DataError: the data is not what the config says.
    """
    with set_up(job) as setup, ExitStack() as stack:
        evaluator = Evaluator(setup, wait=False)
        checkpoint = choose_together(setup, which, stack)
        _take_possession(setup, stack)
        evaluator.score_rows(checkpoint, names)


def _take_possession(setup: Setup, stack: ExitStack) -> None:
    folder = setup.program.training.folder
    prepare_folder(folder)
    if setup.processes.is_first:
        stack.enter_context(sole_writer(folder, doing="evaluating"))


class Evaluator:
    """Evaluates the checkpoints of one run."""

    def __init__(self, setup: Setup, *, wait: bool, details: Details | None = None) -> None:
        """Opens the validation sets."""
        self._details = details or Details()
        self._waiting = Waiting(setup, wait=wait)
        self._setup = setup
        self._training = setup.program.training
        self._processes = setup.processes
        self._console = setup.console
        self._folder = setup.program.training.folder
        self._datasets = setup.open_validation_data()
        if not self._datasets:
            raise TrainError("there is no validation set to evaluate on; add one", "validation_data")
        self._records: dict[tuple[int, str, str | None], dict[str, Any]] = {}
        # Checkpoints that were found damaged; whether they still are is looked up by the next call.
        self._damaged: set[int] = set()

    def await_folder(self) -> None:
        """Waits until there is the run's folder, which is left to the run to make: it may never begin."""
        while not self._processes.broadcast(os.path.lexists(self._folder)):
            self._waiting.pause([])

    def follow(self) -> None:
        """Evaluates checkpoints as they come, beside those evaluated before, and shows the figures of the best.

        Where none is known to be the best, those of the newest.
        """
        self._read_records()
        while True:
            there = self._look()
            pending = [checkpoint for checkpoint in there if self._missing(checkpoint)]
            for checkpoint in pending:
                self._evaluate(checkpoint)
            if self._processes.broadcast(bool(there) and (not self._waiting.waits or self._is_final(there[-1]))):
                break
            if pending:
                self._waiting.restart()
            self._waiting.pause(there)
        self._show(self._by_interest(there))

    def evaluate_one(self, checkpoint: Checkpoint) -> list[Report]:
        """Evaluates one checkpoint that is kept meanwhile, if it has no figures yet; shows and returns its figures."""
        self._read_records()
        if self._missing(checkpoint):
            self._evaluate(checkpoint)
        self._show([checkpoint])
        return [report_of(record) for _, record in sorted(self._known(checkpoint).items())]

    def _read_records(self) -> None:
        # Records of release 0.1 do not say what they are of; they stay, and count for nothing.
        self._records = {
            _key(record): record for record in read_journal(self._folder / EVALUATION_FILE, step=int, split=str)
        }

    def _by_interest(self, there: list[Checkpoint]) -> list[Checkpoint]:
        """The best checkpoint, where one is known to be, and the others from the newest on."""
        best = self._processes.broadcast(best_checkpoint(self._folder))
        first = None if best is None else best.step
        return sorted(there, key=lambda checkpoint: (checkpoint.step == first, checkpoint.step), reverse=True)

    def _show(self, there: list[Checkpoint]) -> None:
        """Shows the figures of the first checkpoint that has some, and says so if it is not the first of all."""
        for checkpoint in there:
            known = self._known(checkpoint)
            if not known:
                continue
            if checkpoint != there[0]:
                self._console.say(f"checkpoint {there[0].step} has no figures; those below are of another")
            if self._processes.is_first:
                best = best_checkpoint(self._folder)
                is_best = best is not None and best.step == checkpoint.step
                title = f"{self._folder}, step {checkpoint.step}{', the best' if is_best else ''}"
                self._console.table(title, [known[name] for name in sorted(known)], self._setup.program.metrics)
            if self._details:
                self._show_details(checkpoint, known)
            return

    def score_rows(self, checkpoint: Checkpoint, names: Sequence[str]) -> None:
        """Scores the rows of validation sets by a checkpoint, whatever they were scored by before."""
        with self._kept(checkpoint) as trouble:
            if trouble is not None:
                raise TrainError(f"checkpoint {checkpoint.step} is gone: {trouble}", "training.save_dir")
            self._load(checkpoint)
        for name in names:
            folder = self._folder / EVALUATION_SCORES_FOLDER
            self._setup.evaluate(name, self._datasets[name], folder, checkpoint.step)

    def _show_details(self, checkpoint: Checkpoint, known: Mapping[str, dict[str, Any]]) -> None:
        """Shows what is asked for beside a checkpoint's figures; its rows are scored again if others were since."""
        files = {name: self._folder / EVALUATION_SCORES_FOLDER / f"{name}.parquet" for name in sorted(known)}
        stale = [name for name, file in files.items() if step_of(file) != checkpoint.step]
        if stale := self._processes.broadcast(stale):
            self.score_rows(checkpoint, stale)
        for name, file in files.items():
            figures = report_of(known[name]).figures
            of_set = partial(self._setup.program.details, partial(read_rows, file), figures, self._details)
            for table in self._processes.of_first(of_set):
                self._console.detail(name, table)

    def _look(self) -> list[Checkpoint]:
        """The checkpoints there are, oldest first; the first process looks, so that all see the same.

        Those that were rotated away before anybody evaluated them are recorded as skipped.
        """
        found = self._processes.broadcast(committed(self._folder))
        rotated = self._processes.broadcast(read_journal(self._folder / ROTATED_FILE, step=int))
        told = {(step, split) for step, split, _ in self._records}
        gone = sorted({record["step"] for record in rotated} - {checkpoint.step for checkpoint in found})
        untold = {step: [name for name in self._datasets if (step, name) not in told] for step in gone}
        self._skip(_DELETED, {step: names for step, names in untold.items() if names})
        return found

    def _wanted(self, checkpoint: Checkpoint) -> dict[str, str | None]:
        """What the figures of a checkpoint would be of, by validation set; none of it if the checkpoint is gone.

        The first process looks, as one may find a checkpoint that another finds deleted.
        """
        try:
            wanted: dict[str, str | None] = {
                name: evaluation_identity(checkpoint, name, dataset, self._setup)
                for name, dataset in self._datasets.items()
            }
        except FileNotFoundError:
            # Deleted, which `_look` finds out next, or damaged.
            wanted = dict.fromkeys(self._datasets)
        return self._processes.broadcast(wanted)

    def _known(self, checkpoint: Checkpoint) -> dict[str, dict[str, Any]]:
        """The figures there are of a checkpoint, by validation set."""
        records = {
            name: self._records.get((checkpoint.step, name, of)) for name, of in self._wanted(checkpoint).items()
        }
        return {name: record for name, record in records.items() if record is not None and _SKIPPED not in record}

    def _missing(self, checkpoint: Checkpoint) -> dict[str, str | None]:
        """The validation sets that a checkpoint has no figures of as they are, with what figures would be of."""
        if checkpoint.step in self._damaged:
            return {}
        wanted = self._wanted(checkpoint)
        return {name: of for name, of in wanted.items() if (checkpoint.step, name, of) not in self._records}

    def _is_final(self, checkpoint: Checkpoint) -> bool:
        """Whether the run ends with this checkpoint: at its last step, or early for want of a better one."""
        if checkpoint.step >= self._training.num_train_steps:
            return True
        program = self._setup.program
        best = best_of(program, lambda _line: None)
        try:
            if checkpoint.step >= within_epochs_of(checkpoint, self._training).num_train_steps:
                return True
            saved = type(program).followed_by(saved_config(checkpoint, self._setup).message)
            best.restore(checkpoint.state["best"], saved, is_same_data=lambda _name: True)
        except (OSError, TrainError):
            return False  # Deleted for a newer one since, or damaged.
        return best.is_exhausted

    def _evaluate(self, checkpoint: Checkpoint) -> None:
        with self._kept(checkpoint) as trouble:
            if trouble is None:
                self._load(checkpoint)
        if trouble is not None:
            self._damaged.add(checkpoint.step)
            told = {(step, split) for step, split, of in self._records if of is None}
            untold = [name for name in self._datasets if (checkpoint.step, name) not in told]
            self._skip(trouble, {checkpoint.step: untold})
            return
        for name, of in self._missing(checkpoint).items():
            figures = self._setup.evaluate(
                name, self._datasets[name], self._folder / EVALUATION_SCORES_FOLDER, checkpoint.step
            )
            self._record({"step": checkpoint.step, "split": name, "of": of, **figures})
            self._console.note(f"step {checkpoint.step}  {name}")

    @contextmanager
    def _kept(self, checkpoint: Checkpoint) -> Iterator[str | None]:
        """Keeps a checkpoint from being deleted while every process loads it; yields why it cannot be loaded."""
        trouble = None
        with ExitStack() as stack:
            if self._processes.is_first:
                try:
                    stack.enter_context(checkpoint.kept())
                    trouble = checkpoint.damage()
                except FileNotFoundError:
                    trouble = checkpoint.damage() if checkpoint.folder.exists() else _DELETED
            yield self._processes.broadcast(trouble)
            self._processes.barrier()

    def _load(self, checkpoint: Checkpoint) -> None:
        if names := load_weights(checkpoint, self._setup):
            self._console.say(f"checkpoint {checkpoint.step} has no figures: its {names[0]} is not finite")

    def _skip(self, reason: str, untold: Mapping[int, Sequence[str]]) -> None:
        """Says that checkpoints are not evaluated, and why; records it of each for these validation sets."""
        if untold:
            self._console.say(f"{_called(list(untold))} skipped: {reason}")
        for step, names in untold.items():
            for name in names:
                self._record({"step": step, "split": name, "of": None, _SKIPPED: reason})

    def _record(self, record: dict[str, Any]) -> None:
        self._records[_key(record)] = record
        if not self._processes.is_first:
            return
        with Journal(self._folder / EVALUATION_FILE) as journal:
            journal.append(record)
            journal.sync()


def _called(steps: Sequence[int]) -> str:
    """Checkpoints of some steps, in a few words."""
    if len(steps) == 1:
        return f"checkpoint {steps[0]}"
    return f"{len(steps)} checkpoints from {steps[0]} to {steps[-1]}"


def _key(record: dict[str, Any]) -> tuple[int, str, str | None]:
    """What a record is known by: step, validation set, and what the figures are of."""
    return record["step"], record["split"], record.get("of", "release 0.1")
