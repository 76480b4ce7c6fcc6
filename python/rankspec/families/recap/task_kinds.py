"""The metrics of each kind of task: what they are called, how they are computed, and which way is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rankspec import metrics
from rankspec.recap.v1.architecture_pb2 import TASK_KIND_BINARY_CLASSIFICATION, TASK_KIND_REGRESSION

Column = NDArray[np.float32]


class Metric(NamedTuple):
    """A metric of one task.

    Attributes:
        compute: takes predictions, labels and weights, `[N]` each.
        is_lower_better: whether of two values the lower one is the better.
    """

    compute: Callable[[Column, Column, Column], float]
    is_lower_better: bool


# Beside them every kind has `loss`, which is the model's own.
METRICS: Mapping[int, Mapping[str, Metric]] = {
    TASK_KIND_BINARY_CLASSIFICATION: {
        "auroc": Metric(metrics.auroc, is_lower_better=False),
        "rce": Metric(metrics.relative_cross_entropy, is_lower_better=False),
        "calibration_ratio": Metric(metrics.calibration_ratio, is_lower_better=False),
    },
    TASK_KIND_REGRESSION: {
        "rmse": Metric(metrics.root_mean_squared_error, is_lower_better=True),
        "mae": Metric(metrics.mean_absolute_error, is_lower_better=True),
    },
}
LOSS = "loss"


def is_lower_better(metric: str) -> bool:
    """Whether of two values of a metric, named without its task, the lower one is the better."""
    return metric == LOSS or any(metric in of_kind and of_kind[metric].is_lower_better for of_kind in METRICS.values())
