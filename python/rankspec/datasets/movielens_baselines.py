"""What baselines are known to reach on MovieLens-100K: the ranker is compared with none that are worse."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from rankspec.baselines.comparison import RANKER, Score

EXPECTED_TEST_AUC = MappingProxyType({"liked": 0.779, "loved": 0.799, "disliked": 0.803})
"""AUC that the best baseline of each task reaches on the test part."""

AUC_TOLERANCE = 0.002
"""How far below `EXPECTED_TEST_AUC` a baseline may fall before it is taken for broken."""


class BaselineError(ValueError):
    """The baselines do not reach what they are known to reach, so a comparison with them would flatter."""


def check_baselines(scores: Iterable[Score]) -> None:
    """Checks that the best baseline of each task is not more than `AUC_TOLERANCE` below its known test AUC.

    Raises:
        BaselineError: One falls short or is missing; names every such task.
    """
    best: dict[str, float] = {}
    for score in scores:
        if score.model != RANKER:
            best[score.task] = max(score.figures["auroc"], best.get(score.task, 0.0))
    shortfalls = [
        f"{task}: AUC {best.get(task, float('nan')):.4f}, expected at least {expected - AUC_TOLERANCE:.3f}"
        for task, expected in EXPECTED_TEST_AUC.items()
        if not best.get(task, 0.0) >= expected - AUC_TOLERANCE
    ]
    if shortfalls:
        raise BaselineError(
            "the baselines are worse than they should be, so beating them means nothing; prepare the data again and "
            f"compare the scikit-learn version with constraints.txt ({'; '.join(shortfalls)})"
        )
