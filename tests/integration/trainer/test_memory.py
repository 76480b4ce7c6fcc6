"""A long run needs no more memory than a short one."""

import resource
import sys
from pathlib import Path

import pytest
from tests.integration.trainer.runs import Runs


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the size from /proc")
def test_memory_does_not_grow(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    from rankspec.trainer.reports import Reports

    sizes = {}
    timing = Reports.timing

    def watched(reports: Reports, step: int, figures: dict[str, float]) -> None:
        sizes[step] = _resident_bytes()
        timing(reports, step, figures)

    monkeypatch.setattr(Reports, "timing", watched)
    runs.train(
        "run",
        "training { num_train_steps: 3000 train_log_every_n: 500 eval_log_every_n: 100 checkpoint_every_n: 50 }",
    )

    print({step: size // 1024 for step, size in sizes.items()})
    assert list(sizes) == [500, 1000, 1500, 2000, 2500, 3000]
    # A leak of a batch of 16 rows a step, some 2 kB, or of a checkpoint, some 300 kB, would be more than this.
    assert sizes[3000] - sizes[1000] < 4 * 2**20
