"""Area under the ROC curve: exact, or of any number of rows by bins, with a bound of the error that is certain."""

from collections.abc import Callable
from decimal import ROUND_UP, Context

import numpy as np
from numpy.typing import NDArray

from rankspec.metrics.binary import Floats, Labels, all_finite

# One sort of these takes about a second and 0.35 GB.
EXACT_ROWS = 4_000_000
# 2^14 edges are as fast, and their bound is eight times as wide.
_NUM_EDGES = 2**17
# Scores that the edges are drawn from, no more than there are before binning begins.
_SAMPLE_ROWS = 2**20
# Binned at once: what is computed of them on the way is then small.
_CHUNK_ROWS = 2**17


def auroc(predictions: Floats, labels: Labels, weights: Floats | None = None) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties counting half.

    The weighted Mann-Whitney statistic. A row's label above one half makes it a positive.

    Args:
        predictions: any scores, `[N]`.
        labels: `[N]`.
        weights: `[N]`; none: every row counts the same.

    Returns:
        A figure in [0, 1]; NaN if one of the classes has no weight, or anything is not finite.
    """
    if not len(predictions) or not all_finite(predictions, labels, weights):
        # Sorted, scores that are not finite would lie by the order of their rows.
        return float("nan")
    rows = np.argsort(predictions, kind="stable")
    scores = predictions[rows]
    mass = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)[rows]
    positive = np.where(labels[rows] > 0.5, mass, 0.0)
    starts = np.flatnonzero(np.concatenate(([True], scores[1:] != scores[:-1])))
    return area(np.add.reduceat(positive, starts), np.add.reduceat(mass - positive, starts))


class RunningAuroc:
    """AUROC of rows that come in chunks, in bounded memory: exact up to a number of rows, by `EdgedBins` above.

    Attributes:
        num_rows: rows with a weight so far; others count for nothing.
    """

    def __init__(self, exact_rows: int = EXACT_ROWS) -> None:
        """Has seen no rows.

        Args:
            exact_rows: most rows with a weight that are kept, in 12 bytes each if they come in float32.
        """
        self._exact_rows = exact_rows
        self.num_rows = 0
        self._kept: list[tuple[Floats, Labels, Floats]] = []
        self._bins: EdgedBins | None = None
        self._is_finite = True

    def add(self, predictions: Floats, labels: Labels, weights: Floats) -> None:
        """Adds rows, each argument `[N]` as `auroc` takes it."""
        self._is_finite = self._is_finite and all_finite(predictions, labels, weights)
        if not self._is_finite:
            return
        counted = weights != 0
        rows = (predictions[counted], labels[counted], weights[counted])
        self.num_rows += len(rows[0])
        if self._bins is not None:
            self._bins.add(*rows)
            return
        self._kept.append(rows)
        if self.num_rows > self._exact_rows:
            self._begin_binning()

    def compute(self) -> float:
        """The area of all rows so far, NaN where `auroc` is."""
        if not self._is_finite or not self.num_rows:
            return float("nan")
        return self._bins.area if self._bins is not None else auroc(*self._all_kept())

    @property
    def error(self) -> float:
        """How far the area can be off, rounding aside; 0 if it is exact or undefined."""
        return self._bins.error if self._bins is not None and self._is_finite else 0.0

    def tell_error(self, of: str, say: Callable[[str], None]) -> None:
        """Says how far the area can be off, rounded up, if it is not exact.

        Args:
            of: what the area is of.
            say: takes the line.
        """
        if self.error:
            error = float(Context(prec=2, rounding=ROUND_UP).create_decimal(self.error))
            say(f"auroc of {of}: ±{error:.1e}, by bins of {self.num_rows:,} rows")

    def _begin_binning(self) -> None:
        rows = self._all_kept()
        self._kept.clear()
        self._bins = EdgedBins(rows[0][:_SAMPLE_ROWS])
        self._bins.add(*rows)

    def _all_kept(self) -> tuple[Floats, Labels, Floats]:
        predictions, labels, weights = (np.concatenate(column) for column in zip(*self._kept, strict=True))
        return predictions, labels, weights


class EdgedBins:
    """Weights of positives and negatives by bins of their scores: the ranges between edges, and every edge itself.

    Bins are compared with each other exactly, and rows on one edge are ties. So only pairs within a range are
    undecided; each is counted as a tie, half of which is the most that it can be off.
    """

    def __init__(self, sample: Floats) -> None:
        """Takes quantiles of some scores `[N]`, N above 0, for edges; the nearer the sample, the narrower the bound."""
        ordered = np.sort(sample)
        num_edges = min(len(ordered), _NUM_EDGES)
        self._edges = np.unique(ordered[(2 * np.arange(num_edges) + 1) * len(ordered) // (2 * num_edges)])
        # Negatives and positives, by range and edge in turn.
        self._mass = np.zeros((2, 2 * len(self._edges) + 1))

    def add(self, predictions: Floats, labels: Labels, weights: Floats) -> None:
        """Adds rows, each argument `[N]` as `auroc` takes it, and finite."""
        for start in range(0, len(predictions), _CHUNK_ROWS):
            part = slice(start, start + _CHUNK_ROWS)
            bins = self._bins_of(predictions[part]) + (labels[part] > 0.5) * self._mass.shape[1]
            self._mass += np.bincount(bins, weights[part], self._mass.size).reshape(self._mass.shape)

    @property
    def area(self) -> float:
        """The area; NaN if one of the classes has no weight."""
        negative, positive = self._mass
        return area(positive, negative)

    @property
    def error(self) -> float:
        """How far the area can be off, rounding aside: half of the share of the pairs that are undecided."""
        negative, positive = self._mass
        pairs = positive.sum() * negative.sum()
        return float(positive[::2] @ negative[::2] / 2 / pairs) if pairs else 0.0

    def _bins_of(self, scores: Floats) -> NDArray[np.intp]:
        places = np.searchsorted(self._edges, scores)
        is_on_edge = self._edges[np.minimum(places, len(self._edges) - 1)] == scores
        return 2 * places + is_on_edge


def area(positive: Floats, negative: Floats) -> float:
    """The area by weights of groups of tied scores, in ascending order; NaN if one of the classes has no weight."""
    pairs = positive.sum() * negative.sum()
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / pairs) if pairs else float("nan")
