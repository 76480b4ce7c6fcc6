"""Says why a run computed what is no finite number: the step, whose loss, the likely cause, what to go back to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rankspec.trainer.checkpoints import committed
from rankspec.trainer.errors import TrainError
from rankspec.trainer.finite import Trouble, largest_weight, not_finite
from rankspec.trainer.program import Batch, Program

CODE = "train.not_finite"
# Squares of larger ones overflow float32, and norms take squares.
_EXTREME = 1e18
# A weight of this magnitude is none that training arrives at.
_HUGE_WEIGHT = 1e6


class NotFiniteError(TrainError):
    """Something that should be a finite number is none."""

    code = CODE


def of_training(
    trouble: Trouble,
    program: Program[Any],
    rates: Mapping[str, float],
    batches: Sequence[Batch],
    folder: Path,
) -> NotFiniteError:
    """What to say of a step whose loss or gradients were not finite.

    Args:
        trouble: the step.
        program: what is trained, as it is now.
        rates: learning rates of the step before it, by parameter group: what made the weights what they were.
        batches: this process's share of the step's batches, in the formats that the model gets.
        folder: the run's.
    """
    what = f"the loss of {', '.join(trouble.parts)} is" if trouble.parts else "the norm of the gradients is"
    causes = [*_odd_columns(program, batches), *_odd_weights(program.model)]
    rate = max(rates.values(), default=0.0)
    causes.append(f"the learning rate was {rate:g} in the step before" if trouble.step > 1 else "it is the first step")
    return NotFiniteError(
        f"step {trouble.step}: {what} not finite; {'; '.join(causes)}. Lower the learning rate, set "
        f"training.gradient_clip_norm, or correct the data. {last_good(folder)}",
        program.optimizer_field,
    )


def of_checkpoint(names: Sequence[str], step: int, folder: Path, path: str) -> NotFiniteError:
    """What to say when the checkpoint of a step would hold these tensors, which are not finite; `path` is to blame."""
    return NotFiniteError(
        f"step {step}: {_listed(names)} not finite, so no checkpoint is written. Lower the learning rate, or set "
        f"training.gradient_clip_norm. {last_good(folder)}",
        path,
    )


def of_loaded(names: Sequence[str], checkpoint: Path, path: str) -> NotFiniteError:
    """What to say of a checkpoint that holds these tensors, which are not finite."""
    return NotFiniteError(
        f"checkpoint {checkpoint} is of no use: {_listed(names)} not finite. Move it away, and the same command goes "
        "on from the one before, or name another",
        path,
    )


def last_good(folder: Path) -> str:
    """A sentence on the newest checkpoint of a run."""
    there = committed(folder)
    if not there:
        return "There is no checkpoint before it"
    return f"The last good checkpoint is {there[-1].folder}; the same command goes on from it"


def _odd_weights(model: nn.Module) -> Iterator[str]:
    if names := not_finite(model.state_dict()):
        yield f"{_listed(names)} not finite"
        return
    name, size = largest_weight(model)
    if size > _HUGE_WEIGHT:
        yield f"the weight {name} has grown to {size:.3g}"


def _odd_columns(program: Program[Any], batches: Sequence[Batch]) -> Iterator[str]:
    """Columns of the batches with values too large to compute with; the model zeroes those that are not finite."""
    told = set()
    for column, values in (pair for batch in batches for pair in program.features(batch)):
        sizes = torch.nan_to_num(values.float().abs(), nan=0.0, posinf=0.0)
        if column not in told and sizes.numel() and (largest := sizes.max().item()) > _EXTREME:
            told.add(column)
            number = int(sizes.max(dim=0).values.argmax())
            yield f'the input column "{column}" holds {largest:.3g} (value {number})'
    weights = (program.row_weights(batch) for batch in batches)
    if any(of is not None and not (of.abs() < _EXTREME).all() for of in weights):
        yield "rows weigh more than float32 can sum up; raise the downsampling rates"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{shown} {'is' if len(names) == 1 else 'are'}"
