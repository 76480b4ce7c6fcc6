"""Learning rates as functions of the optimizer step.

Pure arithmetic in double precision, so that the trainer, `plan` and other languages compute the same numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from math import cos, pi
from typing import Any

from rankspec.claims.registry import obeys
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
    return rate_by_step(schedule)(step)


@obeys(LearningRate, "constant", "linear_ramp_to_cosine", "linear_ramp_to_constant", "piecewise_constant")
def rate_by_step(schedule: LearningRate) -> Callable[[int], float]:
    """The learning rate as a function of the step, from 0; for those who ask often, as it reads no message.

    Raises:
        ValueError: for a message in which no schedule is chosen.
    """
    chosen = schedule.WhichOneof("lr")
    if chosen not in _FORMULAS:
        raise ValueError(f"no formula for the schedule {chosen!r}")
    return _FORMULAS[chosen](getattr(schedule, chosen))


def _constant(rate: float) -> Callable[[int], float]:
    return lambda _step: rate


@obeys(PiecewiseConstant, "learning_rate_boundaries", "learning_rate_values")
def _piecewise_constant(schedule: PiecewiseConstant) -> Callable[[int], float]:
    boundaries, values = list(schedule.learning_rate_boundaries), list(schedule.learning_rate_values)
    return lambda step: values[bisect_right(boundaries, step)]


@obeys(LinearRampToConstant, "learning_rate", "num_ramp_steps")
def _linear_ramp_to_constant(schedule: LinearRampToConstant) -> Callable[[int], float]:
    rate, num_ramp_steps = schedule.learning_rate, schedule.num_ramp_steps
    return lambda step: rate if step >= num_ramp_steps else _ramp(rate, num_ramp_steps, step)


def _ramp(learning_rate: float, num_ramp_steps: int, step: int) -> float:
    return step * learning_rate / num_ramp_steps


@obeys(LinearRampToCosine, "learning_rate", "final_learning_rate", "num_ramp_steps", "final_num_steps")
def _linear_ramp_to_cosine(schedule: LinearRampToCosine) -> Callable[[int], float]:
    """Warm-up, then half a cosine (Loshchilov and Hutter, 2017, SGDR, equation 5, without restarts)."""
    peak, final = schedule.learning_rate, schedule.final_learning_rate
    num_ramp_steps, final_num_steps = schedule.num_ramp_steps, schedule.final_num_steps

    def rate_at(step: int) -> float:
        if step < num_ramp_steps:
            return _ramp(peak, num_ramp_steps, step)
        if step >= final_num_steps:
            return final
        progress = (step - num_ramp_steps) / (final_num_steps - num_ramp_steps)
        return final + (peak - final) / 2 * (1 + cos(pi * progress))

    return rate_at


# By the member of `LearningRate.lr`.
_FORMULAS: Mapping[str | None, Callable[[Any], Callable[[int], float]]] = {
    "constant": _constant,
    "piecewise_constant": _piecewise_constant,
    "linear_ramp_to_constant": _linear_ramp_to_constant,
    "linear_ramp_to_cosine": _linear_ramp_to_cosine,
}
