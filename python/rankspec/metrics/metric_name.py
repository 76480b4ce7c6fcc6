"""The names that metrics are reported under: `metric@group/task`, without what does not apply."""

from __future__ import annotations

from typing import NamedTuple

# What a metric may be called, before a group or a task is named; those at k stand for every k.
METRIC_NAMES = (
    *("loss", "auroc", "rce", "calibration_ratio", "brier", "accuracy", "rmse", "mae"),
    *("gauc", "ndcg_10", "recall_10", "mrr"),
)


class MetricName(NamedTuple):
    """A metric of some rows and a task; as a string, what it is reported under.

    Attributes:
        metric: such as `auroc`.
        group: the rows it is of, such as a stratum; empty for all of them.
        task: the task it is of; empty for a figure of the whole model.
    """

    metric: str
    group: str = ""
    task: str = ""

    def __str__(self) -> str:
        return self.metric + (f"@{self.group}" if self.group else "") + (f"/{self.task}" if self.task else "")


def parsed_name(text: str) -> MetricName:
    """The parts of a name that a metric is reported under."""
    of_rows, _, task = text.partition("/")
    metric, _, group = of_rows.partition("@")
    return MetricName(metric, group, task)
