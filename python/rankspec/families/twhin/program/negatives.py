"""Which entities are compared with the edges of a relation as negatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rankspec.trainer.data.order import permutation

# What numbers are drawn for, so that no two draws are of the same ones.
_IN_BATCH, _GLOBAL = range(2)
LHS, RHS = range(2)


@dataclass(frozen=True)
class Draw:
    """Where in a run numbers are drawn; the same place gives the same numbers, on any machine.

    Attributes:
        seed: the run's.
        is_training: whether for the training stream.
        batch: number of the global batch.
        first_row: first edge of the process's slice.
    """

    seed: int
    is_training: bool
    batch: int
    first_row: int

    def key(self, purpose: int, relation: int, side: int) -> tuple[int, ...]:
        """What the numbers for one side of a relation follow from."""
        return self.seed, int(self.is_training), self.batch, self.first_row, purpose, relation, side

    def from_batch(self, num_edges: int, count: int, relation: int, side: int) -> Tensor:
        """Places among a relation's edges in a batch, int64 `[count]`: at random, repeated if there are too few."""
        places = permutation(num_edges, *self.key(_IN_BATCH, relation, side))
        return torch.from_numpy(np.resize(places, count))

    def from_table(self, num_rows: int, count: int, relation: int, side: int) -> Tensor:
        """Ids of a table of so many rows, int64 `[count]`, each row as likely as another."""
        bits = np.random.PCG64(np.random.SeedSequence(self.key(_GLOBAL, relation, side))).random_raw(count)
        # Of 2^64 numbers a table takes at most 2^40 rows, so that the remainder favours none that anybody could tell.
        return torch.from_numpy((bits % np.uint64(num_rows)).astype(np.int64))
