"""Takes a run's figures to its journals, its trackers and the terminal. Only the first process reports."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rankspec.trainer.console import RunConsole
from rankspec.trainer.folder import METRICS_FILE, TIMING_FILE
from rankspec.trainer.journal import Journal
from rankspec.trainer.trackers import Openers, Trackers


class Reports:
    """Where the figures of a run go; a context manager that closes all of them."""

    def __init__(self, folder: Path, console: RunConsole, trackers: Openers, *, metrics_bytes: int) -> None:
        """Opens the journals and trackers of a run that begins or goes on.

        Args:
            folder: the run's folder.
            console: shows figures to people.
            trackers: what opens the trackers, by their names for people.
            metrics_bytes: size of `metrics.jsonl` at the step that the run goes on from; what came after is dropped,
                for it comes again.
        """
        self._console = console
        self._metrics = Journal(folder / METRICS_FILE)
        if not self._metrics.cut(metrics_bytes):
            console.say(f"{folder / METRICS_FILE} has lost figures of earlier steps; they do not come again")
        self._timing = Journal(folder / TIMING_FILE)
        self._trackers = Trackers(trackers, console.say)
        self._newest: dict[str, dict[str, Any]] = {}

    def metrics(self, step: int, split: str, figures: dict[str, float]) -> None:
        """Records figures that a repeat of the run would give again."""
        record = {"step": step, "split": split, **figures}
        self._metrics.append(record)
        self._newest[split] = record
        self._trackers.report(step, split, figures)
        loss = f"  loss {figures['loss']:.5f}" if "loss" in figures else ""
        self._console.note(f"step {step}  {split}{loss}")

    def timing(self, step: int, figures: dict[str, float]) -> None:
        """Records speeds, times and memory."""
        self._timing.append({"step": step, **figures})
        self._trackers.report(step, "timing", figures)

    def sync(self) -> int:
        """Brings the metrics to the disk and returns how many bytes they are."""
        return self._metrics.sync()

    def show(self, title: str, metrics: Sequence[str]) -> None:
        """Shows the newest figures of every split as a table."""
        if self._newest:
            self._console.table(title, [self._newest[split] for split in sorted(self._newest)], metrics)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._trackers.close(failed=error is not None)
        self._metrics.close()
        self._timing.close()
