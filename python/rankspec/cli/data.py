"""Make data sets to train on.

`random` writes Parquet files and their schema at the widths of the production ranker, or with --small at a few
columns each. The labels follow from the features, with noise: training on them learns something.

Examples:
  rankspec data random -o build/random
  rankspec data random -o build/small --small --rows 2000 --files 2 --seed 7
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    random = kinds.add_parser("random", help="rows at the production ranker's widths, drawn from a seed")
    random.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to")
    random.add_argument("--rows", type=int, default=8192, metavar="N", help="rows in all; default: 8192")
    random.add_argument("--files", type=int, default=4, metavar="N", help="files to spread them over; default: 4")
    random.add_argument("--seed", type=int, default=0, help="what the rows are drawn from; default: 0")
    random.add_argument("--small", action="store_true", help="a few columns of each kind, some hundred bytes a row")


def run(arguments: Namespace) -> int:
    """Writes the data set; 1 if it cannot be written."""
    try:
        from rankspec.datasets import random_data
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"error: {error.name} is not installed; `pip install 'rankspec[data]'` installs what this takes\n"
        )
        return 1
    try:
        files = random_data.write(
            arguments.output,
            num_rows=arguments.rows,
            num_files=arguments.files,
            seed=arguments.seed,
            widths=random_data.SMALL if arguments.small else random_data.PRODUCTION,
        )
    except (ValueError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{arguments.rows} rows, {size:.1f} MB, in {len(files)} files of {arguments.output}")
    return 0
