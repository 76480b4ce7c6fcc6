"""Comparing what is seen."""

from __future__ import annotations

import math
from typing import Any

import torch


def same(one: Any, other: Any) -> bool:
    """Whether two things that were seen are the same to the bit; not-a-number is the same as itself."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.dtype == other.dtype and one.shape == other.shape and torch.equal(_bits(one), _bits(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and bool(one == other)


def _bits(values: torch.Tensor) -> torch.Tensor:
    return values.nan_to_num(nan=12345.0) if values.is_floating_point() else values


def norm(seen: Any, of: str = "") -> float:
    """The sum of the squares of all real numbers that were seen, and of whole ones outside of tensors.

    Args:
        seen: what was seen.
        of: a part of the names in dicts that counts alone.
    """
    if isinstance(seen, dict):
        return sum(norm(value, "" if of in str(name) else of) for name, value in seen.items())
    if isinstance(seen, list | tuple):
        return sum(norm(value, of) for value in seen)
    if of:
        return 0.0
    if isinstance(seen, torch.Tensor):
        return float(seen.double().square().sum()) if seen.is_floating_point() else 0.0
    return float(seen) ** 2 if isinstance(seen, int | float) else 0.0
