"""Training examples per second of the full-size ranker, beside a plain torch loop of the same model in the same run.

Ours reads Parquet files and keeps the training metrics; the plain loop takes batches from memory and keeps nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measuring import Measurement
from benchmarks.plain_ranker import BATCH_SIZE, plain_steps
from benchmarks.production import production_steps

# Blocks of steps, so that work a loop has prepared ahead is paid for in its own time.
_STEPS_IN_BLOCK = 6
_NUM_BLOCKS = 7


def float32() -> Measurement:
    """Ours in float32 beside the plain loop with fused Adam."""
    return _beside("training_float32", amp=False, fused=True, bfloat16=False)


def float32_over_unfused() -> Measurement:
    """Ours in float32 beside the plain loop with Adam as it comes."""
    return _beside("training_float32_over_unfused", amp=False, fused=False, bfloat16=False)


def amp() -> Measurement:
    """Ours with enable_amp beside the plain loop with fused Adam under bfloat16 autocast."""
    return _beside("training_amp", amp=True, fused=True, bfloat16=True)


def amp_over_unfused() -> Measurement:
    """Ours with enable_amp beside the plain loop with Adam as it comes, in float32."""
    return _beside("training_amp_over_unfused", amp=True, fused=False, bfloat16=False)


def _beside(name: str, *, amp: bool, fused: bool, bfloat16: bool) -> Measurement:
    num_steps = _STEPS_IN_BLOCK * (_NUM_BLOCKS + 1)
    flag = f"runtime.enable_amp={str(amp).lower()}"
    with TemporaryDirectory() as folder, production_steps(Path(folder), num_steps, flag) as ours:
        seconds = _block_medians([ours, plain_steps(fused=fused, bfloat16=bfloat16)])
    value, baseline = (BATCH_SIZE / each for each in seconds)
    return Measurement(name, value, "examples/s", baseline)


def _block_medians(loops: list[Callable[[], None]]) -> list[float]:
    """Median seconds per step of each loop over blocks in turn; the first block of each does not count."""
    samples: list[list[float]] = [[] for _ in loops]
    for block in range(_NUM_BLOCKS + 1):
        for loop, times in zip(loops, samples, strict=True):
            begin = time.perf_counter()
            for _ in range(_STEPS_IN_BLOCK):
                loop()
            if block:
                times.append((time.perf_counter() - begin) / _STEPS_IN_BLOCK)
    return [median(times) for times in samples]
