"""Figures of a run, as data for whoever follows it from Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# What a record of a journal has besides figures.
_PLACE = ("step", "split", "of")


@dataclass(frozen=True)
class Report:
    """The figures of one step on some rows.

    Attributes:
        step: Optimizer steps done.
        split: `train`, for the rows trained on since the last report, or a validation set's name.
        figures: Metrics by their names, such as `auroc/liked`, and for `train` learning rates; NaN where a figure means
            nothing.
    """

    step: int
    split: str
    figures: Mapping[str, float]


OnReport = Callable[[Report], None]


def report_of(record: Mapping[str, Any]) -> Report:
    """The report that a record of `metrics.jsonl` or `evaluation.jsonl` is of."""
    figures = {name: math.nan if value is None else value for name, value in record.items() if name not in _PLACE}
    return Report(record["step"], record["split"], figures)
