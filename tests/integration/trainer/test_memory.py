"""A long run needs no more memory than a short one."""

import json
import resource
import sys
from pathlib import Path

import pytest
from tests.integration.trainer.runs import Plan, Runs

from rankspec.checking.check import check
from rankspec.families.jobs import job_of
from rankspec.trainer.reports import Reports

_TINY = Path(__file__).parents[3] / "configs/recap/tiny.textproto"


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
def test_memory_does_not_grow_over_10000_steps_of_tiny(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANKSPEC_RUNS", str(runs.folder))
    monkeypatch.setenv("RANKSPEC_TINY", str(_TINY.parent / "tiny_data"))
    cadence = {"num_train_steps": 10_000, "train_log_every_n": 500, "eval_log_every_n": 500, "checkpoint_every_n": 50}
    loaded = check([_TINY], overrides=[f"training.{name}={value}" for name, value in cadence.items()])
    file = runs.folder / "sizes"

    # In a process of its own: pytest keeps every message that torch logs.
    started = runs.start_job(job_of(loaded), plan=Plan(_write_sizes, [file]))
    assert started.wait(600) == [0], started.output

    sizes = dict(json.loads(line) for line in file.read_text().splitlines())
    assert list(sizes) == list(range(500, 10_001, 500))
    # 0.4 MB in a run of 200 checkpoints and 20 evaluations, most of it before step 4,000; up to 1.4 MB on a busy
    # machine, where more of Arrow's threads get memory of their own. A leak of a row of a batch a step would be 4 MB,
    # one of a checkpoint 140 MB.
    assert sizes[10_000] - sizes[2_000] < 2 * 2**20
