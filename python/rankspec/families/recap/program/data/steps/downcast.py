"""Keeps inputs in a smaller format until they reach the device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.data.steps.context import StepContext
from rankspec.recap.v1 import preprocess_pb2
from rankspec.recap.v1.data_pb2 import RecapDataConfig, SegDenseSchema
from rankspec.recap.v1.preprocess_pb2 import DownCast, Preprocess
from rankspec.schema.field_paths import at, join
from rankspec.trainer.data.formats import Format, as_array
from rankspec.trainer.data.step import Chunk, Step
from rankspec.trainer.data.values import Array
from rankspec.trainer.data_error import DataError

_TORCH_FORMATS = {
    preprocess_pb2.DATA_TYPE_BFLOAT16: torch.bfloat16,
    preprocess_pb2.DATA_TYPE_BOOL: torch.bool,
    preprocess_pb2.DATA_TYPE_FLOAT32: torch.float32,
    preprocess_pb2.DATA_TYPE_FLOAT16: torch.float16,
    preprocess_pb2.DATA_TYPE_UINT8: torch.uint8,
}


class UnfitValueError(DataError):
    """A value that does not fit the format it is asked to have.

    Attributes:
        row: place of its row in what was to be converted.
    """

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.row = row


@dataclass(frozen=True)
class Downcast(Step):
    """Converts inputs to the formats it gives; errors name their columns."""

    columns_of: dict[str, str]

    def apply(self, chunk: Chunk) -> None:
        """Converts every such input."""
        for name, wanted in self.formats.items():
            try:
                chunk.inputs[name] = downcast(chunk.inputs[name], wanted.dtype)
            except UnfitValueError as error:
                raise DataError(f"{chunk.place.of(self.columns_of[name], error.row)}: {error}") from error


@obeys(RecapDataConfig, "preprocess", "seg_dense_schema")
@obeys(SegDenseSchema, "renamed_features", "features")
@obeys(Preprocess, "downcast")
@obeys(DownCast, "features")
def build_downcast(data: RecapDataConfig, context: StepContext) -> Downcast | None:
    """The step, for those of its inputs that are read.

    Raises:
        DataError: it names an input that the data set does not have, or has ids become floating-point numbers.
    """
    schema, wanted = data.seg_dense_schema, data.preprocess.downcast.features
    known = {*schema.renamed_features, *schema.features}
    formats = {}
    for name in sorted(wanted):
        here = at(join(context.place("downcast"), "features"), name)
        dtype = _TORCH_FORMATS[wanted[name]]
        if name not in known:
            raise DataError(f'there is no input "{name}"; the inputs are {", ".join(sorted(known))}', here)
        if name == "discrete" and dtype.is_floating_point:
            raise DataError('"discrete" holds ids, which no floating-point format keeps; use uint8 or drop it', here)
        context.refuse_list(name, "which are kept as they are", here)
        if name in context.formats:
            formats[name] = Format(context.formats[name].width, dtype)
    columns = {item.name: item.column for item in context.inputs if item.name in formats}
    return Downcast(columns, formats=formats) if formats else None


def downcast(values: Array, dtype: torch.dtype) -> Array:
    """Converts numbers to a smaller format, rounding to nearest; returns them as `as_array` does.

    Raises:
        UnfitValueError: a finite value is too large for the format or, for whole numbers, not from 0 to 255.
    """
    if dtype == torch.bool:
        return np.not_equal(values, 0)
    if dtype == torch.uint8:
        narrow = np.nan_to_num(values, nan=-1.0, posinf=-1.0, neginf=-1.0)
        _refuse(values, (narrow < 0) | (narrow > 255) | (narrow != np.trunc(narrow)), "uint8")
        return narrow.astype(np.uint8)
    tensor = torch.from_numpy(np.array(values)).to(dtype)
    lost = torch.isinf(tensor).numpy() & np.isfinite(values)
    _refuse(values, lost, str(dtype).removeprefix("torch."))
    return as_array(tensor)


def _refuse(values: Array, lost: NDArray[np.bool_], name: str) -> None:
    if lost.any():
        row = int(np.argwhere(lost)[0, 0])
        raise UnfitValueError(
            f"the value {values[lost][0]} does not fit {name}; drop the downcast or choose another format", row
        )
