"""Which metrics a config asks for: of all rows, of a stratum, of a group."""

from __future__ import annotations

from rankspec.claims.registry import obeys
from rankspec.families.recap.task_kinds import DEFAULT_METRICS
from rankspec.metrics.grouped import DEFAULT_GROUP_METRICS, group_metric
from rankspec.metrics.metric_name import MetricName, parsed_name
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.recap.v1.training_pb2 import BestCheckpointConfig, TrainingConfig


class ChosenMetrics:
    """The metrics to report.

    Attributes:
        names: of all of them, without strata, groups and tasks, in the order in which people see them.
    """

    @obeys(RecapConfig, "which_metrics", "training")
    @obeys(TrainingConfig, "best_checkpoint")
    @obeys(BestCheckpointConfig, "metric")
    def __init__(self, config: RecapConfig) -> None:
        """Those that `which_metrics` names; where it is unset, the defaults and the one that is followed.

        One that is named without a stratum or group is of all of them.
        """
        if config.which_metrics:
            chosen = [parsed_name(text) for text in config.which_metrics.split(",")]
        else:
            chosen = [MetricName(name) for name in (*DEFAULT_METRICS, *DEFAULT_GROUP_METRICS)]
            if config.training.HasField("best_checkpoint"):
                chosen.append(parsed_name(config.training.best_checkpoint.metric))
        self._of_rows = tuple(name for name in chosen if group_metric(name.metric) is None)
        self._by_groups = tuple(name for name in chosen if group_metric(name.metric) is not None)
        self.names = tuple(dict.fromkeys(name.metric for name in (*self._of_rows, *self._by_groups)))

    def of_rows(self, stratum: str = "") -> tuple[str, ...]:
        """The metrics of single rows, of a stratum or of the whole."""
        return _named(self._of_rows, stratum)

    def by_group(self, group: str) -> tuple[str, ...]:
        """The metrics of the order of rows within the groups of this name."""
        return _named(self._by_groups, group)


def _named(chosen: tuple[MetricName, ...], rows: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.metric for name in chosen if name.group in ("", rows)))
