"""What benchmarks share: the result, and fair timing."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Measurement:
    """A figure beside the figure that it is judged by.

    Attributes:
        name: The benchmark's name.
        value: What ours takes.
        unit: The unit of both figures.
        baseline: What the baseline takes; None for a figure that nothing comparable stands beside.
    """

    name: str
    value: float
    unit: str
    baseline: float | None

    def as_json(self) -> str:
        """Writes the measurement as one line of JSON, with the ratio of ours to the baseline."""
        figures = {
            "value": self.value,
            "unit": self.unit,
            "baseline": self.baseline,
            "ratio": None if self.baseline is None else self.value / self.baseline,
        }
        rounded = {key: round(v, 4) if isinstance(v, float) else v for key, v in figures.items()}
        return json.dumps({"name": self.name, **rounded})


def interleaved_medians(candidates: Sequence[Callable[[], object]], num_rounds: int) -> list[float]:
    """Times candidates in turn, so that a busy moment of the machine hits all of them.

    Args:
        candidates: What to time; each is run once beforehand.
        num_rounds: How often each is timed.

    Returns:
        The median of each candidate, in milliseconds.
    """
    samples: list[list[float]] = [[] for _ in candidates]
    for candidate in candidates:
        candidate()
    for _ in range(num_rounds):
        for candidate, times in zip(candidates, samples, strict=True):
            start = time.perf_counter()
            candidate()
            times.append((time.perf_counter() - start) * 1000)
    return [median(times) for times in samples]


def process(*command: str, folder: Path | None = None) -> Callable[[], None]:
    """Returns a function that runs a command to its end.

    Modules are compiled once and kept, as on a machine where the package is installed.

    Args:
        command: The program and its arguments.
        folder: Where it runs; None for the current folder.
    """
    environment: Mapping[str, str] = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def run() -> None:
        subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)

    return run
