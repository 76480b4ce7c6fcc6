from __future__ import annotations

import math

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from rankspec.optim.v1.learning_rate_pb2 import LearningRate

from rankspec.optimization.learning_rates import learning_rate_at

RATES = st.floats(min_value=0, max_value=10, allow_nan=False)
STEPS = st.integers(min_value=0, max_value=10**7)


def _schedule(text: str) -> LearningRate:
    return text_format.Parse(text, LearningRate())


def test_constant_at_every_step() -> None:
    assert {learning_rate_at(_schedule("constant: 0.5"), step) for step in (0, 1, 10**9)} == {0.5}


@pytest.mark.parametrize(("step", "rate"), [(0, 0.1), (2, 0.1), (3, 0.05), (6, 0.05), (7, 0.025), (10**9, 0.025)])
def test_at_a_boundary_the_next_value_holds(step: int, rate: float) -> None:
    schedule = _schedule(
        "piecewise_constant { learning_rate_boundaries: [3, 7] learning_rate_values: [0.1, 0.05, 0.025] }"
    )
    assert learning_rate_at(schedule, step) == rate


def test_one_value_without_boundaries() -> None:
    assert learning_rate_at(_schedule("piecewise_constant { learning_rate_values: 0.3 }"), 5) == 0.3


@given(rate=RATES, num_ramp_steps=st.integers(1, 10**6), step=STEPS)
def test_ramp_grows_from_0_to_the_rate_and_stays(rate: float, num_ramp_steps: int, step: int) -> None:
    schedule = LearningRate()
    schedule.linear_ramp_to_constant.learning_rate = rate
    schedule.linear_ramp_to_constant.num_ramp_steps = num_ramp_steps
    assert learning_rate_at(schedule, 0) == 0
    assert learning_rate_at(schedule, num_ramp_steps + step) == rate
    assert learning_rate_at(schedule, step) <= learning_rate_at(schedule, step + 1)
    assert learning_rate_at(schedule, step) == pytest.approx(min(rate, step * rate / num_ramp_steps))


@given(peak=RATES, final=RATES, ramp=st.integers(1, 1000), decay=st.integers(1, 1000), step=st.integers(0, 3000))
def test_cosine_goes_from_the_ramp_to_the_final_rate(
    peak: float, final: float, ramp: int, decay: int, step: int
) -> None:
    schedule = LearningRate()
    cosine = schedule.linear_ramp_to_cosine
    cosine.learning_rate, cosine.final_learning_rate = peak, final
    cosine.num_ramp_steps, cosine.final_num_steps = ramp, ramp + decay
    assert learning_rate_at(schedule, ramp) == pytest.approx(peak)
    assert learning_rate_at(schedule, ramp + decay + step) == final
    rate = learning_rate_at(schedule, ramp + step % (decay + 1))
    assert min(peak, final) - 1e-12 <= rate <= max(peak, final) + 1e-12


def test_cosine_is_halfway_in_the_middle() -> None:
    schedule = _schedule(
        "linear_ramp_to_cosine { learning_rate: 3 final_learning_rate: 1 num_ramp_steps: 2 final_num_steps: 6 }"
    )
    rates = [learning_rate_at(schedule, step) for step in range(8)]
    expected = [0, 1.5, 3, 1 + (1 + math.sqrt(0.5)), 2, 1 + (1 - math.sqrt(0.5)), 1, 1]
    assert rates == pytest.approx(expected, abs=1e-15)


def test_negative_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="no step -1"):
        learning_rate_at(_schedule("constant: 1"), -1)


def test_a_message_without_a_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="no formula"):
        learning_rate_at(LearningRate(), 0)
