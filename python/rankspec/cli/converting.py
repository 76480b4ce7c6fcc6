"""`rankspec data convert`: rows of one form as files of another."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankspec.datasets.vectors import Vectors


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the kind's arguments."""
    parser.add_argument("inputs", nargs="+", metavar="PATTERN", help="files to read, as inputs of a config names them")
    parser.add_argument("--schema", required=True, metavar="FILE", help="the schema file, which says what is converted")
    parser.add_argument("--format", choices=("parquet", "tfrecord"), required=True, help="what to write")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to")
    add_vectors(parser)
    parser.set_defaults(run=_convert)


def add_vectors(parser: ArgumentParser) -> None:
    """Describes the argument for how Parquet stores vectors."""
    parser.add_argument(
        "--vectors",
        choices=("bytes", "lists"),
        help="as what Parquet stores vectors: bytes, read in half the time, or lists, which other programs understand; "
        "default: bytes",
    )


def vectors_of(arguments: Namespace, form: str = "parquet") -> Vectors:
    """How Parquet stores vectors.

    Raises:
        ValueError: if it is said for files of another form.
    """
    if arguments.vectors is not None and form != "parquet":
        raise ValueError(f"--vectors is of Parquet files, and these are {form}; drop it or change --format")
    return arguments.vectors or "bytes"


def _convert(arguments: Namespace) -> int:
    """Converts the files; 1 if that cannot be done."""
    try:
        from rankspec.families.recap.program.data.conversion import convert

        vectors = vectors_of(arguments, arguments.format)
        files, num_rows = convert(arguments.inputs, arguments.schema, arguments.output, arguments.format, vectors)
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"error: {error.name} is not installed; `pip install 'rankspec[train]'` installs what this takes\n"
        )
        return 1
    except (ValueError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    print(f"{num_rows} rows in {len(files)} files of {arguments.output}")
    return 0
