"""The formats that inputs have between files and model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from rankspec.trainer.data.values import Array


@dataclass(frozen=True, slots=True)
class Format:
    """What the rows of an input look like: tensors `[rows, width]`."""

    width: int
    dtype: torch.dtype

    def room(self, num_rows: int) -> Array:
        """Uninitialised memory for so many rows, as `as_array` gives them."""
        array_type = as_array(torch.empty(0, dtype=self.dtype)).dtype
        return np.empty((num_rows, self.width), array_type)


def as_array(tensor: torch.Tensor) -> Array:
    """The tensor's memory; bfloat16, which numpy does not have, as the uint16 of the same bits."""
    array: Array = (tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor).numpy()
    return array
