"""The command line: `rankspec VERB ...`.

Each verb is a module of this package with two functions: `add_arguments` describes its arguments to argparse,
`run` does the work and returns the exit status: 0 fine, 1 the config or the data is wrong, 2 wrong usage.
Only the module of the verb that is asked for is imported, so that `check` waits for nothing that it does not
need.
"""

from __future__ import annotations

import io
import os
import sys
from argparse import Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module

# Verb, and what it does. Its module is `rankspec.cli.<verb>`.
VERBS = {
    "check": "find every mistake of every config",
    "resolve": "write a config out with every default filled in",
    "fingerprint": "identify what a config says, however it is written",
    "diff": "show what two configs do differently",
    "explain": "show what a field or message is for",
    "schema": "write a JSON Schema of configs in JSON or YAML, for editors",
    "convert": "turn a YAML file of the public reference trainer into a config",
    "train": "train as a config says",
    "evaluate": "evaluate the checkpoints of a run",
    "data": "make, fetch or convert data sets",
    "demo": "train on MovieLens-100K and compare with baselines",
}


_LISTED = f"the verbs are {', '.join(VERBS)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: What follows the program's name; None takes the process's own.

    Returns:
        The exit status.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    _write_any_character()
    try:
        if not given or given[0] not in VERBS:
            return _without_verb(given)
        verb = import_module(f"rankspec.cli.{given[0]}")
        parser = ArgumentParser(prog=f"rankspec {given[0]}", description=verb.__doc__, formatter_class=_formatter)
        verb.add_arguments(parser)
        status: int = verb.run(parser.parse_args(given[1:]))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` has. Python would fail again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except SystemExit as leaving:
        # How argparse ends: with the help, or with what is wrong about the usage.
        return leaving.code if isinstance(leaving.code, int) else 2
    return status


def _write_any_character() -> None:
    """Lets the output take what its encoding has not, such as an odd file's name, as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _formatter(prog: str) -> RawDescriptionHelpFormatter:
    """Returns argparse's formatter, told the width that it would import a library of archives to find out."""
    width = os.get_terminal_size().columns if sys.stdout.isatty() else 100
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() else width
    return RawDescriptionHelpFormatter(prog, width=max(width - 2, 20))


def _without_verb(given: Sequence[str]) -> int:
    """Shows the help or the version, or says that there is no such verb.

    Raises:
        SystemExit: Always, as argparse does.
    """
    parser = ArgumentParser(
        prog="rankspec",
        description="Check, inspect and run configs of ranking models.",
        epilog="`rankspec VERB --help` shows a verb's arguments and an example.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, summary in VERBS.items():
        verbs.add_parser(name, help=summary, add_help=False)
    if given and not given[0].startswith("-"):
        from rankspec.source.suggest import closest

        match = closest(given[0], VERBS)
        parser.error(f"there is no verb `{given[0]}`; {f'did you mean `{match}`?' if match else _LISTED}")
    parser.parse_args(given)
    raise AssertionError("every verb is dispatched before")


class _Version(Action):
    """Prints the version; looked up only when it is asked for."""

    def __call__(
        self, parser: ArgumentParser, _namespace: Namespace, _values: object, _option: str | None = None
    ) -> None:
        from importlib.metadata import version

        print(f"rankspec {version('rankspec')}")
        parser.exit()
