"""Find every mistake of every config.

Each file is checked by itself; a folder stands for the text-format files below it, `-` for the standard
input. Warnings are about what is legal and known to hurt; they do not make the check fail.

Examples:
  rankspec check configs/
  rankspec check --format json ranker.textproto
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from rankspec.checking.check import check
from rankspec.composition.compose import LoadedConfig
from rankspec.diagnostics.diagnostic import Diagnostic, Position, has_errors, in_order
from rankspec.formats.forms import TEXT, form_of
from rankspec.formats.reading import STDIN


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="a config, a folder of configs, or - for stdin")
    parser.add_argument("--format", choices=("text", "json", "sarif"), default="text", help="form of the report")
    parser.add_argument("--message", metavar="NAME", help="message that the files hold, if no header says so")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colour in the text form")


def run(arguments: Namespace) -> int:
    """Checks the files and reports; 1 if any has an error."""
    diagnostics: list[Diagnostic] = []
    sources: dict[str, str] = {}
    files: dict[str, None] = {}
    for name in arguments.files:
        found, problem = _files(name)
        diagnostics += problem
        # A file may be named beside its folder.
        files |= dict.fromkeys(found)
    for file in files:
        loaded = check(file, message=arguments.message)
        diagnostics += in_order([*loaded.diagnostics, *_of_features(loaded)])
        sources |= loaded.sources
    sys.stdout.write(_report(arguments, diagnostics, sources, len(files)))
    return 1 if has_errors(diagnostics) else 0


def _files(name: str) -> tuple[list[str], list[Diagnostic]]:
    """Lists the files that an argument stands for, and what is wrong with it."""
    # Asked in this order, a single file does not wait for the import of pathlib.
    if name == STDIN or not name or form_of(name) is not None:
        return [name], []
    from pathlib import Path

    if not Path(name).is_dir():
        return [name], []
    found = sorted(str(path) for path in Path(name).rglob("*") if path.suffix in TEXT.extensions and path.is_file())
    if found:
        return found, []
    extensions = ", ".join(TEXT.extensions)
    problem = Diagnostic(
        "file.no_configs",
        f"the folder `{name}` holds no config",
        "",
        Position(name, 1, 1),
        "error",
        f"a folder is searched for {extensions}; name other files one by one",
    )
    return [], [problem]


def _of_features(loaded: LoadedConfig) -> list[Diagnostic]:
    """What is wrong by the schema files of a config's data, where they are there."""
    data: Any = getattr(loaded.message, "train_data", None)
    if not loaded.ok or not hasattr(data, "seg_dense_schema"):
        return []
    # Asked before the import, which would make a check that finds no data slower by a half.
    if not os.path.isfile(os.path.expanduser(data.seg_dense_schema.schema_path)):
        return []
    from rankspec.families import feature_diagnostics

    return feature_diagnostics(loaded)


def _report(arguments: Namespace, diagnostics: list[Diagnostic], sources: dict[str, str], num_files: int) -> str:
    from rankspec.cli.terminal import use_color
    from rankspec.diagnostics.report import as_json, as_sarif, as_text

    if arguments.format != "text":
        return as_json(diagnostics) if arguments.format == "json" else as_sarif(diagnostics)
    text = as_text(diagnostics, color=use_color(arguments.color, sys.stdout), sources=sources)
    return text + _summary(diagnostics, num_files)


def _summary(diagnostics: list[Diagnostic], num_files: int) -> str:
    num_errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    num_warnings = len(diagnostics) - num_errors
    found = [_count(n, what) for n, what in ((num_errors, "error"), (num_warnings, "warning")) if n]
    return f"{_count(num_files, 'file')} checked: {', '.join(found) or 'no mistakes'}\n"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
