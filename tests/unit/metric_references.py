"""Metrics computed of all rows at once, to hold those that are computed in chunks against."""

import numpy as np
from numpy.typing import NDArray

from rankspec.metrics.binary import all_finite


def calibration_ratio(
    predictions: NDArray[np.floating], labels: NDArray[np.floating], weights: NDArray[np.floating]
) -> float:
    if not all_finite(predictions, labels, weights):
        return float("nan")
    mass = np.asarray(weights, dtype=np.float64)
    labelled = (mass * np.asarray(labels, dtype=np.float64)).sum()
    predicted = (mass * np.asarray(predictions, dtype=np.float64)).sum()
    return float(predicted / labelled) if labelled else float("nan")
