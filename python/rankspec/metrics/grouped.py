"""Metrics of how rows are ordered within groups, such as the films of one user: GAUC, NDCG, recall, reciprocal rank.

Each gives a value for every group, and what the group counts in the mean over groups. Rows of equal score have no
order: what stands for them is the mean over all orders that they could be in, as McSherry and Najork, "Computing
Information Retrieval Performance Measures Efficiently in the Presence of Tied Scores" (ECIR 2008), have it. So no
figure depends on the order of the rows, and a model that gives all rows the same score gains nothing by luck.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rankspec.metrics.binary import Floats, Labels

Ids = NDArray[np.int64]


class GroupValues(NamedTuple):
    """A metric of every group, in the order of their ids.

    Attributes:
        values: `[G]`; 0 where the metric means nothing.
        weights: what each counts in the mean over the groups, `[G]`; 0 where the metric means nothing.
    """

    values: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The weighted mean; NaN if no group counts."""
        total = self.weights.sum()
        return float(self.values @ self.weights / total) if total else float("nan")


@dataclass(frozen=True)
class GroupedRows:
    """Rows of whole groups as blocks: the rows of one group with one score. Groups by id, blocks by falling score.

    Attributes:
        ids: of the groups, `[G]`, ascending.
        firsts: each group's first block, `[G]`.
        group: each block's group, from 0, `[K]`.
        sizes: rows of each block, `[K]`.
        positives: those of them with a label above one half, `[K]`.
        before: rows of the same group in the blocks before, `[K]`.
        mass: weight of all rows of each block, `[K]`.
        positive_mass: weight of its positives, `[K]`.
    """

    ids: Ids
    firsts: NDArray[np.intp]
    group: NDArray[np.intp]
    sizes: NDArray[np.int64]
    positives: NDArray[np.int64]
    before: NDArray[np.int64]
    mass: NDArray[np.float64]
    positive_mass: NDArray[np.float64]

    def of_groups(self, of_blocks: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float64]:
        """Sums over the blocks of each group, `[G]`."""
        if not len(self.firsts):
            return np.zeros(0)
        return np.add.reduceat(np.asarray(of_blocks, dtype=np.float64), self.firsts)


def grouped(groups: Ids, predictions: Floats, labels: Labels, weights: Floats) -> GroupedRows:
    """Brings rows in order; those without weight are left out.

    Args:
        groups: the group that each row is of, `[N]`.
        predictions: any finite scores, `[N]`.
        labels: `[N]`.
        weights: `[N]`.
    """
    counted = np.flatnonzero(np.asarray(weights) != 0)
    order = counted[np.lexsort((-predictions[counted], groups[counted]))]
    ids, scores = groups[order], predictions[order]
    mass = np.asarray(weights, dtype=np.float64)[order]
    is_positive = labels[order] > 0.5
    is_new_group = np.concatenate(([True], ids[1:] != ids[:-1])) if len(ids) else np.zeros(0, bool)
    is_new = is_new_group | np.concatenate(([True], scores[1:] != scores[:-1])) if len(ids) else is_new_group
    starts = np.flatnonzero(is_new)
    group = np.cumsum(is_new_group[starts]) - 1
    firsts = np.flatnonzero(is_new_group[starts])
    return GroupedRows(
        ids=ids[starts][firsts],
        firsts=firsts,
        group=group,
        sizes=np.diff(np.append(starts, len(ids))),
        positives=_block_sums(is_positive.astype(np.int64), starts),
        before=starts - starts[firsts][group] if len(starts) else starts,
        mass=_block_sums(mass, starts),
        positive_mass=_block_sums(np.where(is_positive, mass, 0.0), starts),
    )


def _block_sums(of_rows: NDArray, starts: NDArray[np.intp]) -> NDArray:  # type: ignore[type-arg]
    return np.add.reduceat(of_rows, starts) if len(starts) else of_rows


def group_auroc(rows: GroupedRows) -> GroupValues:
    """AUROC within each group; its mean is GAUC, where a group counts as much as its rows weigh.

    Zhu et al., "Optimized Cost per Click in Taobao Display Advertising" (KDD 2017), weigh the AUC of a user by the
    user's impressions; here by the weight of the rows, which is their number where all weigh 1. Groups of one class
    have no AUROC and count for nothing.
    """
    negative_mass = rows.mass - rows.positive_mass
    negatives, positives = rows.of_groups(negative_mass), rows.of_groups(rows.positive_mass)
    above = np.cumsum(negative_mass)
    # Negatives of the same group that are scored lower.
    below = (np.cumsum(negatives)[rows.group] if len(rows.group) else above) - above
    won = rows.of_groups(rows.positive_mass * (below + negative_mass / 2))
    pairs = positives * negatives
    values = np.divide(won, pairs, out=np.zeros_like(pairs), where=pairs > 0)
    # Differences of sums are off by rounding.
    return GroupValues(np.clip(values, 0, 1), np.where(pairs > 0, positives + negatives, 0.0))


