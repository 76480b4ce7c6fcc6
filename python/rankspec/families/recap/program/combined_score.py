"""The one score that rows are ranked by: a weighted sum of what is predicted for the tasks."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from rankspec.claims.registry import obeys
from rankspec.recap.v1.recap_pb2 import RecapConfig


class CombinedScore:
    """A weighted sum of predictions.

    Attributes:
        weights: by the task's place, in the order in which they are summed up.
    """

    def __init__(self, weights: Sequence[tuple[int, float]]) -> None:
        """Takes each weight with the place of its task; there is one at least."""
        self.weights = tuple(weights)

    def of(self, predictions: Tensor) -> Tensor:
        """The score of each row, float32 `[B]`, of what is predicted, `[B, T]`; summed up in double precision."""
        terms = [predictions[:, place].double() * weight for place, weight in self.weights]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total.float()


@obeys(RecapConfig, "score_weights")
def build_combined_score(config: RecapConfig, task_names: Sequence[str]) -> CombinedScore | None:
    """The score, or none if the config gives no weights.

    Args:
        config: the run.
        task_names: the tasks in the order of what is predicted, which is that of their names' bytes.
    """
    weights = [
        (place, config.score_weights[name]) for place, name in enumerate(task_names) if name in config.score_weights
    ]
    return CombinedScore(weights) if weights else None
