"""AUROC of ten million rows: exact by one sort beside scikit-learn's, and by bins beside the exact one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.measuring import Measurement, interleaved_medians
from rankspec.metrics.auroc import RunningAuroc, auroc

_NUM_ROWS = 10_000_000
# As a file of scored rows is read.
_CHUNK_ROWS = 2**17
_NUM_ROUNDS = 3

Columns = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def exact() -> Measurement:
    """The exact figure."""
    rows = _rows()
    candidates = (lambda: auroc(*rows), lambda: roc_auc_score(rows[1], rows[0], sample_weight=rows[2]))
    return Measurement("auroc_exact", *_with_unit(interleaved_medians(candidates, _NUM_ROUNDS)))


def binned() -> Measurement:
    """The figure by bins, in memory that does not grow with the rows."""
    rows = _rows()
    candidates = (lambda: _binned(rows), lambda: auroc(*rows))
    return Measurement("auroc_binned", *_with_unit(interleaved_medians(candidates, _NUM_ROUNDS)))


def _rows() -> Columns:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=_NUM_ROWS)
    labels = (rng.random(_NUM_ROWS) < 1 / (1 + np.exp(2 - logits))).astype(np.float32)
    weights = np.where(labels > 0, np.float32(1), np.float32(10))
    return (1 / (1 + np.exp(-logits))).astype(np.float32), labels, weights


def _binned(rows: Columns) -> float:
    running = RunningAuroc()
    for start in range(0, _NUM_ROWS, _CHUNK_ROWS):
        running.add(*(column[start : start + _CHUNK_ROWS] for column in rows))
    return running.compute()


def _with_unit(times: list[float]) -> tuple[float, str, float]:
    ours, baseline = times
    return ours, "ms", baseline
