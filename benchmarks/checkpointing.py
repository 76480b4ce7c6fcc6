"""What checkpoints cost the training of the full-size ranker in float32, one every 100 steps."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import Measurement
from benchmarks.production import production_job
from rankspec.trainer.run import train

_SAVE_EVERY = 100
_NUM_STEPS = 2 * _SAVE_EVERY


def blocked() -> Measurement:
    """Share of the wall time that the loop waits for checkpoints, beside the 2 % that are allowed."""
    with TemporaryDirectory() as folder:
        figures = _train(Path(folder), save_every=_SAVE_EVERY)
    return Measurement("checkpoint_blocked", 100 * figures["seconds_checkpoint"] / figures["seconds"], "%", 2.0)


def slowdown() -> Measurement:
    """Seconds per step with checkpoints beside those without, the last step's apart."""
    with TemporaryDirectory() as folder:
        without = _train(Path(folder) / "without", save_every=10 * _NUM_STEPS)
        saving = _train(Path(folder) / "saving", save_every=_SAVE_EVERY)
    value, baseline = (1000 * figures["seconds"] / _NUM_STEPS for figures in (saving, without))
    return Measurement("checkpoint_slowdown", value, "ms/step", baseline)


def _train(folder: Path, *, save_every: int) -> dict[str, float]:
    """Trains, and returns what the timing journal says of the steps after the first few.

    The last step is saved at the end of every run, so the journal's last line is written before that.
    """
    job = production_job(
        folder,
        f"training.num_train_steps={_NUM_STEPS + 10}",
        f"training.checkpoint_every_n={save_every}",
        "training.train_log_every_n=10",
        "training.checkpoint_max_to_keep=1",
    )
    train(job)
    lines = (folder / "local_prod" / "timing.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines][1:]
    return {key: sum(r.get(key, 0.0) for r in records) for key in ("seconds", "seconds_checkpoint")}
