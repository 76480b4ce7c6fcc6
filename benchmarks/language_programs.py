"""Programs of Go, Java and TypeScript that measure, started by targets of the Makefile."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.conformance.running import ROOT, environment, missing_tools


def is_left_out(language: str) -> bool:
    """Whether a language's tools are missing, which is said."""
    missing = missing_tools(language)
    if missing:
        print(f"{language} left out: {', '.join(missing)} not installed", file=sys.stderr)
    return bool(missing)


def figures(target: str, language: str, *arguments: object) -> dict[str, Any]:
    """Runs a language's program once and returns what it prints.

    Args:
        target: of the Makefile.
        language: go, java or typescript.
        arguments: of the program, none with a space.
    """
    command = ["make", "--silent", target, f"LANGUAGE={language}", f"ARGUMENTS={' '.join(map(str, arguments))}"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, check=True, text=True)
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed
