"""The z-scored logarithm, and batch renormalization by the paper's formulas."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from google.protobuf import text_format
from rankspec.data.v1.statistics_pb2 import ColumnStatistics, DataStatistics
from rankspec.recap.v1.featurization_pb2 import FeaturizationConfig
from tests.unit.recap_models import WIDTHS, built, inputs, random_batch, recap_config
from torch import Tensor

from rankspec.families.recap.program.model.featurization import build_featurization
from rankspec.families.recap.program.model.normalization import BatchNorm, BatchRenorm
from rankspec.formats.writing import to_textproto
from rankspec.metrics.feature_statistics import RunningStatistics

torch.set_num_threads(1)

VALUES = torch.randn(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3 + 2


def _statistics(folder: Path, rows: Tensor) -> str:
    """Writes the statistics of rows; returns the part of a config that names them."""
    running = RunningStatistics(rows.shape[1])
    running.add(rows.numpy())
    places = running.of_places(tuple(range(rows.shape[1])))
    column = ColumnStatistics(column="continuous", length=rows.shape[1], places=places)
    (folder / "statistics.textproto").write_text(to_textproto(DataStatistics(columns=[column])))
    return f'analysis_path: "{folder}/statistics.textproto"'


def _features(folder: Path, text: str, rows: Tensor) -> Tensor:
    """The continuous features of the rows, standardized by their own statistics."""
    config = f"z_score_log_config {{ {_statistics(folder, rows)} {text} }}"
    featurization = build_featurization(text_format.Parse(config, FeaturizationConfig()), inputs())
    batch = random_batch(len(rows))
    object.__setattr__(batch, "continuous", rows)
    return featurization(batch)["continuous"]


def test_features_have_mean_0_and_deviation_1_over_the_data_of_the_statistics(tmp_path: Path) -> None:
    rows = random_batch(200).continuous
    features = _features(tmp_path, "clip_magnitude: 100", rows).double()
    torch.testing.assert_close(features.mean(0), torch.zeros(6, dtype=torch.float64), atol=1e-6, rtol=0)
    torch.testing.assert_close(features.std(0, correction=0), torch.ones(6, dtype=torch.float64), atol=1e-6, rtol=0)
    logarithm = rows.double().sign() * rows.double().abs().log1p()
    expected = (logarithm - logarithm.mean(0)) / logarithm.std(0, correction=0)
    torch.testing.assert_close(features, expected, atol=1e-5, rtol=1e-5)


def test_features_are_clipped_last(tmp_path: Path) -> None:
    rows = random_batch(200).continuous
    whole, clipped = (_features(tmp_path, text, rows) for text in ("clip_magnitude: 100", "clip_magnitude: 0.5"))
    torch.testing.assert_close(clipped, whole.clamp(-0.5, 0.5), rtol=0, atol=0)
    assert whole.abs().max() > 0.5


def test_a_constant_feature_is_0_whatever_is_served(tmp_path: Path) -> None:
    rows = random_batch(20).continuous
    rows[:, 2] = 0.1
    config = f"z_score_log_config {{ {_statistics(tmp_path, rows)} }}"
    featurization = build_featurization(text_format.Parse(config, FeaturizationConfig()), inputs())
    batch = random_batch(20)
    features = featurization(batch)["continuous"]
    assert features[:, 2].tolist() == [0] * 20
    assert features.isfinite().all()


@pytest.mark.parametrize(("field", "kind"), [("use_batch_norm", BatchNorm), ("use_renorm", BatchRenorm)])
def test_norm_is_between_standardization_and_clipping(tmp_path: Path, field: str, kind: type[BatchNorm]) -> None:
    rows = random_batch(50).continuous
    whole = _features(tmp_path, "clip_magnitude: 100", rows)
    expected = kind(6, momentum=0.1 if kind is BatchNorm else 0.01)(whole).clamp(-1.5, 1.5)
    torch.testing.assert_close(_features(tmp_path, f"{field}: true clip_magnitude: 1.5", rows), expected)


def test_export_gives_the_same_probabilities(tmp_path: Path) -> None:
    from tests.unit.test_model_export import _inputs, _OfTensors

    config, batch, other = recap_config(), random_batch(), random_batch(rows=5, seed=3)
    named = _statistics(tmp_path, batch.continuous)
    text = f"z_score_log_config {{ {named} use_renorm: true }}"
    text_format.Merge(f"model {{ featurization_config {{ {text} }} }}", config)
    model = built(config).eval()
    rows = {0: torch.export.Dim("rows", min=2)}
    with torch.no_grad():
        program = torch.export.export(_OfTensors(model, batch), _inputs(batch), dynamic_shapes=((rows,) * len(WIDTHS),))
        torch.testing.assert_close(program.module()(*_inputs(other)), model.predictions(model(other)))


def _renorm(momentum: float = 0.01) -> BatchRenorm:
    return BatchRenorm(5, momentum).double()


def test_renorm_that_clips_nothing_normalizes_by_the_running_statistics() -> None:
    norm = _renorm()
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(VALUES.mean(0) + 0.5)
    norm.running_var.copy_(VALUES.var(0) * 2)
    expected = (VALUES - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
    torch.testing.assert_close(norm(VALUES), expected)


def test_renorm_is_the_papers_algorithm_where_it_clips() -> None:
    norm, batch = _renorm(0.25), VALUES * torch.tensor([1e-2, 0.2, 0.5, 10, 1e3])
    batch[:, 4] += 1e5
    mean, deviation = batch.mean(0), (batch.var(0, correction=0) + norm.eps).sqrt()
    running = math.sqrt(1 + norm.eps)
    factor, offset = (deviation / running).clamp(1 / 3, 3), (mean / running).clamp(-5, 5)
    assert {1 / 3, 3.0} < set(factor.tolist())
    assert 5.0 in offset.tolist()
    torch.testing.assert_close(norm(batch), (batch - mean) / deviation * factor + offset)
    torch.testing.assert_close(norm.running_mean, mean * 0.25)
    torch.testing.assert_close(norm.running_var, 0.75 + batch.var(0) * 0.25)


def test_no_gradient_flows_through_the_correction() -> None:
    norm, values = _renorm(), VALUES.clone().requires_grad_()
    (norm(values) * VALUES.cos()).sum().backward()
    assert values.grad is not None
    # With the correction constant, adding the same to every row changes nothing.
    torch.testing.assert_close(values.grad.sum(0), torch.zeros(5, dtype=torch.float64), atol=1e-9, rtol=0)


def test_renorm_in_evaluation_is_batch_norms() -> None:
    norm, plain = _renorm(), BatchNorm(5).double()
    norm(VALUES)
    plain.load_state_dict(norm.state_dict())
    torch.testing.assert_close(norm.eval()(VALUES), plain.eval()(VALUES), rtol=0, atol=0)


def test_renorm_of_a_single_row_is_finite() -> None:
    norm = _renorm()
    output = norm(VALUES[:1])
    assert output.isfinite().all()
    assert norm.running_var is not None
    assert norm.running_var.tolist() == [1] * 5
    assert np.isfinite(norm.eval()(VALUES[:1]).detach().numpy()).all()
