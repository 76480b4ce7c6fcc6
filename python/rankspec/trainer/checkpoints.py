"""Checkpoints as they lie on the disk: which there are, whether they are whole, and what they hold.

`save_dir/<step>/` holds torch.distributed.checkpoint's own files, `state.json` with what is no tensor,
`resolved.textproto` and `files.json`, the hashes of all of them. A checkpoint is written under another name and renamed
once everything is on the disk, so a folder named by a number is complete; the hashes find what was damaged later.
"""

import fcntl
import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import Metadata, TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load

from rankspec.trainer.errors import TrainError

# One process is the usual case here, not a mistake to warn about at every checkpoint.
warnings.filterwarnings("ignore", message="torch.distributed is disabled, unavailable or uninitialized")

STATE_FILE = "state.json"
CONFIG_FILE = "resolved.textproto"
MANIFEST_FILE = "files.json"
_ALWAYS_THERE = {STATE_FILE, CONFIG_FILE, ".metadata"}


@dataclass(frozen=True)
class Checkpoint:
    """A committed checkpoint.

    Attributes:
        step: optimizer steps done when it was written.
        folder: where it lies.
    """

    step: int
    folder: Path

    @property
    def state(self) -> dict[str, Any]:
        """What was saved besides tensors."""
        state: dict[str, Any] = json.loads((self.folder / STATE_FILE).read_text())
        return state

    @property
    def config_file(self) -> Path:
        """The resolved config it was written under, as textproto."""
        return self.folder / CONFIG_FILE

    def tensor_names(self) -> list[str]:
        """Names of all saved tensors, such as `model.towers.task_like.layers.0.weight`."""
        return sorted(self._metadata().state_dict_metadata)

    def empty_tensors(self, prefix: str) -> dict[str, torch.Tensor]:
        """Uninitialised tensors of the saved shapes, by name, for the names that begin with a prefix."""
        return {
            name: torch.empty(entry.size, dtype=entry.properties.dtype)
            for name, entry in self._metadata().state_dict_metadata.items()
            if name.startswith(prefix) and isinstance(entry, TensorStorageMetadata)
        }

    def _metadata(self) -> Metadata:
        return FileSystemReader(self.folder).read_metadata()

    def load(self, tensors: dict[str, torch.Tensor]) -> None:
        """Reads saved values into the given tensors, in place. All of them must have been saved.

        Raises:
            TrainError: if they cannot be read.
        """
        try:
            load(tensors, checkpoint_id=self.folder)
        except CheckpointException as error:
            raise TrainError(f"{self.folder} cannot be read: {root_cause(error)}", "training.save_dir") from error

    def damage(self) -> str | None:
        """What is wrong with the files, or none if they are as they were written."""
        try:
            manifest = json.loads((self.folder / MANIFEST_FILE).read_text())
            if missing := _ALWAYS_THERE - manifest.keys():
                return f"{MANIFEST_FILE} does not list {min(missing)}"
            for name, expected in manifest.items():
                if sha256(self.folder / name) != expected:
                    return f"{name} is not as it was written"
        except FileNotFoundError as error:
            return f"{Path(error.filename).name} is missing"
        except (OSError, ValueError, AttributeError) as error:
            return f"{MANIFEST_FILE} cannot be read: {error}"
        return None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps the checkpoint from being deleted for the time of the context.

        Raises:
            FileNotFoundError: if it is gone already.
        """
        with (self.folder / STATE_FILE).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            # Deleting begins with renaming: what was opened may be somewhere else by now.
            (self.folder / STATE_FILE).stat()
            yield


def committed(folder: Path) -> list[Checkpoint]:
    """The committed checkpoints of a run, oldest first."""
    if not folder.is_dir():
        return []
    names = (entry.name for entry in folder.iterdir() if entry.is_dir())
    # A name such as 0040 is none that a checkpoint gets.
    steps = sorted(int(name) for name in names if name.isdecimal() and name == str(int(name)))
    return [Checkpoint(step, folder / str(step)) for step in steps]


def best_checkpoint(folder: Path) -> Checkpoint | None:
    """The checkpoint that a run keeps as its best so far, if it keeps one: the newest knows which it is."""
    there = {checkpoint.step: checkpoint for checkpoint in committed(folder)}
    if not there:
        return None
    return there.get(there[max(there)].state["best"]["step"])


def newest_usable(folder: Path, say: Callable[[str], None]) -> Checkpoint | None:
    """The newest checkpoint whose files are whole; says which newer ones are not, and if none is."""
    for torn in sorted(folder.glob(".saving-*/")) if folder.is_dir() else []:
        say(f"checkpoint {torn.name.removeprefix('.saving-')} was never finished; it is left out")
    found = committed(folder)
    for checkpoint in reversed(found):
        damage = checkpoint.damage()
        if damage is None:
            return checkpoint
        is_last = checkpoint == found[0]
        say(
            f"checkpoint {checkpoint.step} is damaged ({damage}); "
            + ("there is none before it, so the run begins anew" if is_last else "falling back to the one before")
        )
    return None


def root_cause(error: BaseException) -> str:
    """What went wrong in the end, in a few words: torch wraps the system's answer in several layers."""
    while True:
        if isinstance(error, CheckpointException) and error.failures:
            inner: BaseException | None = next(iter(error.failures.values()))[0]
        else:
            inner = None if isinstance(error, OSError) else error.__cause__ or error.__context__
        if inner is None:
            break
        error = inner
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
