"""The input of a network as named blocks: what to do with them is an architecture's own choice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import torch
from torch import Tensor


class Blocks:
    """Named parts of a network's input, `[B, W]` each, in a fixed order."""

    def __init__(self, blocks: Mapping[str, Tensor]) -> None:
        """Takes the parts in their order."""
        self._blocks = dict(blocks)

    def __getitem__(self, name: str) -> Tensor:
        return self._blocks[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The parts' names, in their order."""
        return tuple(self._blocks)

    def with_block(self, name: str, values: Tensor) -> Blocks:
        """The same, with one more at the end."""
        return Blocks({**self._blocks, name: values})

    @cached_property
    def joined(self) -> Tensor:
        """All parts side by side, `[B, sum of the widths]`; made once for all networks that read it."""
        return torch.cat(tuple(self._blocks.values()), dim=1)


def split(values: Tensor, widths: Mapping[str, int]) -> dict[str, Tensor]:
    """Parts of values `[B, W]` by their names and widths, which add up to W."""
    return dict(zip(widths, values.split(list(widths.values()), dim=1), strict=True))
