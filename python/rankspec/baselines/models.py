"""The baselines: boosted trees, a logistic regression, and the label's mean by one id.

Trees read numbers, ids of at most 255 values as categories, and of other ids their history: as numbers in their order
such ids mean nothing. Ids that follow from a number, such as its bins, they do without: as categories beside the number
they cost trees .01 and more of AUROC on the tables of `make first-day`. The regression reads numbers and every id,
one-hot. Settings are the libraries' own, close to.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_limits

from rankspec.baselines.history import IdHistory, folds_of
from rankspec.baselines.rows import Rows
from rankspec.metrics.auroc import auroc

Floats = NDArray[np.float64]

# As many categories as HistGradientBoosting takes of a feature.
MOST_CATEGORIES = 255
# So many tell most ids from those that follow from a number.
_FEW_ROWS = 1000

LABEL_MEAN = "label mean by one id"
BOOSTED_TREES = "HistGradientBoosting"
LIGHTGBM = "LightGBM"
LOGISTIC_REGRESSION = "logistic regression"


@dataclass(frozen=True)
class Fitted:
    """A baseline that was fitted to one task.

    Attributes:
        model: its name.
        detail: what there is to know about it; may be empty.
        predict: gives probabilities `[M]` of other rows.
    """

    model: str
    detail: str
    predict: Callable[[Rows], Floats]


def fit_all(train: Rows, task: str, say: Callable[[str], None] = lambda _line: None) -> list[Fitted]:
    """Fits every baseline that is there to one task; the training labels have both classes.

    Args:
        train: the training rows.
        task: the task.
        say: takes a line for each baseline that is fitted, as that may take minutes.
    """
    histories = _histories(train, task)
    fits: dict[str, Callable[[], Fitted]] = {BOOSTED_TREES: lambda: _boosted_trees(train, task, histories)}
    if find_spec("lightgbm") is not None:
        fits[LIGHTGBM] = lambda: _lightgbm(train, task, histories)
    fits[LOGISTIC_REGRESSION] = lambda: logistic_regression(train, task)
    fitted = []
    # Trees of this size gain little from a second thread, and lose much where the cores are busy.
    with threadpool_limits(limits=1):
        for name, fit in fits.items():
            began = time.perf_counter()
            fitted.append(fit())
            say(f"{task}: {name} is fitted, in {time.perf_counter() - began:.0f} s")
    return [*fitted, *_label_mean(train, task, histories)]


def _histories(train: Rows, task: str) -> list[IdHistory]:
    """The history of every column of ids."""
    folds = folds_of(train.num_rows)
    return [IdHistory(ids, train.labels[task], train.weights[task], folds) for ids in train.ids.T]


def _boosted_trees(train: Rows, task: str, histories: list[IdHistory]) -> Fitted:
    """Without early stopping, which would hold back a tenth of the training rows."""
    inputs = _TreeInputs(train, histories)
    model = HistGradientBoostingClassifier(
        early_stopping=False, random_state=0, categorical_features=inputs.are_categories
    )
    model.fit(inputs.of_training(train), train.labels[task] > 0.5, sample_weight=train.weights[task])
    return Fitted(BOOSTED_TREES, "", lambda rows: np.asarray(model.predict_proba(inputs.of_others(rows))[:, 1]))


def _lightgbm(train: Rows, task: str, histories: list[IdHistory]) -> Fitted:
    """LightGBM's own settings, on one thread; the same inputs."""
    from lightgbm import LGBMClassifier

    inputs = _TreeInputs(train, histories)
    model = LGBMClassifier(n_jobs=1, random_state=0, deterministic=True, verbosity=-1)
    places: Any = np.flatnonzero(inputs.are_categories).tolist() or "auto"
    labels = train.labels[task] > 0.5
    model.fit(inputs.of_training(train), labels, sample_weight=train.weights[task], categorical_feature=places)
    return Fitted(
        LIGHTGBM,
        "",
        lambda rows: np.asarray(model.predict_proba(inputs.of_others(rows), validate_features=False))[:, 1],
    )


