"""Where a run's figures go besides its journal: TensorBoard. A tracker that fails never stops the training."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class Tracker(Protocol):
    """Receives figures as they are reported."""

    def report(self, step: int, split: str, figures: dict[str, float]) -> None:
        """Takes the figures of one step and split, by name."""

    def close(self) -> None:
        """Brings everything to where it belongs."""


class TensorBoard:
    """Writes event files that TensorBoard reads."""

    def __init__(self, folder: Path, first_step: int) -> None:
        """Opens the folder; what an earlier process wrote of later steps is hidden."""
        # Imported here: it takes a while, and only the first process reports.
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=first_step)

    def report(self, step: int, split: str, figures: dict[str, float]) -> None:
        """Adds one scalar per figure, under `split/name`."""
        for name, value in figures.items():
            self._writer.add_scalar(f"{split}/{name}", value, step)

    def close(self) -> None:
        """Flushes and closes the event file."""
        self._writer.close()


class Trackers:
    """Passes figures on to several trackers, and drops one that fails, saying so once."""

    def __init__(self, openers: dict[str, Callable[[], Tracker]], say: Callable[[str], None]) -> None:
        """Opens the trackers.

        Args:
            openers: what opens each, by its name for people.
            say: takes a line for people.
        """
        self._say = say
        self._open: dict[str, Tracker] = {}
        for name, opener in openers.items():
            self._guarded(name, lambda name=name, opener=opener: self._open.__setitem__(name, opener()))

    def report(self, step: int, split: str, figures: dict[str, float]) -> None:
        """Passes figures to every tracker that still works."""
        for name, tracker in list(self._open.items()):
            self._guarded(name, lambda tracker=tracker: tracker.report(step, split, figures))

    def close(self) -> None:
        """Closes every tracker that still works."""
        for name, tracker in list(self._open.items()):
            self._guarded(name, tracker.close)

    def _guarded(self, name: str, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - whatever a tracker's library raises, training goes on
            self._open.pop(name, None)
            self._say(f"{name} failed and is left out from here on: {error}")
