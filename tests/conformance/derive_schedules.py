"""Derives learning-rate cases: every schedule at the steps where it changes, and beside them."""

from collections.abc import Iterator

from conformance.v1 import conformance_pb2 as pb
from google.protobuf import text_format
from rankspec.optim.v1.learning_rate_pb2 import LearningRate

from rankspec.optimization.learning_rates import learning_rate_at

# By name: the schedule, and steps at which something happens.
_SCHEDULES = {
    "constant": ("constant: 0.003", [0, 1]),
    "constant_zero": ("constant: 0", [0]),
    "one_value": ("piecewise_constant { learning_rate_values: 0.1 }", [0, 10**12]),
    "two_jumps": (
        "piecewise_constant { learning_rate_boundaries: [10, 20] learning_rate_values: [0.3, 0.2, 0.1] }",
        [0, 10, 20, 2**40],
    ),
    "ramp": ("linear_ramp_to_constant { learning_rate: 0.1 num_ramp_steps: 7 }", [0, 3, 7, 10**9]),
    "ramp_of_one_step": ("linear_ramp_to_constant { learning_rate: 0.1 num_ramp_steps: 1 }", [0, 1]),
    "long_ramp": ("linear_ramp_to_constant { learning_rate: 1e-300 num_ramp_steps: 1000000007 }", [123456789]),
    "cosine": (
        "linear_ramp_to_cosine { learning_rate: 1 final_learning_rate: 0.1 num_ramp_steps: 100 final_num_steps: 999 }",
        [0, 50, 100, 333, 550, 999, 10**10],
    ),
    "cosine_to_zero": (
        "linear_ramp_to_cosine { learning_rate: 1 final_learning_rate: 0 num_ramp_steps: 1 final_num_steps: 11 }",
        [0, 1, 6, 11],
    ),
    "cosine_upwards": (
        "linear_ramp_to_cosine { learning_rate: 0.1 final_learning_rate: 0.4 num_ramp_steps: 3 final_num_steps: 9 }",
        [0, 3, 6, 9],
    ),
}
# Cosines may differ in their last digit, and a difference of rates takes leading ones away.
_COSINE_TOLERANCE = 2.0**-50


def schedule_suites() -> Iterator[tuple[str, list[pb.Case]]]:
    """Yields the name of a suite and its cases, for each schedule."""
    for name, (text, changes) in _SCHEDULES.items():
        schedule = text_format.Parse(text, LearningRate())
        suite = f"schedules/{name}"
        steps = sorted({max(0, step + offset) for step in changes for offset in (-1, 0, 1)})
        yield suite, [_case(suite, schedule, step) for step in steps]


def _case(suite: str, schedule: LearningRate, step: int) -> pb.Case:
    case = pb.Case(id=f"{suite}/step_{step}/valid")
    case.request.learning_rate_at.schedule.CopyFrom(schedule)
    case.request.learning_rate_at.step = step
    case.expected.learning_rate.value = learning_rate_at(schedule, step)
    cosine = schedule.linear_ramp_to_cosine
    if cosine.num_ramp_steps <= step < cosine.final_num_steps:
        largest = max(cosine.learning_rate, cosine.final_learning_rate)
        case.expected.learning_rate.tolerance = _COSINE_TOLERANCE * largest
    return case
