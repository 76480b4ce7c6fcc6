"""What is reported of entity vectors during training."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rankspec.claims.registry import obeys
from rankspec.twhin.v1.model_pb2 import TwhinEmbeddingsConfig

# Rows whose norms are computed at once: the squares of a large table need not fit beside it.
_ROWS_AT_ONCE = 1 << 18
_QUANTILES = {"p05": 0.05, "median": 0.5, "p95": 0.95}


@obeys(TwhinEmbeddingsConfig, "tables_to_log")
def logged_tables(embeddings: TwhinEmbeddingsConfig) -> tuple[str, ...]:
    """Names of the tables whose weights are reported."""
    return tuple(embeddings.tables_to_log)


def norm_figures(name: str, table: Tensor) -> dict[str, float]:
    """How long the vectors of a table are: mean, standard deviation, ends and quantiles of their Euclidean norms.

    Args:
        name: the table's, which the figures' names end with.
        table: its vectors, `[rows, width]`.
    """
    norms = _norms(table)
    figures = {"mean": norms.mean(), "std": norms.std(), "min": norms.min(), "max": norms.max()}
    figures |= dict(zip(_QUANTILES, np.quantile(norms, list(_QUANTILES.values())), strict=True))
    return {f"norm_{figure}/{name}": float(value) for figure, value in figures.items()}


@torch.no_grad()
def _norms(table: Tensor) -> NDArray[np.float64]:
    parts = [torch.linalg.vector_norm(rows.double(), dim=1).cpu() for rows in table.split(_ROWS_AT_ONCE)]
    norms: NDArray[np.float64] = torch.cat(parts).numpy()
    return norms