def logistic_regression(train: Rows, task: str) -> Fitted:
    """Fits a logistic regression with L2 of strength 1, the library's, to the training rows of a task.

    The library's 100 iterations are too few for ids.
    """
    inputs = _LinearInputs(train)
    model = LogisticRegression(max_iter=300)
    with warnings.catch_warnings():
        # So close to the end that its figures hardly change; how to scale numbers is nothing that the user decides.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(inputs.of(train), train.labels[task] > 0.5, sample_weight=train.weights[task])
    return Fitted(LOGISTIC_REGRESSION, "", lambda rows: np.asarray(model.predict_proba(inputs.of(rows))[:, 1]))


def _label_mean(train: Rows, task: str, histories: list[IdHistory]) -> list[Fitted]:
    """The mean label by the id that tells the training labels best, out of fold; none where there are no ids."""
    if not histories:
        return []
    labels, weights = train.labels[task], train.weights[task]
    reached = [auroc(history.of_training()[:, 1], labels, weights) for history in histories]
    best = int(np.argmax(reached))
    detail = f"column {best} of the ids"
    return [Fitted(LABEL_MEAN, detail, lambda rows: histories[best].of_others(rows.ids[:, best])[:, 1])]


class _TreeInputs:
    """What trees read.

    Attributes:
        are_categories: which of the columns are categories, `[W + I + H]`.
    """

    def __init__(self, train: Rows, histories: list[IdHistory]) -> None:
        own = [place for place, ids in enumerate(train.ids.T) if not follows_from_a_number(ids, train.dense)]
        values = {place: np.unique(train.ids[:, place]) for place in own}
        self._categories = {place: of_ids for place, of_ids in values.items() if len(of_ids) <= MOST_CATEGORIES}
        self._histories = {place: histories[place] for place in own if place not in self._categories}
        num_numbers = train.dense.shape[1]
        self.are_categories = np.array(
            [False] * num_numbers + [True] * len(self._categories) + [False] * 2 * len(self._histories)
        )

    def of_training(self, train: Rows) -> Floats:
        """The columns of the training rows, `[N, W + I + H]`."""
        return self._joined(train, [history.of_training() for history in self._histories.values()])

    def of_others(self, rows: Rows) -> Floats:
        """The columns of other rows."""
        return self._joined(rows, [one.of_others(rows.ids[:, place]) for place, one in self._histories.items()])

    def _joined(self, rows: Rows, histories: list[Floats]) -> Floats:
        codes = [_codes(rows.ids[:, place], known) for place, known in self._categories.items()]
        return np.column_stack([rows.dense.astype(np.float64), *codes, *histories])


def follows_from_a_number(ids: NDArray[np.int64], dense: NDArray[np.float32]) -> bool:
    """Whether ids, but for 0, which may stand for a missing value, never fall while one of the numbers rises.

    Args:
        ids: `[N]`.
        dense: the numbers, `[N, W]`.
    """
    there = ids != 0
    ids, dense = ids[there], dense[there]
    if not len(ids) or ids.min() == ids.max():
        return False
    few = slice(0, _FEW_ROWS)
    return any(_rise_with(ids[few], number[few]) and _rise_with(ids, number) for number in dense.T)


def _rise_with(ids: NDArray[np.int64], number: NDArray[np.float32]) -> bool:
    order = np.lexsort((ids, number))
    steps, is_same = np.diff(ids[order]), np.diff(number[order]) == 0
    return bool((steps >= 0).all() and not steps[is_same].any())


def _codes(ids: NDArray[np.int64], known: NDArray[np.int64]) -> Floats:
    """Numbers of the ids from 0; not-a-number, which trees take for missing, where an id is unknown."""
    places = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[places] == ids, places, np.nan)


class _LinearInputs:
    """What the regression reads: standardized logarithms of the numbers, and ids one-hot."""

    def __init__(self, train: Rows) -> None:
        numbers = _logarithms(train.dense)
        self._mean, deviation = numbers.mean(0), numbers.std(0)
        self._scale = np.where(deviation > 0, deviation, 1.0)
        self._encoder = OneHotEncoder(handle_unknown="ignore").fit(train.ids) if train.ids.shape[1] else None

    def of(self, rows: Rows) -> Any:
        """The columns, sparse, `[N, W + V]`."""
        numbers = (_logarithms(rows.dense) - self._mean) / self._scale
        if self._encoder is None:
            return numbers
        return sparse.hstack([sparse.csr_matrix(numbers), self._encoder.transform(rows.ids)], format="csr")


def _logarithms(numbers: NDArray[np.float32]) -> Floats:
    return np.sign(numbers) * np.log1p(np.abs(numbers.astype(np.float64)))
