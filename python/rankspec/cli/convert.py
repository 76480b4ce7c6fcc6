"""Turn a YAML file of the public reference trainer into a config.

Anchors and merge keys are expanded, nulls left out, `$VAR` becomes `${VAR}`. Which message the file stands for shows in
its fields. What is said on the way: the fields that had no effect in the reference, or not the one they are named for
(here they have it), and the fields that are left out because they cannot have any.

Examples:
  rankspec convert local_prod.yaml -o ranker.textproto
  rankspec convert local.yaml --message TwhinConfig
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from rankspec.cli import statuses
from rankspec.cli.stopping import VerbError
from rankspec.cli.terminal import report, write_output
from rankspec.convert.reference import convert
from rankspec.diagnostics.diagnostic import has_errors
from rankspec.diagnostics.mistake import MistakeError
from rankspec.formats.forms import WRITTEN_FORMS, written_form
from rankspec.formats.reading import STDIN, STDIN_NAME, bytes_of, why
from rankspec.formats.writing import write_with_variables


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    parser.add_argument("file", metavar="IN", help="the YAML file, or - for stdin")
    parser.add_argument("-o", "--output", metavar="OUT", help="file to write; its extension chooses the form")
    parser.add_argument("--format", choices=WRITTEN_FORMS, help="form to write; textproto unless OUT says otherwise")
    parser.add_argument("--message", metavar="NAME", help="message that the file stands for; default: what fits best")


def run(arguments: Namespace) -> int:
    """Writes the config; 1 if the file cannot be read or what it says breaks a rule, 2 for a wrong usage."""
    form = arguments.format or (written_form(arguments.output) if arguments.output else "textproto")
    if form is None:
        text = f"rankspec convert: error: no form is known for `{arguments.output}`; choose it with --format"
        raise VerbError(text, statuses.USAGE)
    name = STDIN_NAME if arguments.file == STDIN else arguments.file
    try:
        conversion = convert(bytes_of(arguments.file), name, arguments.message)
    except OSError as error:
        _, problem, suggestion = why(arguments.file, error)
        raise VerbError(f"rankspec convert: error: {problem}{f'; {suggestion}' if suggestion else ''}") from error
    except MistakeError as error:
        raise VerbError(f"rankspec convert: error: {error.message}; {error.suggestion}", statuses.USAGE) from error
    document = conversion.document
    report([*conversion.mistakes, *conversion.notes], {name: document.text or ""})
    if not document.ok:
        return 1
    status = write_output("convert", write_with_variables(document.message, form), arguments.output)
    return 1 if has_errors(conversion.mistakes) else status
