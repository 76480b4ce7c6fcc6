"""Trains MovieLens' ranker and ensemble with several seeds, and prints what they come to, with intervals.

`make movielens-seeds`, or `python -m benchmarks.movielens_seeds`. AUC on the test part is the mean over the seeds, ±
half of its 95 % interval by Student's t; the validation loss, by which everything was chosen, stands beside it.
`--processes 2` trains the ranker's first seed with two processes too, and fails where its AUC is further than 1e-3 from
that of one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from rankspec.datasets import movielens
from rankspec.trainer.folder import METRICS_FILE
from rankspec.trainer.journal import read_journal

_CONFIGS = Path(__file__).parents[1] / "configs/movielens"
SHIPPED = ("ranker", "ensemble")
_TASKS = ("liked", "loved", "disliked")
# Two processes differ by rounding alone, which ten passes over the data let grow.
_CLOSE = 1e-3


def _trained(name: str, seed: int, folder: Path, num_processes: int = 1) -> dict[str, dict[str, Any]]:
    """The last figures of a run, by data set; it goes on where an earlier call was interrupted."""
    run = folder / f"{name}-{seed}-{num_processes}"
    launcher = ["torch.distributed.run", f"--nproc_per_node={num_processes}", "-m"] if num_processes > 1 else []
    command = [sys.executable, "-m", *launcher, "rankspec", "train", str(_CONFIGS / f"{name}.textproto")]
    command += ["--set", f"runtime.seed={seed}", "--set", f"training.save_dir={run}"]
    environment = os.environ | {"MOVIELENS_DATA": str(folder), "OMP_NUM_THREADS": "1"}
    if subprocess.run(command, env=environment, check=False).returncode:
        raise SystemExit(f"{run} did not train")
    return {record["split"]: record for record in read_journal(run / METRICS_FILE)}


def interval(values: list[float]) -> str:
    """The mean of values and half of its 95 % interval; of one value alone, the value."""
    if len(values) < 2:
        return f"{values[0]:.4f}"
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{np.mean(values):.4f} ± {half:.4f}"


def _line(name: str, records: list[dict[str, dict[str, Any]]]) -> str:
    loss = interval([record["validation"]["loss"] for record in records])
    aucs = (interval([record["test"][f"auroc/{task}"] for record in records]) for task in _TASKS)
    return f"| {name}.textproto | {loss} | " + " | ".join(aucs) + " |"


def main() -> int:
    """Trains what the command line names, or both; 1 if two processes do not agree with one."""
    parser = ArgumentParser(prog="python -m benchmarks.movielens_seeds", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="ranker or ensemble; both")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0; default: 5")
    parser.add_argument("--folder", type=Path, default=Path("build/movielens-seeds"), help="where data and runs go")
    parser.add_argument(
        "--source", type=Path, metavar="DIR", help="MovieLens-100K's files; default: they are downloaded"
    )
    parser.add_argument("--processes", type=int, default=1, help="train the ranker's first seed with so many too")
    arguments = parser.parse_args()
    if odd := set(arguments.names) - set(SHIPPED):
        parser.error(f"there is no {', '.join(sorted(odd))}; name {' or '.join(SHIPPED)}")
    movielens.prepare(arguments.folder / "data", arguments.source, cache=arguments.folder / "download")
    print(f"| {arguments.seeds} seeds | validation loss |" + "".join(f" test AUC {task} |" for task in _TASKS))
    for name in arguments.names or SHIPPED:
        print(_line(name, [_trained(name, seed, arguments.folder) for seed in range(arguments.seeds)]), flush=True)
    return _agreement(arguments.folder, arguments.processes) if arguments.processes > 1 else 0


def _agreement(folder: Path, num_processes: int) -> int:
    """Prints how far several processes end from one; 1 if too far."""
    one, several = (_trained("ranker", 0, folder, number)["test"] for number in (1, num_processes))
    differences = {task: several[f"auroc/{task}"] - one[f"auroc/{task}"] for task in _TASKS}
    print(f"{num_processes} processes and one: " + ", ".join(f"{t} {d:+.1e}" for t, d in differences.items()))
    return int(max(map(abs, differences.values())) > _CLOSE)


if __name__ == "__main__":
    sys.exit(main())
