"""Baselines that a ranker trained on the prepared MovieLens-100K is measured against, on the same rows.

Gradient-boosted trees read the same continuous and binary inputs as the ranker; a logistic regression reads the
one-hot user and item ids. One model is fitted per task.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_limits

from rankspec.datasets.vectors import matrix_of
from rankspec.metrics.auroc import auroc
from rankspec.metrics.binary import relative_cross_entropy

EXPECTED_TEST_AUC = MappingProxyType({"liked": 0.779, "loved": 0.798, "disliked": 0.802})
"""AUC that the better baseline of each task reaches on the test part."""

AUC_TOLERANCE = 0.002
"""How far below `EXPECTED_TEST_AUC` a baseline may fall before it is taken for broken."""


class BaselineError(ValueError):
    """The baselines do not reach what they are known to reach, so a comparison with them would flatter."""


@dataclass(frozen=True)
class TaskScore:
    """Quality of one model on one task: area under the ROC curve, and relative cross entropy in percent."""

    task: str
    model: str
    auc: float
    rce: float


def train_baselines(data: Path, split: str = "test", tasks: Iterable[str] = EXPECTED_TEST_AUC) -> list[TaskScore]:
    """Fits every baseline to `train.parquet` and scores it on another part.

    Args:
        data: Folder that `rankspec.datasets.movielens.prepare` wrote.
        split: Part to score: `validation` or `test`.
        tasks: Labels to fit, one model each.

    Returns:
        A score per task and baseline.
    """
    train, scored = (
        pq.read_table(data / f"{part}.parquet", page_checksum_verification=True) for part in ("train", split)
    )
    inputs = {
        "HistGradientBoosting": (_dense_features(train), _dense_features(scored)),
        "LogisticRegression": (matrix_of(train["discrete"], np.int64), matrix_of(scored["discrete"], np.int64)),
    }
    scores = []
    for task in tasks:
        for name, (train_inputs, scored_inputs) in inputs.items():
            model = _new_model(name)
            # Trees of this size gain little from a second thread, and lose much where the cores are busy.
            with threadpool_limits(limits=1):
                model.fit(train_inputs, train[task].to_numpy())
                probabilities = model.predict_proba(scored_inputs)[:, 1]
            scores.append(_score(task, name, scored[task].to_numpy(), probabilities))
    return scores


def check_baselines(scores: Iterable[TaskScore]) -> None:
    """Checks that the better baseline of each task is not more than `AUC_TOLERANCE` below its known test AUC.

    Raises:
        BaselineError: One falls short or is missing; names every such task.
    """
    best: dict[str, float] = {}
    for score in scores:
        best[score.task] = max(score.auc, best.get(score.task, 0.0))
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


def _new_model(name: str) -> Pipeline:
    """Settings that stay close to the library's defaults.

    Trees: without early stopping, which would hold back a tenth of the training rows. Five times as many trees, twice
    as large, gain .002 to .004 AUC on the validation part; the ranker's lead there is .03. Logistic regression: no `C`
    between 0.1 and 5 does better on the validation part than the default of 1, and its 100 iterations are too few.
    """
    match name:
        case "HistGradientBoosting":
            return make_pipeline(HistGradientBoostingClassifier(early_stopping=False, random_state=0))
        case "LogisticRegression":
            return make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=300))
        case _:
            raise ValueError(f"no baseline is called {name!r}")


def _score(task: str, model: str, labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> TaskScore:
    return TaskScore(task, model, auroc(probabilities, labels), relative_cross_entropy(probabilities, labels))


def _dense_features(table: pa.Table) -> NDArray[np.float64]:
    """Continuous and binary inputs side by side, `[rows, continuous + binary]`."""
    return np.column_stack([matrix_of(table["continuous"], np.float32), matrix_of(table["binary"], np.int64)])
