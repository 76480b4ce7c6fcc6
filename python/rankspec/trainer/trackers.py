"""Where a run's figures go besides its journal. A tracker that fails never stops the training."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from rankspec.trainer.folder import TENSORBOARD_FOLDER
from rankspec.trainer.weights_and_biases import WeightsAndBiases, is_reported


class Tracker(Protocol):
    """Receives figures as they are reported."""

    def report(self, step: int, split: str, figures: dict[str, float]) -> None:
        """Takes the figures of one step and split, by name."""

    def close(self, *, failed: bool) -> None:
        """Brings everything to where it belongs, and takes note if the run ended with an error."""


class TensorBoard:
    """Writes event files that TensorBoard reads."""

    def __init__(self, folder: Path, first_step: int) -> None:
        """Opens the folder; what an earlier process wrote of later steps is hidden."""
        # Imported here: it takes a while, and only the first process reports.
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=first_step)
        self._on_others_errors = threading.excepthook
        threading.excepthook = self._on_error_in_thread

    def report(self, step: int, split: str, figures: dict[str, float]) -> None:
        """Adds one scalar per figure, under `split/name`."""
        for name, value in figures.items():
            self._writer.add_scalar(f"{split}/{name}", value, step)

    def close(self, *, failed: bool) -> None:  # noqa: ARG002 - an event file has no place for it
        """Flushes and closes the event file."""
        self._writer.close()
        threading.excepthook = self._on_others_errors

    def _on_error_in_thread(self, raised: threading.ExceptHookArgs) -> None:
        """Keeps the library's thread from printing a traceback: the next call here raises what it raised."""
        if not type(raised.thread).__module__.startswith("tensorboard."):
            self._on_others_errors(raised)


Openers = dict[str, Callable[[], Tracker]]


def chosen_trackers(config: Any, folder: Path, step: int, say: Callable[[str], None]) -> Openers:
    """What opens the trackers of a run, by their names for people: TensorBoard always, others if the config says so.

    Args:
        config: the whole config.
        folder: the run's folder.
        step: optimizer steps done before; 0 for a run that begins.
        say: takes a line for people.
    """
    openers: Openers = {"TensorBoard": lambda: TensorBoard(folder / TENSORBOARD_FOLDER, step + 1)}
    if is_reported(config.runtime):
        openers["Weights & Biases"] = lambda: WeightsAndBiases(config, folder, resumes=step > 0, say=say)
    return openers


class Trackers:
    """Passes figures on to several trackers, and drops one that fails, saying so once."""

    def __init__(self, openers: Openers, say: Callable[[str], None]) -> None:
        """Opens the trackers.

        Args:
            openers: what opens each, by its name for people.
            say: takes a line for people.
        """
        self._say = say
        self._open: dict[str, Tracker] = {}
        for name, opener in openers.items():
            with self._guarded(name):
                self._open[name] = opener()

    def report(self, step: int, split: str, figures: dict[str, float]) -> None:
        """Passes figures to every tracker that still works."""
        for name, tracker in list(self._open.items()):
            with self._guarded(name):
                tracker.report(step, split, figures)

    def close(self, *, failed: bool) -> None:
        """Closes every tracker that still works."""
        for name, tracker in list(self._open.items()):
            with self._guarded(name):
                tracker.close(failed=failed)

    @contextmanager
    def _guarded(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever a tracker's library raises, training goes on
            self._open.pop(name, None)
            self._say(f"{name} failed and is left out from here on: {error}")
