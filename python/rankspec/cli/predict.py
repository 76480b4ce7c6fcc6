"""Predict rows by a checkpoint of a run: what each task says of each row, as a Parquet file.

The rows are those of a validation set, or of files that need no labels. Where `rankspec data import` made the data set,
these may be raw: CSV, Arrow or JSON lines, or Parquet without the columns of the model's inputs; the data set's recipe
encodes them. Columns that tell rows apart, such as ids, come first. With --top and --by the file holds ranked lists: of
each group the rows of the highest score.

Example:
  rankspec predict configs/recap/tiny.textproto -o scores.parquet
  rankspec predict ranker.textproto --input 'new/*.parquet' --carry user_id,item_id -o scores.parquet
  rankspec predict visits/config.textproto --input new.csv --carry customer_id -o scores.parquet
  rankspec predict ranker.textproto --top 10 --by user_id -o lists.parquet
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rankspec.cli import statuses
from rankspec.cli.running import add_checkpoint_argument, add_config_arguments, run_config
from rankspec.cli.stopping import VerbError

if TYPE_CHECKING:
    from argparse import _ActionsContainer

    from rankspec.trainer.setup import Job

# What `add_prediction_arguments` describes, by the names of the values.
OPTIONS = ("output", "split", "input", "carry", "top", "by", "rank_by")


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    add_config_arguments(parser)
    add_checkpoint_argument(parser, "predict by this checkpoint; default: the best where the run keeps one")
    add_prediction_arguments(parser)


def add_prediction_arguments(parser: _ActionsContainer) -> None:
    """Describes the arguments that prediction has."""
    parser.add_argument("-o", "--output", type=_output, metavar="FILE", help="the Parquet file to write")
    parser.add_argument("--split", metavar="NAME", help="predict this validation set; default: the only one")
    parser.add_argument(
        "--input",
        nargs="+",
        metavar="PATTERN",
        help="predict the rows of these files, raw ones or those of a data set, read like train_data or like --split",
    )
    parser.add_argument(
        "--carry",
        type=_names,
        metavar="A,B",
        help="columns to carry, also places of an input such as discrete[0]; default: all of one value a row",
    )
    parser.add_argument("--top", type=_count, metavar="K", help="write the K rows of highest score of each group")
    parser.add_argument("--by", metavar="COLUMN", help="the column that makes the groups of --top")
    parser.add_argument(
        "--rank-by", metavar="COLUMN", help="what --top ranks by; default: score, of score_weights, or the only task"
    )


def run(arguments: Namespace) -> int:
    """Predicts."""
    if odd := wrong_usage(arguments):
        raise VerbError(f"rankspec predict: error: {odd}", statuses.USAGE)
    return run_config(arguments, lambda job: predict(job, arguments), mode="predict")


def wrong_usage(arguments: Namespace) -> str | None:
    """What is wrong with the arguments of a prediction, or none."""
    if arguments.output is None:
        return "the predictions need a file; name it with -o"
    if (arguments.top is None) != (arguments.by is None):
        return "--top and --by go together"
    if arguments.rank_by is not None and arguments.top is None:
        return "--rank-by is for --top"
    return None


def predict(job: Job, arguments: Namespace) -> int:
    """Predicts as the arguments say; returns the exit status."""
    from rankspec.trainer.prediction.predicting import predict as predict_job
    from rankspec.trainer.prediction.ranked_lists import Ranking
    from rankspec.trainer.program import RowSource

    ranking = None if arguments.top is None else Ranking(arguments.top, arguments.by, arguments.rank_by)
    predict_job(
        job,
        arguments.output,
        source=RowSource(arguments.split, tuple(arguments.input or ())),
        checkpoint=arguments.checkpoint,
        carry=arguments.carry,
        ranking=ranking,
    )
    return 0


def _output(text: str) -> Path:
    if "://" in text:
        raise ArgumentTypeError(f"`{text}` is an address; predictions are written to a disk of this machine")
    return Path(text)


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise ArgumentTypeError(f"`{text}` is no number of rows; give 1 or more")
    return int(text)
