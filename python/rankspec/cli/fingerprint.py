"""Identify what a config says, however it is written.

Prints two hashes. The semantic one covers what takes part in what the trained model computes; two configs
that share it train the same function. The full one covers everything. Neither depends on comments, the order
of map entries, the spelling of numbers, or on whether a default is written out.

Examples:
  rankspec fingerprint ranker.textproto
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from rankspec.analysis.fingerprint import canonical_form, fingerprint
from rankspec.cli.terminal import add_config_arguments, load_or_report


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    add_config_arguments(parser)
    parser.add_argument("--form", choices=("semantic", "full"), help="print the canonical form that is hashed instead")


def run(arguments: Namespace) -> int:
    """Prints the fingerprints; 1 if the config has mistakes."""
    loaded = load_or_report(arguments)
    if loaded is None:
        return 1
    if arguments.form:
        form = canonical_form(loaded.message, semantic=arguments.form == "semantic")
        print(form.decode("ascii"), end="")
        return 0
    identity = fingerprint(loaded.message)
    print(f"semantic {identity.semantic}\nfull     {identity.full}")
    return 0
