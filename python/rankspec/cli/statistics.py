"""`rankspec data statistics`: what a config's training data are standardized by."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rankspec.cli.running import add_config_arguments, run_config
from rankspec.cli.stopping import VerbError

if TYPE_CHECKING:
    from rankspec.data.v1.statistics_pb2 import DataStatistics
    from rankspec.trainer.setup import Job


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the kind's arguments."""
    add_config_arguments(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="file to write: .textproto, .json or .binpb"
    )
    parser.add_argument("--overwrite", action="store_true", help="write over a file that is there")
    parser.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    """Writes statistics of a config's training data; returns the exit status."""
    from rankspec.formats.forms import written_form

    form = written_form(arguments.output)
    if form is None:
        raise VerbError(f"error: `{arguments.output}` has no extension of a form; write .textproto, .json or .binpb")
    if Path(arguments.output).exists() and not arguments.overwrite:
        raise VerbError(f"error: `{arguments.output}` is there; --overwrite writes over it")
    return _write_statistics(arguments, form)


def _write_statistics(arguments: Namespace, form: str) -> int:
    from rankspec.cli.terminal import write_output
    from rankspec.formats.writing import write

    def action(job: Job) -> int:
        from importlib.metadata import version

        from rankspec.families import statistics_of
        from rankspec.trainer.errors import TrainError

        message = job.config.DESCRIPTOR
        compute = statistics_of(message.full_name)
        if compute is None:
            raise TrainError(f"a {message.name} has no continuous features; name a RecapConfig")
        generator = f"rankspec {version('rankspec')}"
        statistics = compute(job.config, generator, lambda line: print(line, file=sys.stderr))
        status = write_output("data", write(statistics, form), arguments.output)
        if status == 0:
            print(_said(statistics, arguments.output))
        return status

    return run_config(arguments, action)


def _said(statistics: DataStatistics, output: str) -> str:
    """What to say of statistics that were written."""
    (column,) = statistics.columns
    rows = column.places[0].num_finite + column.places[0].num_not_finite
    other = sum(place.num_not_finite for place in column.places)
    return f'{rows} rows of {len(column.places)} features of "{column.column}", {other} values not finite, in {output}'
