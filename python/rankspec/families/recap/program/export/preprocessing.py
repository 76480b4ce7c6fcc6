"""The steps between stored rows and the model, as operations of the exported graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from rankspec.families.recap.program.data.steps.downcast import Downcast
from rankspec.families.recap.program.data.steps.extract_features import ExtractFeatures
from rankspec.families.recap.program.data.steps.mask_mantissa import MaskMantissa
from rankspec.families.recap.program.data.steps.truncate_and_slice import TruncateAndSlice
from rankspec.serving.v1.bundle_pb2 import AllowedValues
from rankspec.trainer.data.step import Step
from rankspec.trainer.errors import TrainError

_MANTISSA_BITS = 23
_LEAST_EXPONENT, _LARGEST_EXPONENT = -126, 127
_OF_FLOATS = (torch.bfloat16, torch.float16)


class Preprocessing(nn.Module):
    """What the steps of a data set do to one input, value for value."""

    def __init__(self, name: str, steps: Sequence[Step]) -> None:
        """Takes the steps in their order.

        Raises:
            TrainError: one of them has no form in a graph.
        """
        super().__init__()
        self._operations = [made for step in steps for made in _operations(step, name)]
        # Exact in double, which has room for them and for quotients by them.
        powers = 2.0 ** torch.arange(_LEAST_EXPONENT, _LARGEST_EXPONENT + 1, dtype=torch.float64)
        self._powers: Tensor
        self.register_buffer("_powers", powers, persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Maps stored values `[B, W]` to those that the model reads, of the same type."""
        for operation in self._operations:
            values = operation(values, self._powers)
        return values


_Operation = Callable[[Tensor, Tensor], Tensor]


def _operations(step: Step, name: str) -> list[_Operation]:
    if isinstance(step, TruncateAndSlice):
        return [_kept(step.kept[name])] if name in step.kept else []
    if isinstance(step, MaskMantissa):
        return [_masked(step.num_bits[name])] if name in step.num_bits else []
    if isinstance(step, Downcast):
        return [_rounded(step.formats[name].dtype)] if name in step.formats else []
    if isinstance(step, ExtractFeatures):
        # What it makes travels with the rows; the model reads none of it.
        return []
    raise TrainError(f"{type(step).__name__} has no form in a bundle; train without it", "train_data.preprocess")


def _kept(kept: slice | np.ndarray) -> _Operation:
    if isinstance(kept, slice):
        return lambda values, _powers: values[:, kept]
    places = torch.from_numpy(np.asarray(kept, np.int64))
    return lambda values, _powers: values.index_select(1, places)


def _masked(num_bits: int) -> _Operation:
    return lambda values, powers: mask_mantissa(values, num_bits, powers)


def mask_mantissa(values: Tensor, num_bits: int, powers: Tensor) -> Tensor:
    """Sets the low bits of mantissas to 0, by arithmetic that is exact: graphs have no operation on bits of reals.

    A finite number becomes a multiple of its unit, the place of the lowest bit that stays, by rounding towards 0. Units
    and quotients by them are exact in double.

    Args:
        values: float32.
        num_bits: how many bits, from 1 to 23.
        powers: 2.0 to the powers from -126 to 127, float64.
    """
    finite = torch.isfinite(values)
    sizes = torch.where(finite, values, torch.zeros_like(values)).abs().double()
    # A logarithm may be off at powers of two, by no more than one; that of 0 is infinite.
    near = sizes.log2().floor().clamp(_LEAST_EXPONENT, _LARGEST_EXPONENT).long() - _LEAST_EXPONENT
    power = powers[near]
    near = near - (sizes < power).long() + (sizes >= 2 * power).long()
    units = powers[near.clamp(0, _LARGEST_EXPONENT - _LEAST_EXPONENT)] * 2.0 ** (num_bits - _MANTISSA_BITS)
    masked = (sizes / units).floor() * units
    return torch.where(finite, torch.where(values < 0, -masked, masked).float(), values)


def _rounded(dtype: torch.dtype) -> _Operation:
    """What a smaller format keeps of values that fit it."""
    if dtype == torch.bool:
        return lambda values, _powers: (values != 0).to(values.dtype)
    if dtype in _OF_FLOATS:
        return lambda values, _powers: values.float().to(dtype).to(values.dtype)
    # Values that fit uint8 or float32 stay what they are.
    return lambda values, _powers: values


def allowed_values(name: str, steps: Sequence[Step]) -> AllowedValues | None:
    """What training lets an input's values be; None if anything will do."""
    for step in steps:
        if isinstance(step, Downcast) and name in step.formats:
            dtype = step.formats[name].dtype
            if dtype == torch.uint8:
                return AllowedValues(least=0, most=255, whole=True)
            if dtype in _OF_FLOATS:
                most = _largest_that_fits(dtype)
                return AllowedValues(least=-most, most=most)
    return None


def _largest_that_fits(dtype: torch.dtype) -> float:
    """The largest float32 that is not rounded to infinity."""
    largest = torch.tensor(torch.finfo(dtype).max, dtype=torch.float64)
    step = largest - torch.nextafter(torch.tensor(torch.finfo(dtype).max, dtype=dtype), torch.tensor(0, dtype=dtype))
    return float(np.nextafter(np.float32((largest + step / 2).item()), np.float32(0)))
