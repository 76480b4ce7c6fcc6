"""The rows that one training or evaluation step works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from rankspec.families.recap.input_signature import MODEL_INPUTS
from rankspec.families.recap.program.id_lists import IdLists, RaggedIds
from rankspec.trainer.data.plan import BatchParts


@dataclass(frozen=True, kw_only=True)
class RecapBatch:
    """One process's slice of a global batch.

    Attributes:
        continuous: float32 `[B, C]`, after truncation and slicing; C is 0 if the data set names no such input.
        binary: int64 `[B, W]`, after truncation and slicing; W is 0 if the data set names no such input.
        discrete: int64 `[B, D]`; None if the data set names no such input or nothing reads it.
        user_embedding: float32 `[B, E]`, or None.
        user_eng_embedding: float32 `[B, E]`, or None.
        author_embedding: float32 `[B, E]`, or None.
        labels: float32 `[B, T]`, 0 or 1 or, of a regression, any number; a column for each task in the order the data
            set was opened with.
        weights: float32 `[B, T]`, what a row counts in each task's loss and metrics.
        lists: the inputs of lists of ids that tables look up, by name.
        carried: the other inputs by name, `[B]` or `[B, L]`.
        first_row: place of this slice's first row in the global batch.
        global_rows: rows of the global batch over all processes.
    """

    continuous: Tensor
    binary: Tensor
    discrete: Tensor | None = None
    user_embedding: Tensor | None = None
    user_eng_embedding: Tensor | None = None
    author_embedding: Tensor | None = None
    labels: Tensor
    weights: Tensor
    lists: Mapping[str, IdLists] = field(default_factory=dict)
    carried: dict[str, Tensor] = field(default_factory=dict)
    first_row: int
    global_rows: int

    @property
    def num_rows(self) -> int:
        """Rows of this slice; 0 where a short last batch has fewer rows than there are processes."""
        return self.labels.shape[0]

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> RecapBatch:
        """Moves every tensor, and gives each input the format named above if preprocessing made it smaller.

        Args:
            device: where to.
            non_blocking: whether a copy from pinned memory may still be under way on return.
        """
        moved: dict[str, Any] = {}
        for name in (*MODEL_INPUTS, "labels", "weights"):
            value = getattr(self, name)
            if value is not None:
                # Moved first, then widened: the smaller format is what crosses the bus.
                on_device = value.to(device, non_blocking=non_blocking)
                moved[name] = on_device.to(getattr(torch, MODEL_INPUTS.get(name, "float32")))
        lists = {name: value.to(device, non_blocking=non_blocking) for name, value in self.lists.items()}
        carried = {name: value.to(device, non_blocking=non_blocking) for name, value in self.carried.items()}
        return replace(self, **moved, lists=lists, carried=carried)


def make_batch(parts: BatchParts) -> RecapBatch:
    """A batch of the ranker's inputs; inputs that the model does not read are carried."""
    inputs = parts.inputs
    none = {name: parts.labels.new_empty(len(parts.labels), 0) for name in ("continuous", "binary")}
    return RecapBatch(
        **{**none, **{name: tensor for name, tensor in inputs.items() if name in MODEL_INPUTS}},
        lists={name: RaggedIds(*own) for name, own in parts.lists.items()},
        labels=parts.labels,
        weights=parts.weights,
        carried={n: t.squeeze(1) if t.shape[1] == 1 else t for n, t in inputs.items() if n not in MODEL_INPUTS},
        first_row=parts.first_row,
        global_rows=parts.global_rows,
    )
