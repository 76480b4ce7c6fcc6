"""What the verbs share: arguments that name a config, colour, and reporting a config that cannot be used."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from typing import TextIO

from rankspec.checking.check import check
from rankspec.composition.compose import LoadedConfig
from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.diagnostics.report import as_text


def add_config_arguments(parser: ArgumentParser) -> None:
    """Adds what names one config: files, `--set` and `--message`."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="the config and its overlays, or - for stdin")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="overrides",
        metavar="PATH=VALUE",
        help="set one field, such as training.num_train_steps=1000; may be repeated",
    )
    parser.add_argument("--message", metavar="NAME", help="message that the files hold, if no header says so")


def load_or_report(arguments: Namespace) -> LoadedConfig | None:
    """Loads the config that `add_config_arguments` names.

    Mistakes go to the standard error; warnings alone are left to `check`.

    Returns:
        The config, or None if it has mistakes.
    """
    loaded = check(arguments.files, message=arguments.message, overrides=arguments.overrides)
    if loaded.ok:
        return loaded
    report(loaded.diagnostics, loaded.sources)
    return None


def use_color(choice: str, stream: TextIO) -> bool:
    """Decides whether to write colours: `always`, `never`, or `auto`, which asks the terminal and `NO_COLOR`."""
    if choice != "auto":
        return choice == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def report(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str]) -> None:
    """Writes diagnostics to the standard error, as verbs other than `check` do."""
    sys.stderr.write(as_text(diagnostics, color=use_color("auto", sys.stderr), sources=sources))


def write_output(verb: str, data: bytes, output: str | None) -> int:
    """Writes what a verb makes to a file, or to the standard output.

    Returns:
        The exit status: 1, after saying why, if the file cannot be written.
    """
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return 0
    from rankspec.formats.writing import write_file

    try:
        write_file(output, data)
    except OSError as error:
        print(f"rankspec {verb}: error: `{output}` cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return 0
