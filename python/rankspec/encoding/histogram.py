"""A histogram of float32 values from which count, mean, deviation and quantiles follow, all by whole numbers.

A bucket holds the values whose float32 has the same upper 16 bits: sign, exponent and 7 bits of the mantissa. Per
bucket the state has the count, the sum of the lower 16 bits and of their squares. Whole numbers add up to the same in
any order, so that parts of a table, fitted apart, give the bits that the whole gives. A bucket is less than 0.8 % wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor, isqrt

import numpy as np
from numpy.typing import NDArray

_BUCKETS = 1 << 16
_SIGN = 1 << 15
_INFINITE = 0x7F80
# What values are whole multiples of: the least positive float32.
_ATOM = Fraction(1, 2**149)
LARGEST = float(np.finfo(np.float32).max)


class HistogramSums:
    """The sums of a histogram, by bucket.

    Attributes:
        sums: int64 `[65536, 3]`: count, sum of the lower 16 bits, sum of their squares.
    """

    def __init__(self) -> None:
        self.sums = np.zeros((_BUCKETS, 3), np.int64)
        self._waiting: list[NDArray[np.uint32]] = []
        self._num_waiting = 0

    def add(self, values: NDArray[np.float64]) -> None:
        """Adds values whose float32 is finite."""
        # Adding 0 makes one zero of the two.
        self._waiting.append((values.astype(np.float32) + np.float32(0)).view(np.uint32))
        self._num_waiting += len(values)
        # Counting costs as much as a bucket for each of a hundred values.
        if self._num_waiting >= _BUCKETS * 4:
            self.flush()

    def flush(self) -> None:
        """Counts what waits to be."""
        if not self._num_waiting:
            return
        bits = np.concatenate(self._waiting)
        self._waiting, self._num_waiting = [], 0
        for start in range(0, len(bits), 1 << 20):
            self._count(bits[start : start + (1 << 20)])

    def _count(self, bits: NDArray[np.uint32]) -> None:
        """Counts at most 2^20 values: their sums of squares stay below 2^53, where doubles are exact."""
        buckets, low = bits >> 16, (bits & 0xFFFF).astype(np.float64)
        self.sums[:, 0] += np.bincount(buckets, minlength=_BUCKETS)
        self.sums[:, 1] += np.bincount(buckets, low, _BUCKETS).astype(np.int64)
        self.sums[:, 2] += np.bincount(buckets, low * low, _BUCKETS).astype(np.int64)


@dataclass(frozen=True)
class _Bucket:
    bits: int
    count: int
    low_sum: int
    low_squares: int

    @cached_property
    def sign(self) -> int:
        return -1 if self.bits & _SIGN else 1

    @cached_property
    def _scale_and_base(self) -> tuple[int, int]:
        """The atoms that a unit of the lower bits is, and the units that the value of no lower bits is."""
        exponent, mantissa = (self.bits & 0x7FFF) >> 7, (self.bits & 0x7F) << 16
        return (1, mantissa) if exponent == 0 else (1 << (exponent - 1), mantissa + (1 << 23))

    @property
    def sum(self) -> int:
        """Sum of the values, in atoms."""
        scale, base = self._scale_and_base
        return self.sign * scale * (self.count * base + self.low_sum)

    @property
    def squares(self) -> int:
        """Sum of the squares of the values, in squares of atoms."""
        scale, base = self._scale_and_base
        return scale * scale * (self.count * base * base + 2 * base * self.low_sum + self.low_squares)

    @property
    def least(self) -> float:
        """The edge below."""
        return _edge(self.bits) if self.sign > 0 else -_edge((self.bits & 0x7FFF) + 1)

    @property
    def greatest(self) -> float:
        """The edge above."""
        # Not the negative of an edge, which may be 0.
        return _edge(self.bits + 1) if self.sign > 0 else 0.0 - _edge(self.bits & 0x7FFF)


class Histogram:
    """The values of a column, as buckets from the lowest to the highest.

    Attributes:
        buckets: those that have values.
        count: values.
    """

    def __init__(self, sums: HistogramSums) -> None:
        sums.flush()
        there = np.flatnonzero(sums.sums[:, 0])
        buckets = [_Bucket(int(bits), *map(int, sums.sums[bits])) for bits in there]
        self.buckets = sorted(buckets, key=lambda bucket: bucket.sign * (bucket.bits & 0x7FFF) - (bucket.sign < 0))
        self.count = sum(bucket.count for bucket in self.buckets)

    def bounds(self, low_quantile: float, high_quantile: float) -> tuple[float, float]:
        """The edges around the values between two quantiles; there has to be a value."""
        low = floor(Fraction(low_quantile) * (self.count - 1))
        high = ceil(Fraction(high_quantile) * (self.count - 1))
        return self._at(low).least, self._at(high).greatest

    def value_at(self, rank: int) -> float:
        """The mean of the bucket that the value of a rank, from 0, is in."""
        bucket = self._at(rank)
        return float(Fraction(bucket.sum, bucket.count) * _ATOM)

    def quantiles(self, num_parts: int) -> list[float]:
        """Values between which equal parts of the values lie, the ends too; none if there are no values."""
        ranks = [place * (self.count - 1) // num_parts for place in range(num_parts + 1)] if self.count else []
        return [self.value_at(rank) for rank in ranks]

    def edges(self, num_bins: int) -> list[float]:
        """Edges between bins of about as many values each, rising, each once; at most one less than bins.

        They lie just below where buckets begin, so that a number at which many values are is above the edge.
        """
        ranks = [self.count * place // num_bins for place in range(1, num_bins)] if self.count else []
        edges = sorted({self._at(rank).least for rank in ranks})
        # Nothing lies below the lowest bucket.
        return [float(np.nextafter(edge, -np.inf)) for edge in edges if edge > self.buckets[0].least]

    def moments(self, low: float, high: float) -> tuple[float, float]:
        """Mean, and one over the standard deviation, of the values kept between two edges; 0 where all are the same.

        Both are rounded from the exact ones.
        """
        if not self.count:
            return 0.0, 0.0
        floor_, ceiling = _atoms(low), _atoms(high)
        total = squares = 0
        for bucket in self.buckets:
            if bucket.greatest <= low or bucket.least >= high:
                bound = floor_ if bucket.greatest <= low else ceiling
                total += bound * bucket.count
                squares += bound * bound * bucket.count
            else:
                total += bucket.sum
                squares += bucket.squares
        # Times the square of the count.
        variance = squares * self.count - total * total
        mean = float(Fraction(total, self.count) * _ATOM)
        return mean, _inverse_root(Fraction(variance, self.count**2) * _ATOM**2) if variance else 0.0

    def _at(self, rank: int) -> _Bucket:
        for bucket in self.buckets:
            rank -= bucket.count
            if rank < 0:
                return bucket
        return self.buckets[-1]


def _edge(magnitude: int) -> float:
    """The value whose float32 has these upper bits and no lower ones; the largest float32 in place of infinity."""
    if magnitude >= _INFINITE:
        return LARGEST
    return float(np.array([magnitude << 16], np.uint32).view(np.float32)[0])


def _atoms(edge: float) -> int:
    return int(Fraction(edge) / _ATOM) if np.isfinite(edge) else 0


def _inverse_root(square: Fraction) -> float:
    """One over the square root, to far more digits than a double has."""
    digits = 2**400
    return float(Fraction(isqrt(square.denominator * digits**2 // square.numerator), digits))
