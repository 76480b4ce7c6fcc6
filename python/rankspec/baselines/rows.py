"""The rows that baselines are fitted to and scored on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Rows:
    """Rows of a data set in memory, as a model reads them.

    Attributes:
        dense: numbers and flags, finite, `[N, W]`.
        ids: what the model looks up in tables, a column for each, `[N, I]`.
        labels: 0 or 1, `[N]` by task.
        weights: what each row counts, `[N]` by task; 0 throughout where the data set has no labels for the task.
        groups: the group of each row, `[N]`; None where the config names none.
    """

    dense: NDArray[np.float32]
    ids: NDArray[np.int64]
    labels: dict[str, NDArray[np.float32]]
    weights: dict[str, NDArray[np.float32]]
    groups: NDArray[np.int64] | None

    @property
    def num_rows(self) -> int:
        """N."""
        return len(self.dense)
