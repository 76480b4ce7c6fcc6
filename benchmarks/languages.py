"""Loading and judging the shipped production config in Go, Java and TypeScript.

Each language has a program that loads the config in a fresh process, without or with its prewarm call before, and then
again and again, beside the protobuf library's own text parser on what the config says without shorthands. Times begin
where the program does: what its runtime needs to start is not in them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.conformance.running import ROOT, environment, missing_tools

from benchmarks.content import CONFIG, expanded_text
from benchmarks.measuring import Measurement

_NUM_RUNS = 7


def _load(language: str) -> list[Measurement]:
    """Measures a language, unless its tools are missing, which is said."""
    if missing := missing_tools(language):
        print(f"{language} left out: {', '.join(missing)} not installed", file=sys.stderr)
        return []
    with TemporaryDirectory() as folder:
        expanded = Path(folder) / "expanded.textproto"
        expanded.write_text(expanded_text(), "utf-8")
        runs = [(_run(language, expanded), _run(language, expanded, "prewarm")) for _ in range(_NUM_RUNS)]
    cold, prewarmed = ({key: median(run[key] for run in kind) for key in kind[0]} for kind in zip(*runs, strict=True))
    return [
        # How long the first config takes, beside how long it takes after the prewarm call.
        Measurement(f"first_load_validate_{language}", cold["first_ms"], "ms", prewarmed["first_ms"]),
        Measurement(f"prewarm_{language}", prewarmed["prewarm_ms"], "ms", None),
        # Every later one, beside only parsing it.
        Measurement(f"warm_load_validate_{language}", cold["warm_ms"], "ms", cold["parse_ms"]),
        # All that is live in the process afterwards.
        Measurement(f"heap_kept_{language}", cold["heap_mib"], "MiB", None),
    ]


load_go = partial(_load, "go")
load_java = partial(_load, "java")
load_typescript = partial(_load, "typescript")


def _run(language: str, expanded: Path, *mode: str) -> dict[str, float]:
    """Runs a language's program once and returns what it prints."""
    arguments = " ".join(map(str, (CONFIG.relative_to(ROOT), expanded, *mode)))
    command = ["make", "--silent", "load-benchmark", f"LANGUAGE={language}", f"ARGUMENTS={arguments}"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, check=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
