"""Learning rates as functions of the optimizer step.

Pure arithmetic in double precision, so that the trainer, `plan` and other languages compute the same numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from math import cos, pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankspec.optim.v1.learning_rate_pb2 import (
        LearningRate,
        LinearRampToConstant,
        LinearRampToCosine,
        PiecewiseConstant,
    )


def learning_rate_at(schedule: LearningRate, step: int) -> float:
    """The rate that the update number `step` is made with.

    Args:
        schedule: a valid schedule, as the spec's rules have it.
        step: optimizer steps made before this one; 0 for the first.

    Returns:
        The learning rate.

    Raises:
        ValueError: for a negative step, or a message in which no schedule is chosen.
    """
    if step < 0:
        raise ValueError(f"steps count from 0, there is no step {step}")
    match schedule.WhichOneof("lr"):
        case "constant":
            return schedule.constant
        case "piecewise_constant":
            return _piecewise_constant(schedule.piecewise_constant, step)
        case "linear_ramp_to_constant":
            return _linear_ramp_to_constant(schedule.linear_ramp_to_constant, step)
        case "linear_ramp_to_cosine":
            return _linear_ramp_to_cosine(schedule.linear_ramp_to_cosine, step)
        case other:
            raise ValueError(f"no formula for the schedule {other!r}")


def _piecewise_constant(schedule: PiecewiseConstant, step: int) -> float:
    return schedule.learning_rate_values[bisect_right(schedule.learning_rate_boundaries, step)]


def _ramp(learning_rate: float, num_ramp_steps: int, step: int) -> float:
    return step * learning_rate / num_ramp_steps


def _linear_ramp_to_constant(schedule: LinearRampToConstant, step: int) -> float:
    if step >= schedule.num_ramp_steps:
        return schedule.learning_rate
    return _ramp(schedule.learning_rate, schedule.num_ramp_steps, step)


def _linear_ramp_to_cosine(schedule: LinearRampToCosine, step: int) -> float:
    """Warm-up, then half a cosine (Loshchilov and Hutter, 2017, SGDR, equation 5, without restarts)."""
    peak, final = schedule.learning_rate, schedule.final_learning_rate
    if step < schedule.num_ramp_steps:
        return _ramp(peak, schedule.num_ramp_steps, step)
    if step >= schedule.final_num_steps:
        return final
    progress = (step - schedule.num_ramp_steps) / (schedule.final_num_steps - schedule.num_ramp_steps)
    return final + (peak - final) / 2 * (1 + cos(pi * progress))
