"""The combined score of a row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

# What the combined score is called beside the tasks' outputs; no task of a config with weights has the name.
SCORE = "score"


def combined(outputs: Mapping[str, NDArray[np.float32]], weights: Mapping[str, float]) -> NDArray[np.float32]:
    """The sum of weight times output, in the order of the names' UTF-8 bytes.

    Args:
        outputs: float32 `[rows]` by task.
        weights: by task, of at least one.

    Returns:
        The sums, computed in double and rounded to float32, `[rows]`.
    """
    names = sorted(weights, key=str.encode)
    total = np.float64(weights[names[0]]) * outputs[names[0]].astype(np.float64)
    for name in names[1:]:
        total = total + np.float64(weights[name]) * outputs[name].astype(np.float64)
    with np.errstate(over="ignore"):  # A sum beyond float32 is infinite in every language.
        return total.astype(np.float32)
