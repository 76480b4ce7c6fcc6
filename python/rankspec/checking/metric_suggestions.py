"""The metric that was meant by a name that is none, such as `auroc/liked` by `aurc/liked`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from rankspec.diagnostics.closest_name import closest
from rankspec.metrics.metric_name import MetricName, parsed_name
from rankspec.schema.rules import cel_rules

if TYPE_CHECKING:
    from collections.abc import Collection

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

KNOWN = "recap.config.known_metrics"
# The names as the rule's own text has them, so that a new metric is known here too.
_LISTED = re.compile(r"join some of (.+?),? with commas")
_NO_NAMES = {"and", "of", "by", "groups"}


def suggest_metric(message: Message, value: str) -> str | None:
    """What to write in place of a value of `training.best_checkpoint.metric`; none if nothing is near.

    Args:
        message: the whole config.
        value: what stands there.
    """
    config: Any = message
    names = _names(config.DESCRIPTOR)
    tasks = list(config.model.tasks)
    groups = [one.name for one in (*config.model.stratifiers, *config.groups)]
    given = parsed_name(value.strip())
    if given.task in names and given.metric in tasks:
        return _meant(MetricName(given.task, given.group, given.metric), value)
    if not given.task and given.metric not in names:
        whole = {f"{name}/{task}" for name in names for task in tasks}
        if match := closest(value, whole | {"loss"}):
            return _meant(parsed_name(match), value)
    metric = closest(given.metric, names)
    task = closest(given.task, tasks) if given.task else _only(tasks, metric)
    group = closest(given.group, groups) if given.group else ""
    if metric is None or task is None or group is None:
        return None
    return _meant(MetricName(metric, group, task), value)


def suggest_metrics(message: Message, value: str) -> str | None:
    """What to write in place of a value of `which_metrics`; none if an entry of it is like no metric."""
    names = _names(message.DESCRIPTOR)
    entries = [parsed_name(entry) for entry in re.split(r"[,;|\s]+", value) if entry]
    meant = [(closest(entry.metric, names), entry.group) for entry in entries]
    if not meant or any(name is None for name, _ in meant):
        return None
    text = ",".join(str(MetricName(name or "", group)) for name, group in meant)
    return None if text == value else f"did you mean `{text}`?"


def _only(tasks: list[str], metric: str | None) -> str | None:
    """The task of a metric that is named without one: none of the loss, and the only one where there is but one."""
    if metric == "loss":
        return ""
    return tasks[0] if len(tasks) == 1 else None


def _meant(name: MetricName, value: str) -> str | None:
    return None if str(name) == value else f"did you mean `{name}`?"


@cache
def _names(descriptor: Descriptor) -> Collection[str]:
    """The names of all metrics; none where a message has no such rule."""
    listed = _LISTED.search(dict(cel_rules(descriptor)).get(KNOWN, ""))
    words = re.findall(r"[a-z][a-z0-9_]*", listed[1]) if listed else []
    return tuple(word for word in words if word not in _NO_NAMES)
