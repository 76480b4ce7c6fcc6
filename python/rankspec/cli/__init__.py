"""The command line: `rankspec VERB ...`.

Each verb is a module of this package with two functions: `add_arguments` describes its arguments to argparse,
`run` does the work and returns the exit status, one of `statuses`.
Only the module of the verb that is asked for is imported, so that `check` waits for nothing that it does not
need.
"""

from __future__ import annotations

import os
import re
import sys
from argparse import Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise

from rankspec.cli import statuses, streams
from rankspec.cli.stopping import VerbError

# Verb, and what it does. Its module is `rankspec.cli.<verb>`.
VERBS = {
    "check": "find every mistake of every config",
    "resolve": "write a config out with every default filled in",
    "fingerprint": "identify what a config says, however it is written",
    "diff": "show what two configs do differently",
    "explain": "show what a field or message is for",
    "schema": "write a JSON Schema of configs in JSON or YAML, for editors",
    "convert": "turn a YAML file of the public reference trainer into a config",
    "run": "train, evaluate or predict, whichever a config says",
    "train": "train as a config says",
    "evaluate": "evaluate the checkpoints of a run",
    "predict": "predict rows by a checkpoint of a run",
    "baseline": "compare a ranker with simple models on the same rows",
    "export": "write a checkpoint of a run as a bundle, to score with elsewhere",
    "serve": "answer requests for scores from a bundle, over gRPC and HTTP",
    "bundle": "show, verify and compare bundles, or change what a combined score weighs",
    "data": "make, fetch or convert data sets",
    "demo": "train on MovieLens-100K and compare with baselines",
}


# How Python holds bytes that it cannot decode.
_NO_TEXT = re.compile("[\ud800-\udfff]")
_LISTED = f"the verbs are {', '.join(VERBS)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: What follows the program's name; None takes the process's own.

    Returns:
        The exit status.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    streams.prepare()
    try:
        status = _run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` has.
        streams.drop_output()
        return statuses.WRONG
    except streams.OutputError as error:
        streams.drop_output()
        return _end(given, f"the standard output cannot be written: {error}", statuses.TRY_AGAIN)
    except VerbError as stop:
        print(stop, file=sys.stderr)
        return stop.status
    except KeyboardInterrupt:
        return _end(given, "interrupted", statuses.INTERRUPTED)
    except MemoryError as error:
        asked = " ".join(str(error).split()) or "it is not known how much was asked for"
        return _end(given, f"there is not enough memory: {asked}", statuses.WRONG)
    except Exception as error:  # noqa: BLE001 - the last resort: our own mistake, told in one line
        return _own_mistake(given, error)
    return status


def _run(given: Sequence[str]) -> int:
    try:
        if odd := _odd_value(given):
            raise VerbError(f"rankspec {given[0]}: error: {odd}", statuses.USAGE)
        if not given or given[0] not in VERBS:
            return _without_verb(given)
        verb = import_module(f"rankspec.cli.{given[0]}")
        parser = ArgumentParser(prog=f"rankspec {given[0]}", description=verb.__doc__, formatter_class=_formatter)
        verb.add_arguments(parser)
        return int(verb.run(parser.parse_args(given[1:])))
    except SystemExit as leaving:
        # How argparse ends: with the help, or with what is wrong about the usage.
        return leaving.code if isinstance(leaving.code, int) else statuses.USAGE


def _odd_value(given: Sequence[str]) -> str | None:
    """What is wrong with a value of `--set` that cannot be read as UTF-8. A file may have any name."""
    for before, value in pairwise(given):
        if (before == "--set" or value.startswith("--set=")) and _NO_TEXT.search(value):
            encoding = sys.getfilesystemencoding()
            cause = "" if encoding == "utf-8" else f", as the locale has the encoding {encoding}; set LC_ALL=C.UTF-8"
            return f"a value cannot be read as UTF-8{cause}: {value}"
    return None


def _end(given: Sequence[str], why: str, status: int) -> int:
    print(f"rankspec {given[0] if given else ''}".rstrip() + f": error: {why}", file=sys.stderr)
    return status


def _own_mistake(given: Sequence[str], error: Exception) -> int:
    """Tells an error that nothing foresaw, in one line; all of it where RANKSPEC_TRACEBACK is set."""
    import traceback

    if os.environ.get("RANKSPEC_TRACEBACK"):
        traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())[:500]
    return _end(
        given,
        f"this should not happen: {type(error).__name__}: {text} ({os.path.basename(frame.filename)}:{frame.lineno}); "
        "RANKSPEC_TRACEBACK=1 shows where",
        statuses.OWN_MISTAKE,
    )


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
        from rankspec.diagnostics.closest_name import closest

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
