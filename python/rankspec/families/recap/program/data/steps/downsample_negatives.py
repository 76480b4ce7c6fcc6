"""Leaves negatives out of a batch: which rows are positives is seen here, the batch is thinned out when it is made."""

from __future__ import annotations

from dataclasses import dataclass

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.data.steps.context import StepContext
from rankspec.recap.v1 import preprocess_pb2
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.preprocess_pb2 import Preprocess
from rankspec.schema.field_paths import at, join
from rankspec.trainer.data.labels import Label
from rankspec.trainer.data.step import Chunk, Step
from rankspec.trainer.data.thinning import Thinning
from rankspec.trainer.data_error import DataError


@dataclass(frozen=True)
class DownsampleNegatives(Step):
    """Finds the positives.

    Attributes:
        labels: any of these makes a row a positive.
        thinning: how the others are thinned out.
    """

    labels: tuple[Label, ...]
    thinning: Thinning

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
    thinning = Thinning(step.batch_multiplier, join(context.place("downsample_negatives"), "batch_multiplier"))
    return DownsampleNegatives(labels, thinning, columns=tuple(label.column for label in labels))
