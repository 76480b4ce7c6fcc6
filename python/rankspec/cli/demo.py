"""Train a ranker on MovieLens-100K, compare it with baselines on the test part, and serve it.

Prepares the data, trains configs/movielens/ranker.textproto, and does what `rankspec baseline` does: fits boosted
trees, a logistic regression and the label's mean by one id to the same rows, and prints AUC and relative cross entropy
of all. The figures also go to demo.json in the run's folder. What an earlier demo left in the run's folder is set aside
there; nothing is deleted.

Then the run is exported and the bundle verified, and `rankspec serve` is asked on a free port what three users would
like best of the films that they have not rated, and how long it takes to answer. The bundle stays, in bundles/.

Example:
  rankspec demo
  rankspec demo --source ~/ml-100k
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rankspec.cli import statuses
from rankspec.cli.baseline import show, write
from rankspec.cli.running import NUM_DRAWS, run_config
from rankspec.cli.stopping import VerbError, needing

if TYPE_CHECKING:
    from rankspec.trainer.setup import Job

_CONFIG = "configs/movielens/ranker.textproto"
# Where the config looks for the prepared data, and where it puts the run.
_FOLDER_VARIABLE = "MOVIELENS_DATA"
_SET = "test"


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    parser.add_argument("--source", type=Path, metavar="FOLDER", help="GroupLens' files; default: they are downloaded")
    parser.add_argument("--folder", type=Path, default=Path("build/movielens"), help="where data and run go")
    parser.add_argument("--config", default=_CONFIG, metavar="FILE", help=f"what to train; default: {_CONFIG}")


def run(arguments: Namespace) -> int:
    """Runs the demo; 1 if a part of it fails, the check of the baselines included."""
    with needing("demo"):
        import rankspec.families.baselines  # noqa: F401 - whether it can be, before anything is done
        from rankspec.datasets import movielens
        from rankspec.datasets.movielens_baselines import BaselineError
        from rankspec.datasets.movielens_formats import DatasetError
        from rankspec.datasets.ownership import ForeignFilesError
    data = arguments.folder / "data"
    try:
        summary = movielens.prepare(data, arguments.source, cache=arguments.folder / "download")
        _say(
            f"prepared {summary.num_train_rows} training, {summary.num_validation_rows} validation and "
            f"{summary.num_test_rows} test rows in {data}"
        )
        return (
            _train(arguments.config, arguments.folder)
            or run_config(Namespace(files=[arguments.config], overrides=[]), _compare)
            or _serve(arguments)
        )
    except (DatasetError, ForeignFilesError, BaselineError) as error:
        raise VerbError(f"error: {error}") from error


def _train(config: str, folder: Path) -> int:
    from rankspec.cli import main

    os.environ[_FOLDER_VARIABLE] = str(folder)
    return main(["train", config, "--restart"])


def _compare(job: Job) -> int:
    """Prints the figures and writes them to demo.json, then makes sure of the baselines."""
    from rankspec.datasets.movielens_baselines import check_baselines
    from rankspec.families.baselines import compare
    from rankspec.trainer.folder import DEMO_FILE

    (comparison,) = compare(job, [_SET], NUM_DRAWS, _say)
    show(comparison, "MovieLens-100K, test part")
    file = Path(job.config.training.save_dir) / DEMO_FILE
    if status := write([comparison], str(file)):
        return status
    print(f"figures: {file}")
    check_baselines(comparison.scores)
    return statuses.FINE


def _serve(arguments: Namespace) -> int:
    from rankspec.checking.check import load
    from rankspec.cli.demo_serving import serve
    from rankspec.datasets.movielens_formats import read_tables
    from rankspec.datasets.movielens_source import download_movielens

    tables = read_tables(arguments.source or download_movielens(arguments.folder / "download"))
    return serve(Path(load(arguments.config).message.training.save_dir), arguments.folder, tables)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
