"""Sets low bits of float32 values to 0, as if they had been stored in a smaller format."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.data.steps.context import StepContext
from rankspec.recap.v1.data_pb2 import RecapDataConfig, SegDenseSchema
from rankspec.schema.field_paths import at, join
from rankspec.trainer.data.step import Chunk, Step
from rankspec.trainer.data_error import DataError


@dataclass(frozen=True)
class MaskMantissa(Step):
    """Sets the low bits of the mantissa to 0: how many, by input."""

    num_bits: dict[str, int]

    def apply(self, chunk: Chunk) -> None:
        """Masks the values of every such input."""
        for name, num_bits in self.num_bits.items():
            chunk.inputs[name] = mask_mantissa(np.ascontiguousarray(chunk.inputs[name]), num_bits)


@obeys(RecapDataConfig, "seg_dense_schema")
@obeys(SegDenseSchema, "mask_mantissa_features", "renamed_features")
def build_mask_mantissa(data: RecapDataConfig, context: StepContext) -> MaskMantissa | None:
    """The step, for those of its inputs that are read.

    Raises:
        DataError: it names an input that the data set does not have, or one of whole numbers.
    """
    schema = data.seg_dense_schema
    for name in sorted(schema.mask_mantissa_features):
        here = at(join(context.path, "seg_dense_schema.mask_mantissa_features"), name)
        if name not in schema.renamed_features:
            raise DataError(f'renamed_features has no input "{name}"', here)
        context.refuse_list(name, "which have no mantissa", here)
        if name in context.formats and context.formats[name].dtype != torch.float32:
            raise DataError(f'"{name}" holds whole numbers; only float32 values have a mantissa', here)
    num_bits = {name: bits for name, bits in schema.mask_mantissa_features.items() if name in context.formats}
    return MaskMantissa(num_bits) if num_bits else None


def mask_mantissa(values: NDArray[np.float32], num_bits: int) -> NDArray[np.float32]:
    """Sets the low bits of every mantissa to 0.

    NaN and infinities stay what they are: a NaN's mantissa is all that tells it from an infinity.
    """
    bits = values.view(np.uint32)
    finite = (bits & np.uint32(0x7F800000)) != np.uint32(0x7F800000)
    masked = bits & ~np.uint32((1 << num_bits) - 1)
    return np.where(finite, masked, bits).view(np.float32)
