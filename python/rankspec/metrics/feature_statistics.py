"""Statistics of continuous features, over any number of rows in the memory of one batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rankspec.data.v1.statistics_pb2 import PlaceStatistics


class Moments:
    """Counts, means and summed squares of deviations of the columns of a matrix that comes in parts.

    Parts are joined by the formula of Chan et al. (1979): how the rows are parted changes no more than the last digits.

    Attributes:
        count: values, `[width]`.
        mean: their mean, `[width]`; 0 of none.
        squares: the sum of their squared distances from it, `[width]`.
    """

    def __init__(self, width: int) -> None:
        """Begins with no rows."""
        self.count = np.zeros(width, np.int64)
        self.mean = np.zeros(width)
        self.squares = np.zeros(width)

    @classmethod
    def of(cls, values: NDArray[np.float64], counts: NDArray[np.bool_]) -> Moments:
        """Those of rows, `[N, width]`, computed around their own mean; values that do not count are 0."""
        found = cls(values.shape[1])
        found.count = counts.sum(0)
        found.mean = values.sum(0) / np.maximum(found.count, 1)
        deviations = (values - found.mean) ** 2
        found.squares = (deviations if bool(counts.all()) else np.where(counts, deviations, 0.0)).sum(0)
        return found

    def join(self, other: Moments) -> None:
        """Takes the rows of another one."""
        before, total = self.count, self.count + other.count
        share, distance = other.count / np.maximum(total, 1), other.mean - self.mean
        self.squares += other.squares + distance**2 * before * share
        self.mean += distance * share
        self.count = total


class RunningStatistics:
    """Counts, extremes and moments of the columns of a matrix that comes in parts.

    Args:
        width: columns.
    """

    def __init__(self, width: int) -> None:
        self._rows = 0
        self._min = np.full(width, np.inf)
        self._max = np.full(width, -np.inf)
        self._logarithms = Moments(width)

    def add(self, values: NDArray[np.float32]) -> None:
        """Takes more rows, `[N, width]`; their moments are computed in float64."""
        exact, is_finite = values.astype(np.float64), np.isfinite(values)
        all_finite = bool(is_finite.all())

        def finite_or(kept: NDArray[np.float64], other: float) -> NDArray[np.float64]:
            return kept if all_finite else np.where(is_finite, kept, other)

        self._rows += len(exact)
        self._min = np.minimum(self._min, finite_or(exact, np.inf).min(0, initial=np.inf))
        self._max = np.maximum(self._max, finite_or(exact, -np.inf).max(0, initial=-np.inf))
        self._logarithms.join(Moments.of(signed_log(finite_or(exact, 0.0)), is_finite))

    def join(self, other: RunningStatistics) -> None:
        """Takes the rows of another one, which came at once to it: the bits are those of adding them here."""
        self._rows += other._rows
        self._min, self._max = np.minimum(self._min, other._min), np.maximum(self._max, other._max)
        self._logarithms.join(other._logarithms)

    def of_places(self, places: tuple[int, ...]) -> list[PlaceStatistics]:
        """The statistics, those of each column under the place that is given for it."""
        logarithms = self._logarithms
        some = logarithms.count > 0
        columns = zip(
            places,
            logarithms.count.tolist(),
            np.where(some, self._min, 0.0).tolist(),
            np.where(some, self._max, 0.0).tolist(),
            logarithms.mean.tolist(),
            logarithms.squares.tolist(),
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
