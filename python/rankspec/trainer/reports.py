"""Takes a run's figures to its journals, its trackers and the terminal. Only the first process reports."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from rankspec.trainer.console import RunConsole
from rankspec.trainer.errors import TrainError
from rankspec.trainer.folder import METRICS_FILE, TIMING_FILE
from rankspec.trainer.journal import Journal, read_journal
from rankspec.trainer.report import OnReport, Report
from rankspec.trainer.trackers import Openers, Trackers


class Reports(AbstractContextManager["Reports"]):
    """Where the figures of a run go; a context manager that closes all of them."""

    def __init__(
        self,
        folder: Path,
        console: RunConsole,
        trackers: Openers,
        *,
        metrics_bytes: int,
        on_report: OnReport | None = None,
    ) -> None:
        """Opens the journals and trackers of a run that begins or goes on.

        Args:
            folder: the run's folder.
            console: shows figures to people.
            trackers: what opens the trackers, by their names for people.
            metrics_bytes: size of `metrics.jsonl` at the step that the run goes on from; what came after is dropped,
                for it comes again.
            on_report: is called with each report of metrics, last; what it raises ends the run.
        """
        self._console = console
        self._metrics_file = folder / METRICS_FILE
        self._metrics = Journal(self._metrics_file)
        if not self._metrics.cut(metrics_bytes):
            console.say(f"{self._metrics_file} has lost figures of earlier steps; they do not come again")
        self._timing = Journal(folder / TIMING_FILE)
        self._trackers = Trackers(trackers, console.say)
        self._newest: dict[str, dict[str, Any]] = {}
        self._rows_per_second = 0.0
        self._on_report = on_report

    def metrics(self, step: int, split: str, figures: dict[str, float]) -> None:
        """Records figures that a repeat of the run would give again."""
        record = {"step": step, "split": split, **figures}
        self._metrics.append(record)
        self._newest[split] = record
        self._trackers.report(step, split, figures)
        words = [f"step {step}", split, *([f"loss {figures['loss']:.5f}"] if "loss" in figures else [])]
        if split != "train":
            self._console.note("  ".join(words))
        else:
            speed = [f"{self._rows_per_second:,.0f} rows/s"] if self._rows_per_second else []
            self._console.report_training(step, "  ".join([*words, *speed]))
        if self._on_report is not None:
            self._on_report(Report(step, split, figures))

    def timing(self, step: int, figures: dict[str, float]) -> None:
        """Records speeds, times and memory; before the metrics of the same step, which are shown with them."""
        self._rows_per_second = figures.get("examples_per_second", 0.0)
        self._timing.append({"step": step, **figures})
        self._trackers.report(step, "timing", figures)

    def sync(self) -> int:
        """Brings the metrics to the disk and returns how many bytes they are."""
        return self._metrics.sync()

    def show(self, title: str, metrics: Sequence[str], *, best_step: int | None = None) -> None:
        """Shows the newest figures of every split as a table, and those of the best step below each.

        Args:
            title: of the table.
            metrics: names of the metrics to show, in their order.
            best_step: steps done at the best evaluation; none if there is no such.
        """
        at_best = self._records_of(best_step) if best_step is not None else {}
        shown = []
        for split, newest in sorted(self._newest.items()):
            shown.append(newest)
            # What was trained on since another report is no figure of the best checkpoint.
            if split != "train" and split in at_best and newest["step"] != best_step:
                shown.append({**at_best[split], "split": f"{split}, best: step {best_step}"})
        if shown:
            self._console.table(title, shown, metrics)

    def _records_of(self, step: int) -> dict[str, dict[str, Any]]:
        """What was reported of a step, by split; nothing where the file has a line that cannot be read."""
        with suppress(TrainError):
            records = read_journal(self._metrics_file, step=int, split=str)
            return {record["split"]: record for record in records if record["step"] == step}
        return {}

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._trackers.close(failed=error is not None)
        self._metrics.close()
        self._timing.close()
