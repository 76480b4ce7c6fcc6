"""Relative cross entropy of binary predictions.

All functions take one task's values for all rows, `[N]`, and reduce in float64.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating]
Labels = NDArray[np.floating] | NDArray[np.integer]

CLIP_EPSILON = 1e-7


def cross_entropy(
    predictions: Floats, labels: Labels, *, from_logits: bool = False, epsilon: float = CLIP_EPSILON
) -> Floats:
    """Binary cross entropy of every row.

    Args:
        predictions: probabilities, or logits if `from_logits`, `[N]`; their dtype is that of the logarithms.
        labels: 0, 1 or anything between, `[N]`.
        from_logits: whether predictions are logits. They need no clipping.
        epsilon: probabilities are clipped to `[epsilon, 1 - epsilon]`, and it is added inside the logarithms.

    Returns:
        Cross entropies in nats, `[N]`, in float64.
    """
    labels = np.asarray(labels, dtype=np.float64)
    if from_logits:
        logits = np.asarray(predictions, dtype=np.float64)
        return np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits)))
    one = predictions.dtype.type(1)
    small = predictions.dtype.type(epsilon)
    clipped = np.clip(predictions, small, one - small)
    return -(
        labels * np.log(clipped + small).astype(np.float64)
        + (1 - labels) * np.log(one - clipped + small).astype(np.float64)
    )


def relative_cross_entropy(
    predictions: Floats,
    labels: Labels,
    weights: Floats | None = None,
    *,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    epsilon: float = CLIP_EPSILON,
) -> float:
    """How much of the entropy of the mean label the predictions explain, in percent.

    `100 * (1 - CE(predictions) / CE(mean label))`: 0 is as good as always predicting the mean label, 100 is perfect,
    and a negative figure is worse than the mean label.

    Args:
        predictions: probabilities, or logits if `from_logits`, `[N]`.
        labels: `[N]`.
        weights: `[N]`; none: every row counts the same.
        from_logits: whether predictions are logits.
        label_smoothing: share by which every label is drawn towards one half.
        epsilon: clipping of probabilities, see `cross_entropy`.

    Returns:
        Percent; NaN if no row has weight or the labels are all equal, where the figure means nothing, and where
        anything is not finite.
    """
    if not all_finite(predictions, labels, weights):
        return float("nan")
    counted = np.asarray(labels) if weights is None else np.asarray(labels)[np.asarray(weights) != 0]
    if len(counted) == 0 or counted.min() == counted.max():
        return float("nan")
    smooth = np.asarray(labels, dtype=np.float64) * (1 - label_smoothing) + label_smoothing / 2
    entropy = np.average(cross_entropy(predictions, smooth, from_logits=from_logits, epsilon=epsilon), weights=weights)
    mean_label = np.average(smooth, weights=weights, keepdims=True)
    return float(100 * (1 - entropy / cross_entropy(mean_label, mean_label, epsilon=epsilon)[0]))


def all_finite(*columns: ArrayLike | None) -> bool:
    """Whether all that is given is finite."""
    return all(column is None or bool(np.isfinite(column).all()) for column in columns)
