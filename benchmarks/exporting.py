"""What exporting the full-size ranker takes, and what its bundle takes to be opened and to score."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.content import CONFIG
from benchmarks.measuring import Measurement
from rankspec import scoring
from rankspec.checking.check import load
from rankspec.datasets import random_data
from rankspec.families.jobs import job_of
from rankspec.families.recap.program.export.exporting import export
from rankspec.trainer.run import train

_NUM_ROWS, _ROWS_OF_REQUEST, _NUM_REQUESTS = 128, 100, 50
_SHORT = ("num_train_steps=1", "checkpoint_every_n=1", "num_eval_steps=1", "eval_log_every_n=1")


def local_prod() -> list[Measurement]:
    """Time of an export and of opening, size, and the time of 100 rows, of configs/recap/local_prod.textproto.

    Times are the processor's, so that they mean something on a busy machine. The figures stand for themselves: nothing
    comparable does the same.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        random_data.write(folder / "random", num_rows=_NUM_ROWS, num_files=1)
        environment = {**os.environ, "RANKSPEC_RANDOM_DATA": str(folder / "random"), "RANKSPEC_RUNS": name}
        overrides = [f"training.{value}" for value in _SHORT]
        job = job_of(load(CONFIG, overrides=overrides, environment=environment))
        train(job)
        bundle = folder / "bundle"
        exporting = _seconds(lambda: export(job, bundle))
        size = sum(file.stat().st_size for file in bundle.iterdir())
        opening = _seconds(lambda: scoring.open(bundle).close())
        return [
            Measurement("export_local_prod", exporting, "s", None),
            Measurement("export_local_prod_size", size / 1e6, "MB", None),
            Measurement("export_local_prod_open", opening, "s", None),
            Measurement(f"export_local_prod_{_ROWS_OF_REQUEST}_rows", _milliseconds_of_request(bundle), "ms", None),
        ]


def _seconds(action: Callable[[], object]) -> float:
    begin = time.process_time()
    action()
    return time.process_time() - begin


def _milliseconds_of_request(bundle: Path) -> float:
    """The median time of a request."""
    with scoring.open(bundle, num_threads=1) as scorer:
        columns = {
            item.name: np.zeros((_ROWS_OF_REQUEST, item.width), "f4" if item.HasField("non_finite_value") else "i8")
            for item in scorer.manifest.signature.inputs
        }
        times = [_seconds(lambda: scorer.score(columns, scorer.signature_hash)) for _ in range(_NUM_REQUESTS)]
    return 1000 * float(np.median(times))
