"""The metrics of each kind of task: what they are called, how they are computed, and which way is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rankspec.metrics.auroc import RunningAuroc
from rankspec.metrics.running import (
    RunningCalibrationRatio,
    RunningMeanAbsoluteError,
    RunningRelativeCrossEntropy,
    RunningRootMeanSquaredError,
)
from rankspec.recap.v1.architecture_pb2 import TASK_KIND_BINARY_CLASSIFICATION, TASK_KIND_REGRESSION

Floats = NDArray[np.floating]


class RunningMetric(Protocol):
    """A metric of rows that come in chunks."""

    def add(self, predictions: Floats, labels: Floats, weights: Floats) -> None:
        """Adds rows, `[N]` each."""

    def compute(self) -> float:
        """The figure of all rows so far; NaN where it is undefined."""


class Metric(NamedTuple):
    """A metric of one task.

    Attributes:
        start: makes one that has seen no rows.
        is_lower_better: whether of two values the lower one is the better.
    """

    start: Callable[[], RunningMetric]
    is_lower_better: bool


# Beside them every kind has `loss`, which is the model's own.
METRICS: Mapping[int, Mapping[str, Metric]] = {
    TASK_KIND_BINARY_CLASSIFICATION: {
        "auroc": Metric(RunningAuroc, is_lower_better=False),
        "rce": Metric(RunningRelativeCrossEntropy, is_lower_better=False),
        "calibration_ratio": Metric(RunningCalibrationRatio, is_lower_better=False),
    },
    TASK_KIND_REGRESSION: {
        "rmse": Metric(RunningRootMeanSquaredError, is_lower_better=True),
        "mae": Metric(RunningMeanAbsoluteError, is_lower_better=True),
    },
}
LOSS = "loss"


def is_lower_better(metric: str) -> bool:
    """Whether of two values of a metric, named without its task, the lower one is the better."""
    return metric == LOSS or any(metric in of_kind and of_kind[metric].is_lower_better for of_kind in METRICS.values())
