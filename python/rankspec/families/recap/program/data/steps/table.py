"""The steps there are, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from rankspec.families.recap.program.data.steps.check_ids import build_check_ids
from rankspec.families.recap.program.data.steps.context import StepContext
from rankspec.families.recap.program.data.steps.downcast import build_downcast
from rankspec.families.recap.program.data.steps.downsample_negatives import build_downsample_negatives
from rankspec.families.recap.program.data.steps.extract_features import build_extract_features
from rankspec.families.recap.program.data.steps.mask_mantissa import build_mask_mantissa
from rankspec.families.recap.program.data.steps.rectify_labels import build_rectify_labels
from rankspec.families.recap.program.data.steps.truncate_and_slice import build_truncate_and_slice
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.trainer.data.formats import Format
from rankspec.trainer.data.step import Step

# Each gives none where the configuration does not ask for its step.
_BUILDERS: tuple[Callable[[RecapDataConfig, StepContext], Step | None], ...] = (
    build_truncate_and_slice,  # first, so that no work goes into values that are dropped
    build_check_ids,  # before a smaller format could change an id
    build_mask_mantissa,
    build_downsample_negatives,  # goes by the labels of the files, not by rectified ones
    build_downcast,
    build_rectify_labels,
    build_extract_features,
)


def build_steps(data: RecapDataConfig, context: StepContext) -> tuple[tuple[Step, ...], Mapping[str, Format]]:
    """The steps that a configuration asks for, and the formats of all inputs behind the last one.

    Raises:
        DataError: a step names what is not there.
    """
    steps = []
    for build in _BUILDERS:
        if (step := build(data, context)) is not None:
            steps.append(step)
            context = replace(context, formats={**context.formats, **step.formats})
    return tuple(steps), context.formats
