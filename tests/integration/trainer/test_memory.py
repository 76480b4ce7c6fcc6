"""A long run needs no more memory than a short one."""

import json
import resource
import sys
from pathlib import Path

import pytest
from tests.integration.trainer.runs import Plan, Runs

from rankspec.trainer.reports import Reports


def _write_sizes(file: Path) -> None:
    """Adds a line to a file at every report: the step and the resident bytes of the process."""
    timing = Reports.timing

    def watched(reports: Reports, step: int, figures: dict[str, float]) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        with file.open("a") as sizes:
            sizes.write(json.dumps([step, pages * resource.getpagesize()]) + "\n")
        timing(reports, step, figures)

    pytest.MonkeyPatch().setattr(Reports, "timing", watched)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the size from /proc")
def test_memory_does_not_grow(runs: Runs) -> None:
    # In a process of its own: pytest keeps every message that torch logs.
    file = runs.folder / "sizes"
    cadence = "train_log_every_n: 500 eval_log_every_n: 100 checkpoint_every_n: 50"
    started = runs.start("run", f"training {{ num_train_steps: 3000 {cadence} }}", plan=Plan(_write_sizes, [file]))
    assert started.wait() == [0], started.output

    sizes = dict(json.loads(line) for line in file.read_text().splitlines())
    assert list(sizes) == [500, 1000, 1500, 2000, 2500, 3000]
    # A leak of a batch of 16 rows a step, some 2 kB, or of a checkpoint, some 300 kB, would be more than this.
    assert sizes[3000] - sizes[1000] < 2 * 2**20
