"""Metrics of rows that come in chunks are those of the rows at once."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.metric_references import calibration_ratio

from rankspec.metrics import binary as metrics
from rankspec.metrics.running import (
    RunningAccuracy,
    RunningCalibrationRatio,
    RunningMean,
    RunningMeanAbsoluteError,
    RunningMeanSquaredError,
    RunningRelativeCrossEntropy,
    RunningRootMeanSquaredError,
)

Columns = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


RUNNING: dict[str, tuple[type[RunningRelativeCrossEntropy | RunningCalibrationRatio], Callable[..., float]]] = {
    "rce": (RunningRelativeCrossEntropy, metrics.relative_cross_entropy),
    "calibration_ratio": (RunningCalibrationRatio, calibration_ratio),
}


def _rows(num_rows: int) -> Columns:
    rng = np.random.default_rng(num_rows)
    probabilities = rng.beta(0.5, 3, num_rows)
    labels = rng.random(num_rows) < probabilities
    return (
        probabilities.astype(np.float32),
        labels.astype(np.float32),
        rng.choice([0, 0.5, 1, 10], num_rows).astype(np.float32),
    )


@pytest.mark.parametrize("chunk_rows", [1, 7, 1000, 10_000])
@pytest.mark.parametrize("name", RUNNING)
def test_figures_of_chunks_are_those_of_all_rows(name: str, chunk_rows: int) -> None:
    running_type, whole = RUNNING[name]
    rows = _rows(5000)
    running = running_type()

    for start in range(0, 5000, chunk_rows):
        running.add(*(column[start : start + chunk_rows] for column in rows))

    assert running.compute() == pytest.approx(whole(*rows), rel=1e-12)


def test_mean_is_in_float64_and_of_every_row() -> None:
    mean = RunningMean()
    for _ in range(3):
        mean.add(np.full(2**17, 0.1, np.float32))

    assert mean.compute() == pytest.approx(float(np.float32(0.1)), rel=1e-14)


_UNDEFINED: dict[str, tuple[list[float], list[float], list[float]]] = {
    "no_rows": ([], [], []),
    "no_weight": ([0.1, 0.2], [0, 1], [0, 0]),
    "negatives_only": ([0.1, 0.2], [0, 0], [1, 1]),
    "probability_that_is_no_number": ([0.1, np.nan], [0, 1], [1, 1]),
    "infinite_weight": ([0.1, 0.2], [0, 1], [1, np.inf]),
    "probability_of_no_weight_that_is_no_number": ([0.1, 0.2, np.nan], [0, 1, 1], [1, 1, 0]),
}


@pytest.mark.parametrize("rows", _UNDEFINED.values(), ids=_UNDEFINED)
@pytest.mark.parametrize("name", RUNNING)
def test_figure_that_means_nothing_is_no_number(name: str, rows: tuple[list[float], ...]) -> None:
    running_type, whole = RUNNING[name]
    columns = [np.array(column, np.float32) for column in rows]
    good = _rows(100) if not np.isfinite(columns).all() else tuple(np.zeros((3, 0), np.float32))
    running = running_type()

    for part in (good, columns, good):
        running.add(*part)

    assert np.isnan(whole(*columns))
    assert np.isnan(running.compute())


def test_positives_only_have_a_calibration_and_no_relative_entropy() -> None:
    columns = [np.array(column, np.float32) for column in ([0.25, 0.5], [1, 1], [1, 1])]
    entropy, ratio = RunningRelativeCrossEntropy(), RunningCalibrationRatio()
    for running in (entropy, ratio):
        running.add(*columns)

    assert np.isnan(entropy.compute())
    assert ratio.compute() == 0.375


def test_mean_of_no_rows_is_no_number() -> None:
    assert np.isnan(RunningMean().compute())


def test_rows_without_weight_make_no_second_class() -> None:
    predictions, labels, weights = (np.array(v, np.float32) for v in ([0.9, 0.8, 0.1], [1, 1, 0], [1, 1, 0]))
    running = RunningRelativeCrossEntropy()
    running.add(predictions, labels, weights)

    assert np.isnan(running.compute())
    assert np.isnan(metrics.relative_cross_entropy(predictions, labels, weights))


def test_errors_of_numbers_are_weighted_means() -> None:
    predictions, labels, weights = (np.array(v, np.float32) for v in ([1, 2, 9], [0, 4, 0], [1, 3, 0]))
    rmse, mae = RunningRootMeanSquaredError(), RunningMeanAbsoluteError()
    for rows in (slice(0, 1), slice(1, 3)):
        for running in (rmse, mae):
            running.add(predictions[rows], labels[rows], weights[rows])

    assert rmse.compute() == pytest.approx(np.sqrt((1 + 3 * 4) / 4))
    assert mae.compute() == pytest.approx((1 + 3 * 2) / 4)
    assert np.isnan(RunningRootMeanSquaredError().compute())
    rmse.add(*(np.array([v], np.float32) for v in (np.inf, 0, 1)))
    assert np.isnan(rmse.compute())


def test_brier_score_is_the_weighted_mean_of_squared_differences() -> None:
    probabilities, labels, weights = _rows(500)
    running = RunningMeanSquaredError()
    running.add(probabilities, labels, weights)

    expected = np.average((probabilities.astype(float) - labels) ** 2, weights=weights)
    assert running.compute() == pytest.approx(expected)


@pytest.mark.parametrize("threshold", [0.1, 0.5])
def test_accuracy_is_the_weighted_share_on_the_right_side(threshold: float) -> None:
    probabilities, labels, weights = _rows(500)
    running = RunningAccuracy(threshold)
    running.add(probabilities, labels, weights)

    is_right = (probabilities >= np.float32(threshold)) == (labels == 1)
    assert running.compute() == pytest.approx(np.average(is_right, weights=weights))


def test_probability_at_the_threshold_is_a_yes() -> None:
    running = RunningAccuracy(0.2)
    running.add(np.array([0.2], np.float32), np.array([1.0], np.float32), np.ones(1, np.float32))

    assert running.compute() == 1.0
