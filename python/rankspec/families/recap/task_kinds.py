"""The metrics of each kind of task: what they are called, how they are computed, and which way is better."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rankspec.metrics.auroc import RunningAuroc
from rankspec.metrics.running import (
    RunningAccuracy,
    RunningCalibrationRatio,
    RunningMeanAbsoluteError,
    RunningMeanSquaredError,
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
        is_default: whether it is reported where a config does not say which are.
    """

    start: Callable[[], RunningMetric]
    is_lower_better: bool
    is_default: bool = True


# Beside them every kind has `loss`, which is the model's own. What is no default is asked for by its name.
METRICS: Mapping[int, Mapping[str, Metric]] = {
    TASK_KIND_BINARY_CLASSIFICATION: {
        "auroc": Metric(RunningAuroc, is_lower_better=False),
        "rce": Metric(RunningRelativeCrossEntropy, is_lower_better=False),
        "calibration_ratio": Metric(RunningCalibrationRatio, is_lower_better=False),
        "brier": Metric(RunningMeanSquaredError, is_lower_better=True, is_default=False),
        "accuracy": Metric(RunningAccuracy, is_lower_better=False, is_default=False),
    },
    TASK_KIND_REGRESSION: {
        "rmse": Metric(RunningRootMeanSquaredError, is_lower_better=True),
        "mae": Metric(RunningMeanAbsoluteError, is_lower_better=True),
    },
}
LOSS = "loss"
DEFAULT_METRICS = (
    LOSS,
    *(name for of_kind in METRICS.values() for name, metric in of_kind.items() if metric.is_default),
)
_ACCURACY_AT = re.compile(r"accuracy_([1-9][0-9]?)")


def metric_of(metrics: Mapping[str, Metric], name: str) -> Metric | None:
    """The metric of a name, of those that a kind of task has; None if it has no such metric.

    Args:
        metrics: of the kind, by name.
        name: one of those, or accuracy_30 for accuracy at a threshold of 30 percent.
    """
    at = _ACCURACY_AT.fullmatch(name)
    if at is None or "accuracy" not in metrics:
        return metrics.get(name)
    return metrics["accuracy"]._replace(start=partial(RunningAccuracy, int(at[1]) / 100))


def is_lower_better(metric: str) -> bool:
    """Whether of two values of a metric, named without its task, the lower one is the better."""
    return metric == LOSS or any(metric in of_kind and of_kind[metric].is_lower_better for of_kind in METRICS.values())
