"""Leaves negatives out of a batch: which rows are positives is seen here, the batch is thinned out when it is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rankspec.paths import at, join
from rankspec.recap.v1 import preprocess_pb2
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.preprocess_pb2 import Preprocess
from rankspec.signature import DataError
from rankspec.trainer.claims import obeys
from rankspec.trainer.data.labels import Label
from rankspec.trainer.data.steps.step import Chunk, Step, StepContext


@dataclass(frozen=True)
class DownsampleNegatives(Step):
    """Finds the positives.

    Attributes:
        labels: any of these makes a row a positive.
        batch_multiplier: batches of rows that one batch is chosen from.
    """

    labels: tuple[Label, ...]
    batch_multiplier: int

    def apply(self, chunk: Chunk) -> None:
        """Marks the positives."""
        for label in self.labels:
            chunk.positive |= label.checked(chunk.stored[label.name], chunk.place) == 1


@obeys(RecapDataConfig, "preprocess", "tasks")
@obeys(Preprocess, "downsample_negatives")
@obeys(preprocess_pb2.DownsampleNegatives, "engagements_list", "num_engagements", "batch_multiplier")
def build_downsample_negatives(data: RecapDataConfig, context: StepContext) -> DownsampleNegatives | None:
    """The step.

    Raises:
        DataError: a label that it goes by is a number.
    """
    if not data.preprocess.HasField("downsample_negatives"):
        return None
    step = data.preprocess.downsample_negatives
    assert step.num_engagements == len(data.tasks), "a rule of the spec, and all that the number is for"
    for index, name in enumerate(step.engagements_list):
        if name in context.float_labels:
            here = at(join(context.place("downsample_negatives"), "engagements_list"), index)
            raise DataError(f'"{name}" is a number, which makes no row a positive; name labels of 0 or 1', here)
    labels = tuple(Label(name) for name in step.engagements_list)
    return DownsampleNegatives(labels, step.batch_multiplier, columns=tuple(label.column for label in labels))


def thin_negatives(positive: NDArray[np.bool_], size: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Chooses all positives and so many of the first negatives that `size` rows remain.

    Args:
        positive: whether a row is a positive, `[N]`.
        size: rows to keep.

    Returns:
        The places of the rows kept, ascending, and their weights, `[size]` each. A negative weighs as much as all
        negatives do divided by those kept, so that the weights add up to N.

    Raises:
        DataError: the positives leave no room for a negative, so that nothing could stand for the negatives.
    """
    num_positives = int(positive.sum())
    num_negatives, room = len(positive) - num_positives, size - num_positives
    if room < min(num_negatives, 1):
        raise DataError(
            f"{num_positives} positives in {len(positive)} rows leave no room for negatives in a batch of {size}; "
            "lower batch_multiplier or raise global_batch_size"
        )
    negatives = np.flatnonzero(~positive)[:room]
    chosen = np.sort(np.concatenate([np.flatnonzero(positive), negatives]))
    weight = num_negatives / len(negatives) if len(negatives) else 1.0
    return chosen, np.where(positive[chosen], 1.0, weight).astype(np.float32)
