"""The metrics agree with the figures recorded from the reference, its defects excluded."""

import json
from pathlib import Path

import numpy as np
import pytest

from rankspec.metrics import binary as metrics
from rankspec.metrics.auroc import auroc
from rankspec.metrics.running import RunningCalibrationRatio

FIXTURES = Path(__file__).parent / "fixtures"
ARRAYS = np.load(FIXTURES / "metrics_small.npz")
CASES = json.loads((FIXTURES / "metrics_small.json").read_text())["cases"]
UPDATES = ARRAYS["in/update_bounds"][1:]
# Only what one call takes; the others describe modes of the reference's metric objects.
RCE_CASES = [name for name, case in CASES.items() if name.startswith("RCE/") and "forward" not in name]
AUROC_CASES = [name for name, case in CASES.items() if name.startswith("AUROCWithMWU/") and "predictions" in case]


def _inputs(name: str, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    case = CASES[name]
    weight = case.get("weight", "in/weights" if name.endswith("_weighted") else None)
    columns = (ARRAYS[case["predictions"]][:rows], ARRAYS[case["labels"]][:rows])
    if weight is None:
        return *columns, None
    return *columns, ARRAYS[weight][:rows] if isinstance(weight, str) else np.full(rows, weight)


@pytest.mark.parametrize("name", RCE_CASES)
def test_relative_cross_entropy_agrees(name: str) -> None:
    options = CASES[name].get("constructor", {})
    expected = ARRAYS[f"out/{name}"]
    got = [metrics.relative_cross_entropy(*_inputs(name, rows), **options) for rows in UPDATES]
    # The figure is in percent, and was computed in float32; as a ratio it agrees to 1e-6.
    assert np.allclose(np.array(got) / 100, expected / 100, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", AUROC_CASES)
def test_auroc_agrees(name: str) -> None:
    got = [auroc(*_inputs(name, rows)) for rows in UPDATES]
    assert np.allclose(got, ARRAYS[f"out/{name}"], rtol=0, atol=1e-6)


def test_auroc_of_equal_scores_is_one_half() -> None:
    labels = ARRAYS["in/labels"][:10]
    assert auroc(np.full(10, 0.3), labels) == pytest.approx(
        float(ARRAYS["out/AUROCWithMWU/all_equal_scores"][0]), abs=1e-6
    )


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_metrics_of_a_single_class_are_not_a_number(label: float) -> None:
    predictions, labels = np.array([0.2, 0.4]), np.full(2, label)
    assert np.isnan(metrics.relative_cross_entropy(predictions, labels))
    assert np.isnan(auroc(predictions, labels))


def test_metrics_of_rows_without_weight_are_not_a_number() -> None:
    predictions, labels, weights = np.array([0.2, 0.4]), np.array([0.0, 1.0]), np.zeros(2)
    assert np.isnan(metrics.relative_cross_entropy(predictions, labels, weights))
    assert np.isnan(auroc(predictions, labels, weights))


def test_calibration_ratio_weighs_rows() -> None:
    ratio = RunningCalibrationRatio()
    ratio.add(np.array([0.5, 0.5]), np.array([1.0, 0.0]), np.array([1.0, 3.0]))
    assert ratio.compute() == pytest.approx(2.0)


def test_relative_cross_entropy_of_a_worked_example() -> None:
    predictions, labels = np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])
    assert metrics.relative_cross_entropy(predictions, labels) == pytest.approx(31.8633, abs=1e-4)
    assert metrics.relative_cross_entropy(np.full(4, 0.5), labels) == pytest.approx(0)
    assert metrics.relative_cross_entropy(labels.astype(float), labels) == pytest.approx(100, abs=1e-4)
