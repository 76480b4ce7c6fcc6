"""What it costs to look for losses and gradients that are not finite: the full-size ranker's steps with and without."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch

from benchmarks.measuring import Measurement
from benchmarks.production import production_learner
from rankspec.trainer.finite import FiniteWatch

_NUM_PAIRS = 5
_STEPS_IN_BLOCK = 6


class _Blind(FiniteWatch):
    """Looks at nothing."""

    is_alarmed = False

    def add_losses(self, losses: torch.Tensor) -> None: ...

    def add_norm(self, norm: torch.Tensor) -> None: ...

    def end_step(self, step: int) -> None: ...


def float32() -> Measurement:
    """Steps in float32."""
    return _cost("finite_checks_float32", amp=False)


def amp() -> Measurement:
    """Steps with enable_amp."""
    return _cost("finite_checks_amp", amp=True)


def _cost(name: str, *, amp: bool) -> Measurement:
    """Median seconds of a step with the checks beside the median without, over blocks in turn."""
    num_steps = _STEPS_IN_BLOCK * 2 * (_NUM_PAIRS + 1)
    flag = f"runtime.enable_amp={str(amp).lower()}"
    samples: dict[bool, list[float]] = {True: [], False: []}
    with TemporaryDirectory() as folder, production_learner(Path(folder), num_steps, flag) as (learner, step):
        watches = {
            True: learner.watch,
            False: _Blind(learner.program.loss_parts, learner.runtime.device, skips=False),
        }
        for pair in range(_NUM_PAIRS + 1):
            for checks in (pair % 2 == 0, pair % 2 == 1):
                learner.watch = watches[checks]
                begin = time.perf_counter()
                for _ in range(_STEPS_IN_BLOCK):
                    step()
                if pair:
                    samples[checks].append((time.perf_counter() - begin) / _STEPS_IN_BLOCK)
    ratios = [on / off for on, off in zip(samples[True], samples[False], strict=True)]
    baseline = median(samples[False])
    return Measurement(name, median(ratios) * baseline * 1000, "ms/step", baseline * 1000)
