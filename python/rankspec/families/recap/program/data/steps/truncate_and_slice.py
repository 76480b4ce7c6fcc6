"""Keeps the first values of an input, or those that a mask names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rankspec.families.recap.program.data.steps.context import StepContext
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.trainer.data.formats import Format
from rankspec.trainer.data.step import Chunk, Step


@dataclass(frozen=True)
class TruncateAndSlice(Step):
    """Keeps some values of inputs: by input, the first ones, or those at some places."""

    kept: dict[str, slice | NDArray[np.intp]]

    def apply(self, chunk: Chunk) -> None:
        """Takes the values; without a copy where they are the first ones."""
        for name, kept in self.kept.items():
            chunk.inputs[name] = chunk.inputs[name][:, kept]


def build_truncate_and_slice(_data: RecapDataConfig, context: StepContext) -> TruncateAndSlice | None:
    """The step, as the signature of the inputs has settled it, masks included."""
    narrowed = [item for item in context.inputs if item.kept is not None or item.width < item.stored_length]
    if not narrowed:
        return None
    return TruncateAndSlice(
        {item.name: slice(item.width) if item.kept is None else np.array(item.kept) for item in narrowed},
        formats={item.name: Format(item.width, context.formats[item.name].dtype) for item in narrowed},
    )
