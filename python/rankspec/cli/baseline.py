"""Compare a ranker with simple models that are fitted to the same rows.

Fits boosted trees, a logistic regression and the label's mean by one id to the training data of a config, LightGBM too
where it is installed, and prints AUROC and relative cross entropy of each validation set, and GAUC where the config has
groups, beside those of the run's best checkpoint. Intervals of the differences are of 95 %, by the bootstrap, over the
rows or over the config's first group. All rows of a data set are in memory at once.

Example:
  rankspec baseline configs/movielens/ranker.textproto
  rankspec baseline configs/movielens/ranker.textproto --on test --draws 1000 -o comparison.json
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rankspec.cli import statuses
from rankspec.cli.running import NUM_DRAWS, add_config_arguments, number_of_draws, run_config
from rankspec.cli.stopping import VerbError, needing
from rankspec.cli.terminal import write_output

if TYPE_CHECKING:
    from rankspec.baselines.comparison import Score
    from rankspec.families.baselines import Comparison
    from rankspec.trainer.setup import Job

_HEADINGS = {"auroc": "AUROC", "rce": "RCE %", "gauc": "GAUC"}
_FORMS = {"auroc": ".4f", "rce": ".2f", "gauc": ".4f"}


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    add_config_arguments(parser)
    parser.add_argument(
        "--on", action="append", default=[], metavar="SET", help="a validation set; default: all of them"
    )
    parser.add_argument(
        "--draws", type=number_of_draws, default=NUM_DRAWS, metavar="N", help=f"of the bootstrap; default: {NUM_DRAWS}"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the figures as JSON too; the file must be new")


def run(arguments: Namespace) -> int:
    """Compares; 1 if the config or the data are wrong, or a package is missing."""
    if arguments.output and os.path.lexists(arguments.output):
        raise VerbError(f"error: {arguments.output} is there already; name a new file")
    return run_config(arguments, lambda job: _compare(job, arguments))


def _compare(job: Job, arguments: Namespace) -> int:
    with needing("baseline"):
        from rankspec.families.baselines import compare
    found = compare(job, arguments.on, arguments.draws, lambda line: print(line, file=sys.stderr))
    for comparison in found:
        show(comparison)
    return write(found, arguments.output) if arguments.output else statuses.FINE


def show(comparison: Comparison, title: str = "") -> None:
    """Prints a table of the scores, the best of each task in bold, and the sentences below it."""
    from rich.console import Console
    from rich.table import Table

    names = [name for name in _HEADINGS if any(name in score.figures for score in comparison.scores)]
    has_ranker = any(score.ahead for score in comparison.scores)
    columns = [_HEADINGS[name] for name in names] + (["AUROC of the ranker above it, 95 %"] if has_ranker else [])
    table = Table("task", "model", *columns, title=title or comparison.name, title_justify="left")
    for score in comparison.scores:
        of_task = [other for other in comparison.scores if other.task == score.task]
        cells = [_cell(score, name, of_task) for name in names]
        table.add_row(score.task, score.model, *cells, *([_ahead(score)] if has_ranker else []))
    # A file has no width to keep to.
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    console.print(table)
    for sentence in comparison.verdicts:
        console.print(sentence, markup=False, soft_wrap=True)


def _cell(score: Score, name: str, of_task: list[Score]) -> str:
    value = score.figures[name]
    text = format(value, _FORMS[name])
    return f"[bold]{text}[/bold]" if value == max(other.figures[name] for other in of_task) else text


def _ahead(score: Score) -> str:
    interval = score.ahead.get("auroc")
    return f"{interval.low:+.4f} to {interval.high:+.4f}" if interval else ""


def write(comparisons: list[Comparison], path: str) -> int:
    """Writes comparisons as JSON; returns the exit status."""
    plain: list[dict[str, Any]] = [asdict(one) for one in comparisons]
    for one in plain:
        for score in one["scores"]:
            score["ahead"] = {name: list(interval) for name, interval in score["ahead"].items()}
    return write_output("baseline", f"{json.dumps(plain, indent=2)}\n".encode(), path)
