"""The steps between files and model, each a function of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rankspec.recap.v1 import preprocess_pb2
from rankspec.signature import DataError

Array = NDArray[Any]

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


def torch_format(data_type: preprocess_pb2.DataType) -> torch.dtype:
    """The tensor format that a `DataType` stands for."""
    return _TORCH_FORMATS[data_type]


def array_format(dtype: torch.dtype) -> np.dtype[Any]:
    """The type of the array that `as_array` makes of a tensor of this format."""
    return as_array(torch.empty(0, dtype=dtype)).dtype


def as_array(tensor: torch.Tensor) -> Array:
    """The tensor's memory; bfloat16, which numpy does not have, as the uint16 of the same bits."""
    array: Array = (tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor).numpy()
    return array


def mask_mantissa(values: NDArray[np.float32], num_bits: int) -> NDArray[np.float32]:
    """Sets the low bits of every mantissa to 0.

    NaN and infinities stay what they are: a NaN's mantissa is all that tells it from an infinity.
    """
    bits = values.view(np.uint32)
    finite = (bits & np.uint32(0x7F800000)) != np.uint32(0x7F800000)
    masked = bits & ~np.uint32((1 << num_bits) - 1)
    return np.where(finite, masked, bits).view(np.float32)


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


def rectify(
    labels: NDArray[np.uint8], served: Array, impressed: Array, engaged: Array, window_in_ms: float
) -> NDArray[np.uint8]:
    """Sets a label to 0 unless impression and engagement came less than a window after serving.

    Args:
        labels: 0 or 1, `[N]`.
        served: time served in ms, `[N]`.
        impressed: time shown in ms, `[N]`.
        engaged: time of the engagement in ms, `[N]`.
        window_in_ms: length of the window.
    """
    in_time = (impressed - served < window_in_ms) & (engaged - served < window_in_ms)
    return labels * in_time.astype(np.uint8)


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
