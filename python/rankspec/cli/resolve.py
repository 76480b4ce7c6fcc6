"""Write a config out with every default filled in.

Several files are a base and its overlays, each laid over the ones before it. The result says all that will
run, and reading it gives the same config again.

Examples:
  rankspec resolve ranker.textproto
  rankspec resolve base.textproto large.textproto --set training.num_train_steps=1000 -o run.binpb
  rankspec resolve --blame ranker.textproto
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from rankspec.cli import statuses
from rankspec.cli.stopping import VerbError
from rankspec.cli.terminal import add_config_arguments, load_or_report, write_output
from rankspec.formats.forms import WRITTEN_FORMS, written_form
from rankspec.formats.writing import to_textproto, write
from rankspec.schema.defaults import resolve


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    add_config_arguments(parser)
    parser.add_argument("-o", "--output", metavar="OUT", help="file to write; its extension chooses the form")
    parser.add_argument("--format", choices=WRITTEN_FORMS, help="form to write; textproto unless OUT says otherwise")
    parser.add_argument("--blame", action="store_true", help="say behind each value where it came from")


def run(arguments: Namespace) -> int:
    """Writes the resolved config; 1 if it has mistakes, 2 if the output is asked for wrongly."""
    form = arguments.format or (written_form(arguments.output) if arguments.output else "textproto")
    if form is None or (arguments.blame and form != "textproto"):
        problem = "--blame needs the textproto form" if form else f"no form is known for `{arguments.output}`"
        raise VerbError(f"rankspec resolve: error: {problem}; choose it with --format", statuses.USAGE)
    loaded = load_or_report(arguments)
    if loaded is None:
        return 1
    resolved = resolve(loaded.message)
    if arguments.blame:
        from rankspec.analysis.blame import blame

        data = to_textproto(resolved, blame(loaded)).encode()
    else:
        data = write(resolved, form)
    return write_output("resolve", data, arguments.output)
