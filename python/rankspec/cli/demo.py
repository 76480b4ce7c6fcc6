"""Train a ranker on MovieLens-100K and compare it with two baselines on the test part.

Prepares the data, trains configs/movielens/ranker.textproto, fits gradient-boosted trees and a logistic regression to
the same rows, and prints AUC and relative cross entropy of all three. The figures also go to demo.json in the run's
folder. What an earlier run left there is set aside; nothing is deleted, and nobody else's file is written over.

Example:
  rankspec demo
  rankspec demo --source ~/ml-100k
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankspec.datasets.baselines import TaskScore

_CONFIG = "configs/movielens/ranker.textproto"
# Where the config looks for the prepared data, and where it puts the run.
_FOLDER_VARIABLE = "MOVIELENS_DATA"
_FIGURES = "demo.json"


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    parser.add_argument("--source", type=Path, metavar="FOLDER", help="GroupLens' files; default: they are downloaded")
    parser.add_argument("--folder", type=Path, default=Path("build/movielens"), help="where data and run go")
    parser.add_argument("--config", default=_CONFIG, metavar="FILE", help=f"what to train; default: {_CONFIG}")


def run(arguments: Namespace) -> int:
    """Runs the demo; 1 if a part of it fails, the check of the baselines included."""
    try:
        from rankspec.datasets import baselines, movielens
        from rankspec.datasets.movielens_formats import DatasetError
        from rankspec.datasets.own_files import ForeignFileError, writing_data
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"error: {error.name} is not installed; `pip install 'rankspec[demo]'` installs what this takes\n"
        )
        return 1
    data, run_folder = arguments.folder / "data", arguments.folder / "run"
    try:
        with writing_data(run_folder, [_FIGURES]):
            summary = movielens.prepare(data, arguments.source, cache=arguments.folder / "download")
            _say(
                f"prepared {summary.num_train_rows} training, {summary.num_validation_rows} validation and "
                f"{summary.num_test_rows} test rows in {data}"
            )
            if status := _train(arguments.config, arguments.folder):
                return status
            _say("fitting the baselines")
            of_baselines = baselines.train_baselines(data)
            _report([*_ranker_scores(run_folder), *of_baselines], run_folder / _FIGURES)
        baselines.check_baselines(of_baselines)
    except (DatasetError, ForeignFileError, baselines.BaselineError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _train(config: str, folder: Path) -> int:
    from rankspec.cli import main

    os.environ[_FOLDER_VARIABLE] = str(folder)
    return main(["train", config, "--restart"])


def _ranker_scores(run_folder: Path) -> list[TaskScore]:
    """The ranker's figures on the test part, as the run recorded them after its last step."""
    from rankspec.datasets.baselines import TaskScore
    from rankspec.trainer.folder import METRICS_FILE
    from rankspec.trainer.journal import read_journal

    record = [r for r in read_journal(run_folder / METRICS_FILE) if r["split"] == "test"][-1]
    tasks = [key.removeprefix("auroc/") for key in record if key.startswith("auroc/")]
    return [TaskScore(task, "RankSpec", record[f"auroc/{task}"], record[f"rce/{task}"]) for task in tasks]


def _report(scores: list[TaskScore], file: Path) -> None:
    """Prints the figures as a table, the best of each task marked, and writes them to a file."""
    from rich.console import Console
    from rich.table import Table

    file.write_text(json.dumps([asdict(score) for score in scores], indent=2) + "\n")
    tasks = list(dict.fromkeys(score.task for score in scores))
    table = Table("model", *(f"{task} {figure}" for task in tasks for figure in ("AUC", "RCE %")))
    for model in dict.fromkeys(score.model for score in scores):
        cells = []
        for task in tasks:
            (own,) = (s for s in scores if s.task == task and s.model == model)
            for figure, form in (("auc", ".4f"), ("rce", ".2f")):
                best = max(getattr(s, figure) for s in scores if s.task == task)
                text = format(getattr(own, figure), form)
                cells.append(f"[bold]{text}[/bold]" if getattr(own, figure) == best else text)
        table.add_row(model, *cells)
    # A file has no width to keep to.
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print("\nMovieLens-100K, test part", table, f"figures: {file}")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
