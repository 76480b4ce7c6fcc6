"""Reliability: whether of the rows that a model gives 30 %, 30 % are positives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
NUM_BINS = 10


class Bin(NamedTuple):
    """Rows whose probabilities are next to each other.

    Attributes:
        lowest: the lowest probability of them.
        highest: the highest.
        rows: how many rows there are.
        predicted: mean probability, by weight.
        observed: share of positives, by weight.
        weight: what the rows weigh together.
    """

    lowest: float
    highest: float
    rows: int
    predicted: float
    observed: float
    weight: float


def reliability(predictions: Floats, labels: Floats, weights: Floats, num_bins: int = NUM_BINS) -> list[Bin]:
    """Bins of about as many rows each, by rising probability; rows of one probability are in one bin.

    Args:
        predictions: probabilities, finite, `[N]`.
        labels: 0 or 1, `[N]`.
        weights: `[N]`; rows without weight are left out.
        num_bins: at most so many bins.
    """
    counted = np.flatnonzero(weights != 0)
    rows = counted[np.argsort(predictions[counted], kind="stable")]
    scores, mass = predictions[rows], np.asarray(weights, np.float64)[rows]
    if not len(rows):
        return []
    edges = np.unique(scores[np.arange(1, num_bins) * len(rows) // num_bins])
    starts = np.unique(np.concatenate(([0], np.searchsorted(scores, edges))))
    ends = np.append(starts[1:], len(rows))
    sums = [np.add.reduceat(mass * values, starts) for values in (scores, labels[rows], np.ones(len(rows)))]
    return [
        Bin(float(scores[start]), float(scores[end - 1]), int(end - start), predicted / weight, label / weight, weight)
        for start, end, predicted, label, weight in zip(starts, ends, *(s.tolist() for s in sums), strict=True)
    ]


def calibration_error(bins: list[Bin]) -> float:
    """Mean distance of predicted and observed over the bins, by weight; NaN if there are none.

    Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (AAAI 2015), call it ECE.
    """
    weight = sum(one.weight for one in bins)
    total = sum(one.weight * abs(one.predicted - one.observed) for one in bins)
    return total / weight if weight else float("nan")
