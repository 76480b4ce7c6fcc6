"""Parameters that step alike, said without the parameters themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rankspec.optimization.algorithms import Algorithm


class ParameterGroup(NamedTuple):
    """Parameters that step alike.

    Attributes:
        name: What metrics and `diff` call the group.
        kind: What the parameters are of, in the family's terms: `tower`, `table`, `relations`, or `rest` for all that
            have no group of their own.
        owner: Which tower or table; empty for the others.
        algorithm: What steps them, with the options that hold for this group.
        learning_rate: The schedule, a `rankspec.optim.v1.LearningRate`.
        l2: How much of the parameters is added to their gradient in every step, before clipping and the algorithm.
    """

    name: str
    kind: str
    owner: str
    algorithm: Algorithm
    learning_rate: Any
    l2: float = 0.0
