"""Metrics of rows that come in chunks, as sums in float64: those of `metrics`, and errors of numbers.

`add` takes rows in float32, each argument `[N]`; `compute` gives the figure of all rows so far.
"""

import math
from abc import ABC, abstractmethod

import numpy as np

from rankspec.metrics.binary import Floats, all_finite, cross_entropy


class RunningMean:
    """The mean over rows, whatever they weigh; NaN if there are none."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._num_rows = 0

    def add(self, values: Floats) -> None:
        """Adds rows."""
        self._sum += float(values.sum(dtype=np.float64))
        self._num_rows += len(values)

    def compute(self) -> float:
        """The mean."""
        return self._sum / self._num_rows if self._num_rows else float("nan")


class RunningRelativeCrossEntropy:
    """As `metrics.relative_cross_entropy`; NaN where that is."""

    def __init__(self) -> None:
        # Of cross entropies and of labels, both weighted, and of the weights.
        self._sums = np.zeros(3)
        self._lowest, self._highest = np.inf, -np.inf
        self._is_finite = True

    def add(self, predictions: Floats, labels: Floats, weights: Floats) -> None:
        """Adds rows."""
        self._is_finite = self._is_finite and all_finite(predictions, labels, weights)
        counted = labels[weights != 0] if self._is_finite else labels[:0]
        if not len(counted):
            return
        self._lowest = min(self._lowest, float(counted.min()))
        self._highest = max(self._highest, float(counted.max()))
        terms = (cross_entropy(predictions, labels), labels, np.ones_like(labels))
        self._sums += [_weighted_sum(term, weights) for term in terms]

    def compute(self) -> float:
        """Percent of the mean label's entropy that the predictions explain."""
        entropy, label, weight = self._sums
        if not self._is_finite or self._lowest >= self._highest or not weight:
            return float("nan")
        mean_label = np.array([label / weight])
        baseline = cross_entropy(mean_label, mean_label)[0]
        return float(100 * (1 - entropy / weight / baseline))


class _RunningRatio(ABC):
    """Weighted sum of what each row comes to over another sum; NaN if that is 0, or anything is not finite."""

    def __init__(self) -> None:
        self._above = self._below = 0.0
        self._is_finite = True

    @abstractmethod
    def _measure(self, predictions: Floats, labels: Floats) -> Floats:
        """What each row comes to."""

    def _divisor(self, _labels: Floats, weights: Floats) -> float:
        """The other sum: of the weights, which makes a weighted mean."""
        return float(weights.sum(dtype=np.float64))

    def add(self, predictions: Floats, labels: Floats, weights: Floats) -> None:
        """Adds rows."""
        self._is_finite = self._is_finite and all_finite(predictions, labels, weights)
        if self._is_finite:
            self._above += _weighted_sum(self._measure(predictions, labels), weights)
            self._below += self._divisor(labels, weights)

    def compute(self) -> float:
        """The figure of all rows so far."""
        return self._above / self._below if self._is_finite and self._below else float("nan")


class RunningCalibrationRatio(_RunningRatio):
    """Sum of the predicted probabilities over sum of the labels, both weighted: above 1 predicts too much."""

    def _measure(self, predictions: Floats, _labels: Floats) -> Floats:
        return predictions

    def _divisor(self, labels: Floats, weights: Floats) -> float:
        return _weighted_sum(labels, weights)


class RunningMeanAbsoluteError(_RunningRatio):
    """Weighted mean of the absolute errors, in the labels' unit."""

    def _measure(self, predictions: Floats, labels: Floats) -> Floats:
        return np.abs(_errors(predictions, labels))


class RunningMeanSquaredError(_RunningRatio):
    """Weighted mean of the squared errors; of probabilities the score of Brier (Monthly Weather Review, 1950)."""

    def _measure(self, predictions: Floats, labels: Floats) -> Floats:
        return np.square(_errors(predictions, labels))


class RunningRootMeanSquaredError(RunningMeanSquaredError):
    """Root of the weighted mean of the squared errors, in the labels' unit."""

    def compute(self) -> float:
        """The figure of all rows so far."""
        return math.sqrt(super().compute())


class RunningAccuracy(_RunningRatio):
    """Weighted share of the rows whose probability is on the label's side of a threshold; at it counts as a yes."""

    def __init__(self, threshold: float = 0.5) -> None:
        """Has seen no rows.

        Args:
            threshold: the least probability of a yes.
        """
        super().__init__()
        self._threshold = np.float32(threshold)

    def _measure(self, predictions: Floats, labels: Floats) -> Floats:
        return ((predictions >= self._threshold) == (labels > 0.5)).astype(np.float64)


def _errors(predictions: Floats, labels: Floats) -> Floats:
    return np.subtract(predictions, labels, dtype=np.float64)


def _weighted_sum(values: Floats, weights: Floats) -> float:
    return float(np.multiply(weights, values, dtype=np.float64).sum())
