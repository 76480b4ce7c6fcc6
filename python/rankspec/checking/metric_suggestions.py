"""The metric that was meant by a name that is none, such as `auroc/liked` by `aurc/liked`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rankspec.diagnostics.closest_name import closest
from rankspec.metrics.metric_name import METRIC_NAMES, MetricName, parsed_name

if TYPE_CHECKING:
    from google.protobuf.message import Message


def suggest_metric(message: Message, value: str) -> str | None:
    """What to write in place of a value of `training.best_checkpoint.metric`; none if nothing is near.

    Args:
        message: the whole config.
        value: what stands there.
    """
    config: Any = message
    tasks = list(config.model.tasks)
    groups = [one.name for one in (*config.model.stratifiers, *config.groups)]
    given = parsed_name(value.strip())
    if given.task in METRIC_NAMES and given.metric in tasks:
        return _meant(MetricName(given.task, given.group, given.metric), value)
    if not given.task and given.metric not in METRIC_NAMES:
        whole = {f"{name}/{task}" for name in METRIC_NAMES for task in tasks}
        if match := closest(value, whole | {"loss"}):
            return _meant(parsed_name(match), value)
    metric = closest(given.metric, METRIC_NAMES)
    # The loss of all tasks is named without one; every other metric is of a task.
    only = "" if metric == "loss" else tasks[0] if len(tasks) == 1 else None
    task = closest(given.task, tasks) if given.task else only
    group = closest(given.group, groups) if given.group else ""
    if metric is None or task is None or group is None:
        return None
    return _meant(MetricName(metric, group, task), value)


def suggest_metrics(value: str) -> str | None:
    """What to write in place of a value of `which_metrics`; none if an entry of it is like no metric."""
    entries = [parsed_name(entry) for entry in re.split(r"[,;|\s]+", value) if entry]
    meant = [(closest(entry.metric, METRIC_NAMES), entry.group) for entry in entries]
    if not meant or any(name is None for name, _ in meant):
        return None
    text = ",".join(str(MetricName(name or "", group)) for name, group in meant)
    return None if text == value else f"did you mean `{text}`?"


def _meant(name: MetricName, value: str) -> str | None:
    return None if str(name) == value else f"did you mean `{name}`?"
