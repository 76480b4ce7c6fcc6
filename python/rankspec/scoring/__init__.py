"""Scores rows as a trained model does, from a bundle: a folder that `rankspec export` wrote. Needs no torch.

`open` is where to begin; `docs/serving.md` has the format and what is guaranteed.
"""

from rankspec.scoring.combining import SCORE
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.scorer import Scorer, open  # noqa: A004 - called as `scoring.open`

__all__ = ["SCORE", "Scorer", "ScoringError", "open"]
