"""The verdict on a config that every language gives alike: valid with its fingerprints, or a set of violations.

A verdict is reached in steps, and the first that objects ends it: reading, variables, rules. What is inherited is
filled in before the rules judge. `check` of `rankspec.loading` says more, with places and words, and goes on after a
mistake.

`python -m rankspec.verdicts FILE...` prints the verdict on each file as one line of JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from google.protobuf.message import Message

from rankspec.diagnostics import Diagnostic
from rankspec.environment import process_environment, substitute
from rankspec.fingerprint import fingerprint
from rankspec.inheritance import inherit
from rankspec.reading import read
from rankspec.source import Document
from rankspec.validation import find


class Violation(NamedTuple):
    """Something that is wrong with a config.

    Attributes:
        path: The offending field; empty for the config itself.
        code: Id of the rule, or `file.…`, `parse.…`, `env.…`.
    """

    path: str
    code: str


class Verdict(NamedTuple):
    """What is to be said of a config.

    Attributes:
        violations: What is wrong, sorted, nothing twice.
        config: The config as it is judged by the rules; complete only if nothing is wrong.
    """

    violations: tuple[Violation, ...]
    config: Message


def judge(document: Document[Message], environment: Mapping[str, str]) -> Verdict:
    """Reaches the verdict on what a reader returned.

    Args:
        document: What was read; variables are replaced and what is inherited filled in in its message, in place.
        environment: The variables that `${VAR}` stands for.
    """
    violations = _of(document.diagnostics)
    if not violations:
        violations = _of(substitute(document.message, environment, document.origins).diagnostics)
    if not violations:
        copies = inherit(document)
        violations = {Violation(finding.path, finding.code) for finding in find(document.message, copies)}
    return Verdict(tuple(sorted(violations)), document.message)


def _of(diagnostics: Iterable[Diagnostic]) -> set[Violation]:
    return {Violation(d.path, d.code) for d in diagnostics if d.severity == "error"}


def verdict_line(path: str, environment: Mapping[str, str]) -> str:
    """Writes the verdict on a file as JSON, without a line end.

    Args:
        path: The file; its form and message are found as everywhere.
        environment: The variables that `${VAR}` stands for.
    """
    verdict = judge(read(path, None), environment)
    identity = None if verdict.violations else fingerprint(verdict.config)
    return json.dumps(
        {
            "file": path,
            "ok": identity is not None,
            "violations": [violation._asdict() for violation in verdict.violations],
            "semantic": identity.semantic if identity else None,
            "full": identity.full if identity else None,
        }
    )


def main(paths: Sequence[str]) -> None:
    """Prints the verdict on each file, in order."""
    environment = process_environment()
    for path in paths:
        sys.stdout.write(verdict_line(path, environment) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