def group_ndcg(rows: GroupedRows, k: int) -> GroupValues:
    """NDCG of the first k rows of each group: gain 1 for a positive, discount 1 / log2(1 + rank).

    Järvelin and Kekäläinen, "Cumulated Gain-Based Evaluation of IR Techniques" (TOIS 2002), divided by the figure of
    the best order. Groups count alike, whatever their rows weigh; those without a positive for nothing.
    """
    discounts = 1 / np.log2(1 + np.arange(1, k + 1))
    summed = np.concatenate(([0.0], np.cumsum(discounts)))
    first, last = np.minimum(rows.before, k), np.minimum(rows.before + rows.sizes, k)
    gained = rows.of_groups(rows.positives * (summed[last] - summed[first]) / rows.sizes)
    positives = rows.of_groups(rows.positives)
    return _of_groups_with_positives(gained, summed[np.minimum(positives, k).astype(np.int64)], positives)


def group_recall(rows: GroupedRows, k: int) -> GroupValues:
    """The share of each group's positives that are among its first k rows.

    Groups count alike; those without a positive for nothing. With more than k positives the share cannot be 1.
    """
    taken = np.clip(k - rows.before, 0, rows.sizes)
    positives = rows.of_groups(rows.positives)
    return _of_groups_with_positives(rows.of_groups(rows.positives * taken / rows.sizes), positives, positives)


def group_reciprocal_rank(rows: GroupedRows) -> GroupValues:
    """1 / the rank of each group's first positive; the mean is MRR (Voorhees, TREC-8, 1999).

    Groups count alike; those without a positive for nothing.
    """
    positives = rows.of_groups(rows.positives)
    has_positives = np.flatnonzero(rows.positives > 0)
    # The first such block of each group.
    owners, places = np.unique(rows.group[has_positives], return_index=True)
    blocks = has_positives[places]
    values = np.zeros(len(positives))
    values[owners] = _expected_reciprocal(rows.before[blocks], rows.sizes[blocks], rows.positives[blocks])
    return GroupValues(values, (positives > 0).astype(np.float64))


def _expected_reciprocal(before: Ids, sizes: Ids, positives: Ids) -> NDArray[np.float64]:
    """The mean of 1 / rank of the first positive of blocks whose rows are in random order, `[K]`.

    Args:
        before: rows before each block.
        sizes: rows of each block.
        positives: those of them that are positive, at least 1.
    """
    starts = np.cumsum(sizes) - sizes
    block = np.repeat(np.arange(len(sizes)), sizes)
    # Of rows that stand at place j of their block, from 0: the chance that all before them are negatives is the product
    # of (n - m - i) / (n - i) for i below j.
    place = np.arange(sizes.sum()) - starts[block]
    left = sizes[block] - place
    negatives_left = left - positives[block]
    is_possible = negatives_left >= 0
    with np.errstate(divide="ignore"):
        logs = np.where(negatives_left > 0, np.log(np.maximum(negatives_left, 1) / left), 0.0)
    summed = np.cumsum(logs) - logs
    survived = np.where(is_possible, np.exp(summed - summed[starts][block]), 0.0)
    terms = survived * positives[block] / left / (before[block] + place + 1)
    return np.asarray(np.add.reduceat(terms, starts)) if len(starts) else np.zeros(0)


def _of_groups_with_positives(
    gained: NDArray[np.float64], best: NDArray[np.float64], positives: NDArray[np.float64]
) -> GroupValues:
    values = np.divide(gained, best, out=np.zeros_like(gained), where=positives > 0)
    return GroupValues(values, (positives > 0).astype(np.float64))


GroupMetric = Callable[[GroupedRows], GroupValues]

DEFAULT_GROUP_METRICS = ("gauc", "ndcg_10", "recall_10", "mrr")
"""Those that are reported of every group where nothing else is asked for."""

_AT_K = {"ndcg": group_ndcg, "recall": group_recall}
_AT_K_NAME = re.compile(r"(ndcg|recall)_([1-9][0-9]{0,3})")


def group_metric(name: str) -> GroupMetric | None:
    """The metric by groups of a name, such as gauc, mrr, ndcg_10 or recall_5; None if it is no such name."""
    if match := _AT_K_NAME.fullmatch(name):
        return partial(_AT_K[match[1]], k=int(match[2]))
    return {"gauc": group_auroc, "mrr": group_reciprocal_rank}.get(name)
