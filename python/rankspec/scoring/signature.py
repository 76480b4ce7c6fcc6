"""What a bundle takes, as the scorer looks it up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import ServedInput

DTYPES: dict[int, np.dtype[Any]] = {
    bundle_pb2.VALUE_TYPE_FLOAT32: np.dtype(np.float32),
    bundle_pb2.VALUE_TYPE_INT64: np.dtype(np.int64),
}


def dtype_of(item: ServedInput) -> np.dtype[Any]:
    """The type of an input's values."""
    return DTYPES[item.type]


def signature_hash(inputs: Iterable[ServedInput]) -> str:
    """SHA-256, in hexadecimal, of names, types, widths and feature names of inputs in their order.

    Only who writes bundles computes it; who reads them compares it.
    """
    lines = [
        [item.name, dtype_of(item).name, item.width, list(item.feature_names), *(["list"] if item.list else [])]
        for item in inputs
    ]
    text = json.dumps(["rankspec bundle inputs 1", *lines], separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
