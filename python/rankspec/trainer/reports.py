"""Takes a run's figures to its journals, its trackers and the terminal. Only the first process reports."""

from pathlib import Path

from rankspec.trainer.console import RunConsole
from rankspec.trainer.journal import Journal
from rankspec.trainer.trackers import TensorBoard, Trackers

METRICS_FILE = "metrics.jsonl"
TIMING_FILE = "timing.jsonl"


class Reports:
    """Where the figures of a run go."""

    def __init__(self, folder: Path, console: RunConsole, *, step: int, metrics_bytes: int) -> None:
        """Opens the journals and trackers of a run that begins or goes on.

        Args:
            folder: the run's folder.
            console: shows figures to people.
            step: optimizer steps done before.
            metrics_bytes: size of `metrics.jsonl` at that step; what came after is dropped, for it comes again.
        """
        self._console = console
        self._metrics = Journal(folder / METRICS_FILE)
        self._metrics.cut(metrics_bytes)
        self._timing = Journal(folder / TIMING_FILE)
        self._trackers = Trackers({"TensorBoard": lambda: TensorBoard(folder / "tensorboard", step + 1)}, console.say)
        self._newest: dict[str, dict] = {}

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

    def close(self, title: str) -> None:
        """Shows the newest figures of every split as a table, and closes everything."""
        if self._newest:
            self._console.table(title, [self._newest[split] for split in sorted(self._newest)])
        self._trackers.close()
        self._metrics.close()
        self._timing.close()
