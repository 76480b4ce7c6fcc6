"""Loading and judging the shipped production config in Go, Java and TypeScript.

Each language has a program that loads the config in a fresh process, without or with its prewarm call before, and then
again and again, beside the protobuf library's own text parser on what the config says without shorthands. Times begin
where the program does: what its runtime needs to start is not in them.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.conformance.running import ROOT

from benchmarks.content import CONFIG, expanded_text
from benchmarks.language_programs import figures, is_left_out
from benchmarks.measuring import Measurement

_NUM_RUNS = 7


def _load(language: str) -> list[Measurement]:
    """Measures a language, unless its tools are missing, which is said."""
    if is_left_out(language):
        return []
    with TemporaryDirectory() as folder:
        expanded = Path(folder) / "expanded.textproto"
        expanded.write_text(expanded_text(), "utf-8")
        run = partial(figures, "load-benchmark", language, CONFIG.relative_to(ROOT), expanded)
        runs = [(run(), run("prewarm")) for _ in range(_NUM_RUNS)]
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
