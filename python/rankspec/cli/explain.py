"""Show what a field or message is for: its documentation, type, default, rules and options.

SUBJECT is a path (keys may be left out), the name of a message or enum, or words to look for.

Examples:
  rankspec explain training.num_train_steps
  rankspec explain MaskNetConfig
  rankspec explain weight decay
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from rankspec.analysis.explanation import explain, nearest
from rankspec.cli.stopping import VerbError


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    parser.add_argument("subject", nargs="+", metavar="SUBJECT", help="a path, a name, or words")


def run(arguments: Namespace) -> int:
    """Prints the explanation; 1 if nothing fits."""
    subject = " ".join(arguments.subject)
    explanation = explain(subject)
    if explanation is None:
        match = nearest(subject)
        meant = f"; did you mean `{match}`?" if match else ""
        raise VerbError(f"rankspec explain: nothing in the schema fits `{subject}`{meant}")
    print(explanation)
    return 0
