"""Statistics of continuous features, over any number of rows in the memory of one batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rankspec.data.v1.statistics_pb2 import PlaceStatistics


class RunningStatistics:
    """Counts, extremes and moments of the columns of a matrix that comes in parts.

    Args:
        width: columns.
    """

    def __init__(self, width: int) -> None:
        self._rows = 0
        self._finite = np.zeros(width, np.int64)
        self._min = np.full(width, np.inf)
        self._max = np.full(width, -np.inf)
        self._log_mean = np.zeros(width)
        self._log_squares = np.zeros(width)

    def add(self, values: NDArray[np.float32]) -> None:
        """Takes more rows, `[N, width]`.

        Their moments are computed around their own mean, in float64, and joined to those before by the formula of Chan
        et al. (1979): how the rows are parted changes no more than the last digits.
        """
        exact, is_finite = values.astype(np.float64), np.isfinite(values)
        all_finite = bool(is_finite.all())

        def finite_or(kept: NDArray[np.float64], other: float) -> NDArray[np.float64]:
            return kept if all_finite else np.where(is_finite, kept, other)

        self._rows += len(exact)
        self._min = np.minimum(self._min, finite_or(exact, np.inf).min(0, initial=np.inf))
        self._max = np.maximum(self._max, finite_or(exact, -np.inf).max(0, initial=-np.inf))
        logarithms = signed_log(finite_or(exact, 0.0))
        count = is_finite.sum(0)
        mean = logarithms.sum(0) / np.maximum(count, 1)
        self._join(count, mean, finite_or((logarithms - mean) ** 2, 0.0).sum(0))

    def join(self, other: RunningStatistics) -> None:
        """Takes the rows of another one, which came at once to it: the bits are those of adding them here."""
        self._rows += other._rows
        self._min, self._max = np.minimum(self._min, other._min), np.maximum(self._max, other._max)
        self._join(other._finite, other._log_mean, other._log_squares)

    def _join(self, count: NDArray[np.int64], mean: NDArray[np.float64], squares: NDArray[np.float64]) -> None:
        before, total = self._finite, self._finite + count
        share, distance = count / np.maximum(total, 1), mean - self._log_mean
        self._log_squares += squares + distance**2 * before * share
        self._log_mean += distance * share
        self._finite = total

    def of_places(self, places: tuple[int, ...]) -> list[PlaceStatistics]:
        """The statistics, those of each column under the place that is given for it."""
        some = self._finite > 0
        columns = zip(
            places,
            self._finite.tolist(),
            np.where(some, self._min, 0.0).tolist(),
            np.where(some, self._max, 0.0).tolist(),
            self._log_mean.tolist(),
            self._log_squares.tolist(),
            strict=True,
        )
        return [
            PlaceStatistics(
                place=place,
                num_finite=finite,
                num_not_finite=self._rows - finite,
                min=lowest,
                max=highest,
                log_mean=mean,
                log_squares=squares,
            )
            for place, finite, lowest, highest, mean, squares in columns
        ]


def signed_log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """sign(x) * log(1 + |x|), element by element."""
    return np.sign(values) * np.log1p(np.abs(values))
