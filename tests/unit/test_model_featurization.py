from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from google.protobuf import text_format
from rankspec.recap.v1.featurization_pb2 import FeaturizationConfig
from tests.unit.recap_models import built, random_batch, recap_config
from torch import Tensor, nn

from rankspec.families.recap.input_signature import MODEL_INPUTS
from rankspec.families.recap.program.model.blocks import Blocks
from rankspec.families.recap.program.model.featurization import build_featurization
from rankspec.trainer.inputs import Input

torch.set_num_threads(1)

BATCH = SimpleNamespace(
    continuous=torch.tensor([[math.nan, math.inf, -1e6, 3.0], [-math.inf, 0.0, -0.5, 1e-3]]),
    binary=torch.tensor([[1, 0], [0, 1]], dtype=torch.int8),
    discrete=torch.tensor([[7, 300], [9, -1]]),
)

# What the featurization gets in a model.
CLEAN = SimpleNamespace(
    **vars(BATCH) | {"continuous": torch.nan_to_num(BATCH.continuous, nan=0.0, posinf=0.0, neginf=0.0)}
)


class _Joined(nn.Module):
    """A featurization whose blocks come side by side."""

    def __init__(self, featurization: nn.Module) -> None:
        super().__init__()
        self.featurization = featurization

    def forward(self, batch: Any) -> Tensor:
        return Blocks(self.featurization(batch)).joined


def _built(text: str) -> Any:
    widths = {"continuous": 4, "binary": 2, "discrete": 2}
    inputs = [Input(name, name, MODEL_INPUTS[name], width, width) for name, width in widths.items()]
    return _Joined(build_featurization(text_format.Parse(text, FeaturizationConfig()), inputs))


def _log(value: float) -> float:
    return math.copysign(math.log1p(abs(value)), value)


def _assert_close(actual: Tensor, expected: list[list[float]]) -> None:
    torch.testing.assert_close(actual, torch.tensor(expected, dtype=torch.float32), equal_nan=True)


def test_double_norm_log_without_norms() -> None:
    featurization = _built("double_norm_log_config {}")
    _assert_close(featurization(CLEAN), [[0, 0, -5, _log(3), 1, 0], [0, 0, _log(-0.5), _log(1e-3), 0, 1]])
    assert featurization.featurization.widths == {"continuous": 4, "binary": 2}


def test_layer_norm_goes_over_continuous_and_raw_features() -> None:
    featurization = _built("double_norm_log_config { layer_norm_config { epsilon: 0 center: false scale: false } }")
    normalized = featurization(CLEAN)
    torch.testing.assert_close(normalized.mean(1), torch.zeros(2), atol=1e-6, rtol=0)
    torch.testing.assert_close(normalized.std(1, correction=0), torch.ones(2))


@pytest.mark.parametrize(
    "featurization",
    [
        "double_norm_log_config { batch_norm_config {} layer_norm_config {} }",
        "double_norm_log_config {}",
        "log1p_abs_config {}",
        "clip_log1p_abs_config {}",
    ],
)
def test_features_that_are_not_finite_count_as_0_whatever_the_featurization(featurization: str) -> None:
    config = recap_config()
    text_format.Merge(f"model {{ featurization_config {{ {featurization} }} }}", config)
    model, batch = built(config).eval(), random_batch()
    assert batch.user_embedding is not None
    odd = torch.tensor([math.nan, math.inf, -math.inf])
    zeroed = replace(batch, continuous=batch.continuous.clone(), user_embedding=batch.user_embedding.clone())
    assert zeroed.user_embedding is not None
    zeroed.continuous[:3, 1] = zeroed.user_embedding[:3, 1] = 0
    spoilt = replace(batch, continuous=batch.continuous.clone(), user_embedding=batch.user_embedding.clone())
    assert spoilt.user_embedding is not None
    spoilt.continuous[:3, 1] = spoilt.user_embedding[:3, 1] = odd

    assert torch.isfinite(model(spoilt)).all()
    assert torch.equal(model(spoilt), model(zeroed))
    assert not torch.equal(model(spoilt), model(batch))


def test_batch_norm_goes_over_continuous_features_before_clipping() -> None:
    featurization = _built("double_norm_log_config { batch_norm_config {} clip_magnitude: 0.5 }")
    features = featurization(BATCH)
    # With two rows, batch norm gives 1 and -1, or 0 where they are equal: 0.5 is what clipping leaves of it.
    _assert_close(features[:, 2:4], [[-0.5, 0.5], [0.5, -0.5]])
    _assert_close(features[:, 4:], [[1, 0], [0, 1]])


def test_log1p_abs_cleans_nothing() -> None:
    expected = [[math.nan, math.inf, _log(-1e6), _log(3), 1, 0], [-math.inf, 0, _log(-0.5), _log(1e-3), 0, 1]]
    _assert_close(_built("log1p_abs_config {}")(BATCH), expected)


def test_clip_log1p_abs_clips_raw_values() -> None:
    expected = [[math.nan, _log(2), -_log(2), _log(2), 1, 0], [-_log(2), 0, _log(-0.5), _log(1e-3), 0, 1]]
    _assert_close(_built("clip_log1p_abs_config { clip_magnitude: 2 }")(BATCH), expected)


def test_the_default_clip_makes_infinity_finite() -> None:
    assert _built("clip_log1p_abs_config {}")(BATCH)[1, 0].item() == pytest.approx(-math.log(3e38))


@pytest.mark.parametrize(
    ("names", "raw"),
    [
        pytest.param("", [1, 0], id="empty_is_binary"),
        pytest.param('["binary"]', [1, 0], id="binary"),
        pytest.param('["discrete"]', [7, 300], id="discrete"),
        pytest.param('["discrete", "binary"]', [7, 300, 1, 0], id="in_the_order_named"),
    ],
)
def test_inputs_joined_as_they_are(names: str, raw: list[float]) -> None:
    field = f"feature_names_to_concat: {names}" if names else ""
    featurization = _built(f"double_norm_log_config {{}} {field}")
    assert featurization(BATCH)[0, 4:].tolist() == raw
    assert sum(featurization.featurization.widths.values()) == 4 + len(raw)
