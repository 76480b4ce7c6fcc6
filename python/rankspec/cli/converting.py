"""`rankspec data convert`: rows of one form as files of another."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankspec.datasets.vectors import Vectors


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the kind's arguments."""
    parser.add_argument("inputs", nargs="+", metavar="PATTERN", help="files to read, as inputs of a config names them")
    parser.add_argument("--schema", required=True, metavar="FILE", help="the schema file, which says what is converted")
    parser.add_argument("--format", choices=("parquet", "tfrecord"), required=True, help="what to write")
    add_vectors(parser)


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


def convert_files(arguments: Namespace) -> str:
    """Converts the files; returns what to say of them."""
    from rankspec.families.recap.program.data.conversion import convert

    vectors = vectors_of(arguments, arguments.format)
    files, num_rows = convert(arguments.inputs, arguments.schema, arguments.output, arguments.format, vectors)
    return f"{num_rows} rows in {len(files)} files of {arguments.output}"
