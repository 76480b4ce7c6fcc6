"""How many of all single-field mutations of the shipped configs are refused or proven harmless.

A mutation that is accepted is harmless if the resolved values are the same, or if what was written is inside the range
that the descriptors give. Everything else that is accepted is a mistake that went through.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import Message

from benchmarks.measuring import Measurement
from benchmarks.mutating import Mutation, mutations
from rankspec.checking.verdict import judge
from rankspec.formats.reading import read
from rankspec.formats.textproto.reader import read_textproto
from rankspec.schema.defaults import resolve

CONFIGS = Path(__file__).parents[1] / "configs"
_MOST_SHOWN = 20


def shipped() -> list[Path]:
    """Lists the shipped configs."""
    return sorted(CONFIGS.rglob("*.textproto"))


def run() -> Measurement:
    """Judges every mutation of every shipped config."""
    kinds: Counter[str] = Counter()
    through: list[str] = []
    for path in shipped():
        for mutation, is_accounted_for in verdicts(path):
            kinds[mutation.kind] += 1
            if not is_accounted_for:
                through.append(f"{path.name}: {mutation.kind} at {mutation.path}")
    total = kinds.total()
    print(f"{total} mutations: {', '.join(f'{n} {kind}' for kind, n in kinds.most_common())}", file=sys.stderr)
    for line in through[:_MOST_SHOWN]:
        print(f"accepted: {line}", file=sys.stderr)
    return Measurement("mutations", 100 * (total - len(through)) / total, "%", 100.0)


def verdicts(path: Path, *, every: int = 1) -> Iterator[tuple[Mutation, bool]]:
    """Yields mutations of a config, each with whether it is refused or harmless.

    Args:
        path: The config.
        every: Judges one in this many.
    """
    config = read(str(path), None).message
    intended = resolve(config)
    for index, mutation in enumerate(mutations(config)):
        if index % every == 0:
            yield mutation, _is_accounted_for(mutation, type(config), intended)


def _is_accounted_for(mutation: Mutation, message_class: type[Message], intended: Message) -> bool:
    document = read_textproto(mutation.text, message_class, "mutation")
    written = type(document.message)()
    written.CopyFrom(document.message)
    verdict = judge(document, {})
    return bool(verdict.violations) or mutation.in_range or resolve(written) == intended
