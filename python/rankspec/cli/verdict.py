"""`python -m rankspec.cli.verdict FILE...` prints the verdict on each file as one line of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from rankspec.analysis.fingerprint import fingerprint
from rankspec.checking.verdict import judge
from rankspec.composition.environment import process_environment
from rankspec.formats.reading import read


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
