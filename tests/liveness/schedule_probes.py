"""Probes of learning-rate schedules, wherever one is."""

from collections.abc import Iterator

from tests.liveness import observations as see
from tests.liveness.directions import larger, smaller
from tests.liveness.probe import Probe


def schedules(path: str) -> Iterator[Probe]:
    """The fields of every kind of schedule at a place."""
    sees, ramp, cosine = see.learning_rates, f"{path}.linear_ramp_to_constant", f"{path}.linear_ramp_to_cosine"
    yield Probe(f"{path}.constant", "0.02", sees, larger(), (f"{path}.constant=0.01",))
    given = (f"{ramp}={{ learning_rate: 0.01 num_ramp_steps: 4 }}",)
    yield Probe(f"{ramp}.learning_rate", "0.02", sees, larger(), given)
    yield Probe(f"{ramp}.num_ramp_steps", "6", sees, smaller(), given)
    given = (f"{cosine}={{ learning_rate: 0.01 final_learning_rate: 0.001 num_ramp_steps: 2 final_num_steps: 6 }}",)
    yield Probe(f"{cosine}.learning_rate", "0.02", sees, larger(), given)
    yield Probe(f"{cosine}.final_learning_rate", "0.005", sees, larger(), given)
    yield Probe(f"{cosine}.num_ramp_steps", "3", sees, given=given)
    yield Probe(f"{cosine}.final_num_steps", "7", sees, larger(), given)
    steps = f"{path}.piecewise_constant"
    given = (f"{steps}={{ learning_rate_boundaries: 3 learning_rate_values: [0.01, 0.02] }}",)
    yield Probe(f"{steps}.learning_rate_boundaries", "[5]", sees, smaller(), given)
    yield Probe(f"{steps}.learning_rate_values", "[0.01, 0.03]", sees, larger(), given)
