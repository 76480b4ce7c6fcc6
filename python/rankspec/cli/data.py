"""Make or fetch data sets to train on.

`random` writes Parquet or TFRecord files and their schema at the widths of the production ranker, or with --small at a
few columns each. The labels follow from the features, with noise: training on them learns something. `movielens`
prepares MovieLens-100K as the demo does: features, labels, and the split into train, validation and test. `edges`
writes what a graph embedding is trained on, `clicks` lists of items whose clicks depend on the position by a known
rule. `serve` makes none: it reads the data of a config for trainers on other machines. `convert` writes the rows of
Parquet files as TFRecord files, or back: every column of the schema file, which it copies beside them.

`import` makes a data set of a table of yours, CSV, Parquet, Arrow or JSON lines, with a config that trains on it: it
says what it takes each column for, and why.

`statistics` computes what `z_score_log_config` standardizes by: of the continuous features of a config's train_data,
over one pass, behind every step of its preprocess. The file that the config names as analysis_path need not be there
yet.

Examples:
  rankspec data random -o build/random
  rankspec data random -o build/small --small --rows 2000 --files 2 --seed 7
  rankspec data movielens -o build/movielens/data
  rankspec data edges -o build/edges
  rankspec data clicks -o build/clicks
  rankspec data random -o build/tfrecord --small --rows 2000 --files 2 --format tfrecord
  rankspec data convert 'films/*.parquet' --schema films/schema.json --format tfrecord -o films_tfrecord
  rankspec data import visits.csv --label bought -o visits
  rankspec data statistics ranker.textproto -o statistics.textproto
  rankspec data serve configs/recap/remote.textproto --listen 127.0.0.1:8815
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from rankspec.cli import converting, importing, serving, statistics
from rankspec.cli.stopping import VerbError, needing


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    random = kinds.add_parser("random", help="rows at the production ranker's widths, drawn from a seed")
    random.add_argument("--rows", type=int, default=8192, metavar="N", help="rows in all; default: 8192")
    random.add_argument("--files", type=int, default=4, metavar="N", help="files to spread them over; default: 4")
    random.add_argument("--seed", type=int, default=0, help="what the rows are drawn from; default: 0")
    random.add_argument("--small", action="store_true", help="a few columns of each kind, some hundred bytes a row")
    random.add_argument(
        "--lists",
        type=int,
        default=0,
        metavar="N",
        help="a column of lists of ids besides, of N ids on average; default: none",
    )
    random.add_argument(
        "--format", choices=("parquet", "tfrecord"), default="parquet", help="form of the files; default: parquet"
    )
    movielens = kinds.add_parser("movielens", help="MovieLens-100K, split and with features")
    movielens.add_argument("--source", type=Path, metavar="DIR", help="its files; default: they are downloaded")
    edges = kinds.add_parser("edges", help="edges between two kinds of entities, for a graph embedding")
    edges.add_argument("--edges", type=int, default=60_000, metavar="N", help="edges in all; default: 60000")
    edges.add_argument("--files", type=int, default=4, metavar="N", help="files of training edges; default: 4")
    edges.add_argument("--seed", type=int, default=0, help="what the edges are drawn from; default: 0")
    edges.add_argument(
        "--named", action="store_true", help="edges that name entities, with vocabularies and first vectors"
    )
    clicks = kinds.add_parser("clicks", help="clicks on ranked lists, with a known position bias and relevance")
    clicks.add_argument("--rows", type=int, default=50_000, metavar="N", help="rows in all; default: 50000")
    clicks.add_argument("--files", type=int, default=2, metavar="N", help="files of training rows; default: 2")
    clicks.add_argument("--seed", type=int, default=0, help="what the rows are drawn from; default: 0")
    for kind in (random, movielens, clicks):
        converting.add_vectors(kind)
    convert = kinds.add_parser("convert", help="Parquet files of rows as TFRecord files, or back")
    converting.add_arguments(convert)
    for kind, make, extra in (
        (random, _random, "data"),
        (movielens, _movielens, "data"),
        (edges, _edges, "data"),
        (clicks, _clicks, "data"),
        (convert, converting.convert_files, "train"),
    ):
        kind.set_defaults(run=_written, make=make, extra=extra)
        kind.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to")
    importing.add_arguments(kinds.add_parser("import", help="a table of yours, and a config that trains on it"))
    statistics.add_arguments(kinds.add_parser("statistics", help="what a config's training data are standardized by"))
    serving.add_arguments(kinds.add_parser("serve", help="serve a config's data to trainers on other machines"))


def run(arguments: Namespace) -> int:
    """Does what the kind is for; returns the exit status."""
    return int(arguments.run(arguments))


def _written(arguments: Namespace) -> int:
    """Writes files of rows; 1 if they cannot be written."""
    try:
        with needing(arguments.extra):
            print(arguments.make(arguments))
    except (ValueError, OSError) as error:
        raise VerbError(f"error: {error}") from error
    return 0


def _random(arguments: Namespace) -> str:
    """Writes random rows; returns what to say of them."""
    from rankspec.datasets import random_data

    if arguments.lists < 0:
        raise ValueError(f"--lists {arguments.lists}: lists have no fewer than 0 ids; give their mean length")
    widths = random_data.SMALL if arguments.small else random_data.PRODUCTION
    files = random_data.write(
        arguments.output,
        num_rows=arguments.rows,
        num_files=arguments.files,
        seed=arguments.seed,
        widths=replace(widths, list_length=arguments.lists),
        vectors=converting.vectors_of(arguments, arguments.format),
        form=arguments.format,
    )
    size = sum(file.stat().st_size for file in files) / 1e6
    return f"{arguments.rows} rows, {size:.1f} MB, in {len(files)} files of {arguments.output}"


def _edges(arguments: Namespace) -> str:
    """Writes random edges; returns what to say of them."""
    from rankspec.datasets import edges

    files = edges.write(
        arguments.output,
        num_edges=arguments.edges,
        num_files=arguments.files,
        seed=arguments.seed,
        named=arguments.named,
    )
    return (
        f"{arguments.edges} edges of {edges.NUM_RELATIONS} relations between {edges.NUM_LHS} and {edges.NUM_RHS} "
        f"entities, in {len(files)} files of {arguments.output}"
    )


def _clicks(arguments: Namespace) -> str:
    """Writes clicks; returns what to say of them."""
    from rankspec.datasets import clicks

    files = clicks.write(
        arguments.output,
        num_rows=arguments.rows,
        num_files=arguments.files,
        seed=arguments.seed,
        vectors=converting.vectors_of(arguments),
    )
    rows = arguments.rows // clicks.LIST_LENGTH * clicks.LIST_LENGTH
    return f"{rows} rows, in lists of {clicks.LIST_LENGTH}, in {len(files)} files of {arguments.output}"


def _movielens(arguments: Namespace) -> str:
    """Prepares MovieLens-100K; returns what to say of it."""
    from rankspec.datasets import movielens

    summary = movielens.prepare(arguments.output, arguments.source, vectors=converting.vectors_of(arguments))
    return (
        f"{summary.num_train_rows} training, {summary.num_validation_rows} validation and {summary.num_test_rows} test "
        f"rows in {arguments.output}"
    )
