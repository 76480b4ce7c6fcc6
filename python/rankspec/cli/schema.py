"""Write a JSON Schema of configs in JSON or YAML, for editors and other tools.

It says which fields there are, what they are for, and which values they take. Rules over several fields are beyond it:
`rankspec check` knows them.

Examples:
  rankspec schema RecapConfig -o recap.schema.json
  rankspec schema TwhinConfig
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from rankspec.analysis.json_schema import json_schema
from rankspec.cli import statuses
from rankspec.cli.stopping import VerbError
from rankspec.cli.terminal import write_output
from rankspec.diagnostics.mistake import MistakeError
from rankspec.schema.message_types import message_class


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    parser.add_argument("message", metavar="MESSAGE", help="name of the message, such as RecapConfig")
    parser.add_argument("-o", "--output", metavar="OUT", help="file to write; default: the standard output")


def run(arguments: Namespace) -> int:
    """Writes the schema; 2 if there is no such message."""
    try:
        schema = json_schema(message_class(arguments.message))
    except MistakeError as error:
        raise VerbError(f"rankspec schema: error: {error.message}; {error.suggestion}", statuses.USAGE) from error
    text = json.dumps(schema, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return write_output("schema", text.encode(), arguments.output)
