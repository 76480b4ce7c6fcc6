"""Scoring in Go, Java and TypeScript beside a bare session of each language's own binding of ONNX Runtime.

Each language has a program that scores rows of a file with the bundle and with the session in turn, in one process and
with one thread each, and prints how long each call took.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import serving_bundle
from benchmarks.language_programs import figures, is_left_out
from benchmarks.measuring import Measurement
from benchmarks.served import dense
from benchmarks.serving import ROUNDS, ROWS, summarized

# By the number of rows; Java and TypeScript compile what they run often while they run it.
_WARM_UP = {1: 3000, 100: 300, 1000: 50}


def _score(language: str) -> list[Measurement]:
    """Measures a language, unless its tools are missing, which is said."""
    if is_left_out(language):
        return []
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        serving_bundle.write(bundle)
        return [
            measurement
            for number in ROWS
            for measurement in measured(language, bundle, dense(number), _WARM_UP[number], ROUNDS)
        ]


score_go = partial(_score, "go")
score_java = partial(_score, "java")
score_typescript = partial(_score, "typescript")


def measured(language: str, bundle: Path, rows: np.ndarray, warm_up: int, rounds: int) -> Iterator[Measurement]:
    """Has a language's program score rows of the bundle's only input, `[rows, width]`.

    Raises:
        ValueError: scorer and session do not give the same scores.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows"
        file.write_bytes(rows.astype("<f4").tobytes())
        found = figures("scoring-benchmark", language, bundle, file, warm_up, rounds)
    if found["difference"] != 0:
        raise ValueError(f"{language}: scores of scorer and session are {found['difference']} apart")
    times = np.array([found["scorer_ms"], found["bare_ms"]])
    return summarized(f"score_{language}_{len(rows)}_rows", len(rows), times)
