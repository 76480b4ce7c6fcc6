"""Length and cadences of a run: what its `training` message says, as the engine takes it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from rankspec.trainer.checkpoints import STATE_FILE, Checkpoint
from rankspec.trainer.home_folder import expanded


@dataclass(frozen=True)
class Followed:
    """The metric that decides which checkpoint is the best.

    Attributes:
        validation_data: the validation set.
        metric: the metric's name in the set's figures.
        patience: evaluations without a better one that end the run, or none for no end.
        rows: which of the set's rows it is of, where it is not of all; two texts are equal if the rows are.
    """

    validation_data: str
    metric: str
    patience: int | None
    rows: str = ""


@dataclass(frozen=True)
class Training:
    """Length and cadences of a run; all counts but those of batches are of optimizer steps.

    Attributes:
        save_dir: the run's folder, as it is written in the config.
        num_train_steps: steps of the whole run; fewer may do, see `within_epochs`.
        checkpoint_every_n: steps between checkpoints.
        checkpoint_max_to_keep: newest checkpoints that are kept, or none for all.
        train_log_every_n: steps between reports.
        eval_log_every_n: steps between evaluations.
        num_eval_steps: batches an evaluation takes of each set, or none for all.
        eval_timeout_in_s: seconds to wait for a further checkpoint.
        gradient_accumulation: batches of a step.
        gradient_clip_norm: largest norm of a step's gradients, or none for no limit.
        initial_checkpoint_dir: where first weights come from; empty for random ones.
        followed: the metric of the best checkpoint, or none.
        num_epochs: passes over the training data after which training ends too, or none for no such end.
    """

    save_dir: str
    num_train_steps: int
    checkpoint_every_n: int
    checkpoint_max_to_keep: int | None
    train_log_every_n: int
    eval_log_every_n: int
    num_eval_steps: int | None
    eval_timeout_in_s: float
    gradient_accumulation: int
    gradient_clip_norm: float | None
    initial_checkpoint_dir: str
    followed: Followed | None
    num_epochs: int | None

    @property
    def folder(self) -> Path:
        """The run's folder, which need not exist."""
        return Path(expanded(self.save_dir, "training.save_dir"))

    def due(self, done: int, every: int) -> bool:
        """Whether something done every so many steps is due after `done` of them: also after the last."""
        return done % every == 0 or done == self.num_train_steps

    def within_epochs(self, rows_per_epoch: int, rows_per_step: int, offset: int) -> Training:
        """The same, with an end no later than the step in which the last pass over the training data ends.

        That step is as large as all others: what it lacks comes from the next pass. So a run that is given more passes
        afterwards goes on as if it had had them from the start.

        Args:
            rows_per_epoch: rows of a pass.
            rows_per_step: rows of a step.
            offset: rows of the stream before the first step; not 0 where earlier passes were over other data.
        """
        if self.num_epochs is None:
            return self
        last = -((offset - self.num_epochs * rows_per_epoch) // rows_per_step)
        return replace(self, num_train_steps=min(self.num_train_steps, last))


# Fields that every family's training message has in common, with the same meaning.
COMMON_FIELDS = tuple(field.name for field in fields(Training) if field.name not in {"followed", "num_epochs"})


def training_from(message: Any, *, followed: Followed | None = None, num_epochs: int | None = None) -> Training:
    """Takes over the common fields of a family's training message.

    Args:
        message: the message, resolved.
        followed: as in `Training`, where the family has it.
        num_epochs: likewise.
    """
    values = {name: getattr(message, name) for name in COMMON_FIELDS}
    values["num_eval_steps"] = message.num_eval_steps if message.num_eval_steps >= 0 else None
    for name in ("checkpoint_max_to_keep", "gradient_clip_norm"):
        values[name] = values[name] if message.HasField(name) else None
    return Training(**values, followed=followed, num_epochs=num_epochs)


def within_epochs_of(checkpoint: Checkpoint, training: Training) -> Training:
    """The length of a run over the data of a checkpoint; one of an earlier release knows nothing of passes.

    Args:
        checkpoint: says how many rows a pass and a step have.
        training: as the config has it.

    Raises:
        TrainError: the checkpoint's state cannot be understood.
    """
    state = checkpoint.state
    if "rows_per_epoch" not in state:
        return training
    with checkpoint.interpreting(STATE_FILE):
        of_epoch, of_step = int(state["rows_per_epoch"]), max(int(state["rows_per_step"]), 1)
        return training.within_epochs(of_epoch, of_step, int(state.get("data_offset", 0)))
