"""The edges that one training or evaluation step works on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class EdgeBatch:
    """One process's slice of a global batch.

    Attributes:
        lhs: ids of the left-hand entities, int64 `[B]`.
        rhs: ids of the right-hand entities, int64 `[B]`.
        rel: numbers of the relations, int64 `[B]`.
        number: number of the global batch in its stream, from 0.
        first_row: place of this slice's first edge in the global batch.
        global_rows: edges of the global batch over all processes.
    """

    lhs: Tensor
    rhs: Tensor
    rel: Tensor
    number: int
    first_row: int
    global_rows: int

    @property
    def num_rows(self) -> int:
        """Edges of this slice."""
        return self.rel.shape[0]

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> EdgeBatch:
        """The same edges on a device."""
        moved = {name: getattr(self, name).to(device, non_blocking=non_blocking) for name in ("lhs", "rhs", "rel")}
        return replace(self, **moved)
