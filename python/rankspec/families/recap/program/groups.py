"""Groups of rows, such as those of one user, that metrics of the order within them are computed by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rankspec.claims.registry import obeys
from rankspec.families.recap.input_signature import MODEL_INPUTS, carried_inputs
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.metrics.grouped import GroupedRows, GroupValues, group_metric, grouped
from rankspec.metrics.metric_name import MetricName, parsed_name
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.metrics_pb2 import MetricGroup
from rankspec.recap.v1.preprocess_pb2 import ExtractFeatures, ExtractFeaturesRow, Preprocess
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.schema.field_paths import at
from rankspec.trainer.data_error import DataError
from rankspec.trainer.program import Reader

# Rows that are brought in order at once, about 0.3 GB on the way. A file of more rows is read several times, each time
# for other groups; a single group of more is in memory as a whole.
ROWS_AT_ONCE = 4_000_000
# Fibonacci hashing (Knuth, The Art of Computer Programming, vol. 3, 6.4): spreads ids that follow each other.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Group:
    """A way of putting rows into groups: by the values of one input that travels with them.

    Attributes:
        name: what its metrics are reported under.
        input: the input.
    """

    name: str
    input: str

    @property
    def column(self) -> str:
        """The column of the scored rows that holds the groups' ids, in int64."""
        return f"group/{self.name}"

    def ids(self, batch: RecapBatch) -> Tensor:
        """The ids of a batch's rows, int64 `[B]`; `check_groups` has made sure that they are such."""
        return batch.carried[self.input].to(torch.int64)


@obeys(RecapConfig, "groups")
@obeys(MetricGroup, "name", "input")
def build_groups(config: RecapConfig) -> tuple[Group, ...]:
    """The groups that a config names."""
    return tuple(Group(one.name, one.input) for one in config.groups)


@obeys(RecapConfig, "groups")
@obeys(MetricGroup, "name", "input")
def rows_of_group(config: RecapConfig, metric: str) -> str:
    """What puts the rows that a metric is of into groups; empty for one that goes by no group.

    Args:
        config: the whole config.
        metric: the metric, as it is reported.
    """
    name = parsed_name(metric).group
    return next((f"by {one.input}" for one in config.groups if one.name == name), "")


@obeys(RecapDataConfig, "preprocess")
@obeys(Preprocess, "extract_features")
@obeys(ExtractFeatures, "extract_feature_table")
@obeys(ExtractFeaturesRow, "name", "source_tensor")
def check_groups(groups: Sequence[Group], data: RecapDataConfig, path: str) -> None:
    """Makes sure that a data set tells the rows of each group by one whole number a row.

    Args:
        groups: the groups.
        data: the data set.
        path: the data set's place in the spec, for errors.

    Raises:
        DataError: it has no such input, or one of another type or width.
    """
    if not groups:
        return
    # Type and width, by name.
    found = {item.name: (item.dtype, item.width) for item in carried_inputs(data, path)}
    kinds = {name: dtype for name, (dtype, _) in found.items()} | dict(MODEL_INPUTS)
    for row in data.preprocess.extract_features.extract_feature_table:
        found[row.name] = (kinds.get(row.source_tensor, "int64"), 1)
    for place, group in enumerate(groups):
        dtype, width = found.get(group.input, ("none", 0))
        if (dtype, width) != ("int64", 1):
            is_there = f"holds {width} {dtype} values a row" if width else "is not there"
            raise DataError(
                f'the group "{group.name}" takes one int64 a row, and the input "{group.input}" of {path} {is_there}; '
                "name the column of an id in seg_dense_schema.renamed_features",
                f"{at('groups', place)}.input",
            )


def group_figures(read: Reader, tasks: Iterable[str], group: Group, which: Sequence[str]) -> dict[str, float]:
    """Metrics by groups, as `name@group/task`; NaN where no group has what they take.

    Args:
        read: gives prediction, label and weight of every task, and the groups' ids.
        tasks: names of the tasks, binary classifications.
        group: how rows are put together.
        which: names of the metrics.
    """
    found: dict[str, float] = {}
    for task in tasks:
        sums = np.zeros((len(which), 2))
        is_finite = True
        for rows in ordered_rows(read, group, task):
            is_finite = is_finite and rows is not None
            if rows is not None:
                sums += [_sums(values_of(rows, name)) for name in which]
        for name, (total, weight) in zip(which, sums, strict=True):
            value = total / weight if weight and is_finite else float("nan")
            found[str(MetricName(name, group.name, task))] = value
    return found


def values_of(rows: GroupedRows, name: str) -> GroupValues:
    """A metric of each group, by the metric's name."""
    metric = group_metric(name)
    assert metric is not None, "the spec's rules know the names"
    return metric(rows)


def _sums(values: GroupValues) -> tuple[float, float]:
    return float(values.values @ values.weights), float(values.weights.sum())


def ordered_rows(read: Reader, group: Group, task: str) -> Iterator[GroupedRows | None]:
    """The rows of a task in order, whole groups at a time; None for rows of which something is not finite."""
    columns = [group.column, *(f"{column}/{task}" for column in ("prediction", "label", "weight"))]
    num_parts = max(1, -(-_num_rows(read, group) // ROWS_AT_ONCE))
    for part in range(num_parts):
        chunks = [_of_part(list(chunk.values()), part, num_parts) for chunk in read(columns)]
        ids, *floats = (np.concatenate(parts) for parts in zip(*chunks, strict=True)) if chunks else _NONE
        is_finite = all(bool(np.isfinite(values).all()) for values in floats)
        yield grouped(ids, *floats) if is_finite else None


_NONE = (np.zeros(0, np.int64), *(np.zeros(0, np.float32),) * 3)


def _num_rows(read: Reader, group: Group) -> int:
    return sum(len(chunk[group.column]) for chunk in read([group.column]))


def _of_part(columns: list[NDArray[np.generic]], part: int, num_parts: int) -> list[NDArray[np.generic]]:
    """Those of the rows whose group belongs to a part; the first column has the groups' ids."""
    if num_parts == 1:
        return columns
    spread = (columns[0].astype(np.uint64) * _SPREAD) >> np.uint64(32)
    is_in = spread % np.uint64(num_parts) == part
    return [column[is_in] for column in columns]
