"""The lists of ids of a batch's rows, and the rows of a table that they name, pooled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from rankspec.encoding.lists import PADDING


class IdLists(Protocol):
    """A list of ids for each row, in one of two forms."""

    def pooled(self, weight: Tensor, to_row: Callable[[Tensor], Tensor], *, is_mean: bool) -> Tensor:
        """The sum or mean of the rows that each list names: `[B, dim]`, 0 for the empty list.

        Args:
            weight: the table, `[rows, dim]`.
            to_row: maps ids of any shape to numbers of its rows.
            is_mean: the mean in place of the sum.
        """

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> IdLists:
        """Moves the ids."""


@dataclass(frozen=True, slots=True)
class RaggedIds(IdLists):
    """Ids one list after the other, as training reads them: what a row gets does not depend on the other rows' lengths.

    Attributes:
        values: int64 `[N]`.
        offsets: where each list begins, and the end of the last, int64 `[B + 1]`.
    """

    values: Tensor
    offsets: Tensor

    def pooled(self, weight: Tensor, to_row: Callable[[Tensor], Tensor], *, is_mean: bool) -> Tensor:
        """As `IdLists.pooled`, one id after the other, without a row of the table in memory for each."""
        return functional.embedding_bag(
            to_row(self.values), weight, self.offsets, mode="mean" if is_mean else "sum", include_last_offset=True
        )

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> RaggedIds:
        """Moves both tensors."""
        moved = (one.to(device, non_blocking=non_blocking) for one in (self.values, self.offsets))
        return RaggedIds(*moved)


@dataclass(frozen=True, slots=True)
class PaddedIds(IdLists):
    """Ids as a matrix, as ONNX takes them: it has no operator for lists, but all that this form needs.

    Attributes:
        ids: int64 `[B, L]`, `PADDING` behind each list.
    """

    ids: Tensor

    def pooled(self, weight: Tensor, to_row: Callable[[Tensor], Tensor], *, is_mean: bool) -> Tensor:
        """As `IdLists.pooled`; the sum may be taken in another order, which changes its last bits."""
        is_padding = self.ids == PADDING
        rows = functional.embedding(to_row(self.ids.masked_fill(is_padding, 0)), weight)
        total = rows.masked_fill(is_padding.unsqueeze(2), 0.0).sum(1)
        return total / (~is_padding).sum(1, keepdim=True).clamp(min=1) if is_mean else total

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> PaddedIds:
        """Moves the matrix."""
        return PaddedIds(self.ids.to(device, non_blocking=non_blocking))
