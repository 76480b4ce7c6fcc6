"""Where a run's figures go besides its journal. A tracker that fails never stops the training."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rankspec.schema.annotations import is_semantic
from rankspec.schema.leaves import Leaf, leaves
from rankspec.trainer.folder import TENSORBOARD_FOLDER
from rankspec.trainer.weights_and_biases import WeightsAndBiases, is_reported

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
    from torch.utils.tensorboard import SummaryWriter

_TRAIN, _TIMING = "train", "timing"


class Tracker(Protocol):
    """Receives figures as they are reported."""

    def report(self, step: int, split: str, figures: dict[str, float]) -> None:
        """Takes the figures of one step and split, by name."""

    def close(self, *, failed: bool) -> None:
        """Brings everything to where it belongs, and takes note if the run ended with an error."""


# Values of a config that determine the function that is trained, by their paths.
Hyperparameters = dict[str, bool | int | float | str]


class TensorBoard:
    """Writes event files that TensorBoard reads: a folder for each split, with the same tags: curves overlay."""

    def __init__(self, folder: Path, first_step: int, hyperparameters: Hyperparameters) -> None:
        """Opens the folder; what an earlier process wrote of later steps is hidden."""
        # Imported here: it takes a while, and only the first process reports.
        from torch.utils.tensorboard import SummaryWriter

        self._folder = folder
        self._first_step = first_step
        whole = SummaryWriter(str(folder), purge_step=first_step)
        self._writers = {_TIMING: whole}
        self._on_others_errors = threading.excepthook
        threading.excepthook = self._on_error_in_thread
        for summary in _described(hyperparameters):
            whole._get_file_writer().add_summary(summary)  # noqa: SLF001 - torch's own form names metrics by their tags alone

    def report(self, step: int, split: str, figures: dict[str, float]) -> None:
        """Adds one scalar per figure, under its name; what `timing` has goes below `timing/`."""
        writer = self._writer(split)
        for name, value in figures.items():
            writer.add_scalar(f"{_TIMING}/{name}" if split == _TIMING else name, value, step)

    def _writer(self, split: str) -> SummaryWriter:
        from torch.utils.tensorboard import SummaryWriter

        if split not in self._writers:
            folder = self._folder / (split if split == _TRAIN else f"validation/{split}")
            self._writers[split] = SummaryWriter(str(folder), purge_step=self._first_step)
        return self._writers[split]

    def close(self, *, failed: bool) -> None:  # noqa: ARG002 - an event file has no place for it
        """Flushes and closes the event files."""
        for writer in self._writers.values():
            writer.close()
        threading.excepthook = self._on_others_errors

    def _on_error_in_thread(self, raised: threading.ExceptHookArgs) -> None:
        """Keeps the library's thread from printing a traceback: the next call here raises what it raised."""
        if not type(raised.thread).__module__.startswith("tensorboard."):
            self._on_others_errors(raised)


def _described(hyperparameters: Hyperparameters) -> tuple[Summary, Summary]:
    """What TensorBoard's page of hyperparameters goes by: which there are, beside which metric, and their values."""
    from tensorboard.plugins.hparams.summary_v2 import (  # type: ignore[import-untyped]
        HParam,
        Metric,
        hparams_config_pb,
        hparams_pb,
    )

    columns = [HParam(path) for path in hyperparameters]
    return (
        hparams_config_pb(hparams=columns, metrics=[Metric("loss", group=_TRAIN)]),
        hparams_pb(hyperparameters, trial_id="run"),
    )


def hyperparameters_of(config: Message) -> Hyperparameters:
    """The values of a resolved config that determine the trained function, those of data sets' names left out."""
    return {
        leaf.path: leaf.value
        for leaf in leaves(config)
        if not leaf.is_message and all(map(is_semantic, leaf.path.fields)) and not _names_data(leaf)
    }


def _names_data(leaf: Leaf) -> bool:
    """Whether a value is text of what is read: a name or a place, of which every run has its own."""
    return isinstance(leaf.value, str | bytes) and leaf.path.steps[0].name.endswith("_data")


Openers = dict[str, Callable[[], Tracker]]


def chosen_trackers(config: Any, folder: Path, step: int, say: Callable[[str], None]) -> Openers:
    """What opens the trackers of a run, by their names for people: TensorBoard always, others if the config says so.

    Args:
        config: the whole config.
        folder: the run's folder.
        step: optimizer steps done before; 0 for a run that begins.
        say: takes a line for people.
    """
    found = hyperparameters_of(config)
    openers: Openers = {"TensorBoard": lambda: TensorBoard(folder / TENSORBOARD_FOLDER, step + 1, found)}
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
