"""Learning rates of every schedule that the spec allows, beside the reference's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import protovalidate
import pytest
from rankspec.optim.v1.learning_rate_pb2 import LearningRate
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.parity.reference_configs import message_from_reference

from rankspec.diagnostics.diagnostic import ConfigError
from rankspec.optimization.learning_rates import learning_rate_at

FIXTURES = Path(__file__).parent / "fixtures"
MANIFEST = json.loads((FIXTURES / "lr_curves.json").read_text())
ARRAYS = dict(np.load(FIXTURES / "lr_curves.npz"))
# Their boundaries repeat, start at 0, or the ramp outlasts the schedule: mistakes that the spec refuses.
REFUSED = {"piecewise_boundary_zero_and_repeat", "ramp_to_cosine_final_before_ramp"}


def _schedule(config: dict[str, Any]) -> LearningRate:
    return message_from_reference(config, LearningRate)


def _is_allowed(schedule: LearningRate) -> bool:
    return not protovalidate.collect_violations(schedule)


ALLOWED = [name for name, config in MANIFEST["configs"].items() if _is_allowed(_schedule(config))]


def test_the_spec_refuses_only_mistakes() -> None:
    assert set(MANIFEST["configs"]) - set(ALLOWED) == REFUSED


@pytest.mark.parametrize("name", ALLOWED)
def test_curve(name: str) -> None:
    schedule = _schedule(MANIFEST["configs"][name])
    rates = [learning_rate_at(schedule, step) for step in range(len(ARRAYS[name]))]
    np.testing.assert_allclose(rates, ARRAYS[name], rtol=0, atol=1e-12)


def test_schedules_of_the_shipped_configuration(local_prod: RecapConfig) -> None:
    rates = local_prod.optimizer.multi_task_learning_rates
    groups = [
        rates.backbone_learning_rate if name == "backbone" else rates.tower_learning_rates[name]
        for name in MANIFEST["local_prod_groups"]
    ]
    ours = [[learning_rate_at(group, int(step)) for group in groups] for step in ARRAYS["local_prod/steps"]]
    np.testing.assert_allclose(ours, ARRAYS["local_prod/lr"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", [case for case in MANIFEST["edge_cases"] if "negative" not in case])
def test_what_the_reference_does_wrongly_is_refused(name: str) -> None:
    try:
        schedule = _schedule(MANIFEST["edge_cases"][name]["config"])
    except ConfigError:
        return  # Two members of a oneof do not even fit into the message.
    assert not _is_allowed(schedule)
