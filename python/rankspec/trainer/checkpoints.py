"""Checkpoints: written beside the training loop, committed whole or not at all, verified before they are trusted.

`save_dir/<step>/` holds torch.distributed.checkpoint's own files, `state.json` with what is no tensor,
`resolved.textproto` and `files.json`, the sizes and hashes of all of them. A checkpoint is written under another name
and renamed once everything is on the disk, so a folder named by a number is complete; the hashes find what was damaged
later.
"""

import fcntl
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import distributed
from torch.distributed import checkpoint as dcp
from torch.distributed.checkpoint.staging import DefaultStager, StagingOptions

from rankspec.trainer.errors import TrainError
from rankspec.trainer.processes import Processes

# One process is the usual case here, not a mistake to warn about at every checkpoint.
warnings.filterwarnings("ignore", message="torch.distributed is disabled, unavailable or uninitialized")

_STATE = "state.json"
_CONFIG = "resolved.textproto"
_MANIFEST = "files.json"
_BEST = "best.json"


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
    def state(self) -> dict:
        """What was saved besides tensors."""
        return json.loads((self.folder / _STATE).read_text())

    @property
    def config_text(self) -> str:
        """The resolved config it was written under, as textproto."""
        return (self.folder / _CONFIG).read_text()

    def tensor_names(self) -> list[str]:
        """Names of all saved tensors, such as `model.towers.task_like.layers.0.weight`."""
        return sorted(dcp.FileSystemReader(self.folder).read_metadata().state_dict_metadata)

    def empty_tensors(self, prefix: str) -> dict[str, torch.Tensor]:
        """Uninitialised tensors of the saved shapes, by name, for the names that begin with a prefix."""
        saved = dcp.FileSystemReader(self.folder).read_metadata().state_dict_metadata
        return {
            name: torch.empty(entry.size, dtype=entry.properties.dtype)
            for name, entry in saved.items()
            if name.startswith(prefix)
        }

    def load(self, tensors: dict) -> None:
        """Reads saved values into the given tensors, in place. All of them must have been saved."""
        dcp.load(tensors, checkpoint_id=self.folder)

    def damage(self) -> str | None:
        """What is wrong with the files, or none if they are as they were written."""
        try:
            manifest = json.loads((self.folder / _MANIFEST).read_text())
            for name, expected in manifest.items():
                if _sha256(self.folder / name) != expected:
                    return f"{name} is not as it was written"
        except FileNotFoundError as error:
            return f"{Path(error.filename).name} is missing"
        except (OSError, ValueError, AttributeError) as error:
            return f"{_MANIFEST} cannot be read: {error}"
        return None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps the checkpoint from being deleted for the time of the context.

        Raises:
            FileNotFoundError: if it is gone already.
        """
        with (self.folder / _STATE).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield


def committed(folder: Path) -> list[Checkpoint]:
    """The committed checkpoints of a run, oldest first."""
    if not folder.is_dir():
        return []
    names = (entry.name for entry in folder.iterdir() if entry.is_dir())
    return [Checkpoint(step, folder / str(step)) for step in sorted(int(name) for name in names if name.isdecimal())]


def best_checkpoint(folder: Path) -> Checkpoint | None:
    """The checkpoint that a run keeps as its best, if it keeps one."""
    try:
        step = json.loads((folder / _BEST).read_text())["step"]
    except FileNotFoundError:
        return None
    return Checkpoint(step, folder / str(step))


def newest_usable(folder: Path, say: Callable[[str], None]) -> Checkpoint | None:
    """The newest checkpoint whose files are whole; says which newer ones are not."""
    for torn in sorted(folder.glob(".saving-*")) if folder.is_dir() else []:
        say(f"checkpoint {torn.name.removeprefix('.saving-')} was never finished; it is left out")
    for checkpoint in reversed(committed(folder)):
        damage = checkpoint.damage()
        if damage is None:
            return checkpoint
        say(f"checkpoint {checkpoint.step} is damaged ({damage}); falling back to the one before")
    return None


class CheckpointWriter:
    """Writes checkpoints of one run, one at a time, beside the loop."""

    def __init__(self, folder: Path, max_to_keep: int | None, processes: Processes) -> None:
        """Prepares to write.

        Args:
            folder: the run's folder, which exists.
            max_to_keep: newest checkpoints to keep; none keeps all.
            processes: the processes that write together, each its share.
        """
        self._folder = folder
        self._max_to_keep = max_to_keep
        self._processes = processes
        self._pending: Future | None = None
        self._pending_step = 0
        # A group of its own: the writer's messages must not mix with those of the training step.
        self._group = distributed.new_group(backend="gloo") if processes.world_size > 1 else None
        if processes.is_first:
            for torn in folder.glob(".*-*"):
                if torn.is_dir():
                    shutil.rmtree(torn)

    def save(self, step: int, tensors: dict, state: dict, config_text: str, *, is_best: bool = False) -> None:
        """Starts to write a checkpoint; returns once the values are copied, so they may change at once.

        Args:
            step: optimizer steps done.
            tensors: nested dictionaries of tensors.
            state: anything else, as JSON.
            config_text: the resolved config.
            is_best: whether to keep this one until a better comes, however old it gets.

        Raises:
            TrainError: if this checkpoint or the one before could not be written; those committed are untouched.
        """
        self.wait()
        target = self._folder / f".saving-{step}"
        try:
            target.mkdir(exist_ok=True)
            self._pending_step = step
            upload = dcp.async_save(
                tensors,
                checkpoint_id=target,
                process_group=self._group,
                # Staged before the call returns: what is staged later can already be the next step's values.
                async_stager=DefaultStager(StagingOptions(False, False, False, False)),
            )
        except OSError as error:
            raise self._failure(error) from error
        self._pending = self._then(upload, lambda: self._commit(step, target, state, config_text, is_best=is_best))

    def _then(self, upload: Future, commit: Callable[[], None]) -> Future:
        """A future that is done when the upload is and, on the first process, committed."""
        done: Future = Future()

        def finish(finished: Future) -> None:
            try:
                finished.result()
                if self._processes.is_first:
                    commit()
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits, whatever it is
                done.set_exception(error)
            else:
                done.set_result(None)

        upload.add_done_callback(finish)
        return done

    def wait(self) -> None:
        """Waits until the checkpoint under way is committed.

        Raises:
            TrainError: if it could not be written.
        """
        if self._pending is None:
            return
        pending, self._pending = self._pending, None
        try:
            pending.result()
        except Exception as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> TrainError:
        if self._processes.is_first:
            shutil.rmtree(self._folder / f".saving-{self._pending_step}", ignore_errors=True)
        cause: BaseException = error
        while not isinstance(cause, OSError) and (cause.__cause__ or cause.__context__):
            cause = cause.__cause__ or cause.__context__
        return TrainError(
            f"checkpoint {self._pending_step} could not be written to {self._folder}: {cause}; "
            "the checkpoints before it are whole, and the same command goes on from the newest",
            "training.save_dir",
        )

    def _commit(self, step: int, written: Path, state: dict, config_text: str, *, is_best: bool) -> None:
        _write_durably(written / _STATE, json.dumps(state))
        _write_durably(written / _CONFIG, config_text)
        manifest = {path.name: _sha256(path) for path in sorted(written.iterdir())}
        _write_durably(written / _MANIFEST, json.dumps(manifest, indent=1))
        _sync(written)
        final = self._folder / str(step)
        if final.exists():
            # A damaged checkpoint that the run fell back from, or one that a forced restart repeats.
            replaced = self._folder / f".replaced-{step}"
            final.rename(replaced)
            written.rename(final)
            shutil.rmtree(replaced)
        else:
            written.rename(final)
        if is_best:
            _write_durably(self._folder / f"{_BEST}.new", json.dumps({"step": step}))
            (self._folder / f"{_BEST}.new").replace(self._folder / _BEST)
        _sync(self._folder)
        self._rotate()

    def _rotate(self) -> None:
        if self._max_to_keep is None:
            return
        best = best_checkpoint(self._folder)
        for old in committed(self._folder)[: -self._max_to_keep]:
            if old == best:
                continue
            with (old.folder / _STATE).open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # It is being evaluated; the next rotation takes it.
                removed = self._folder / f".removing-{old.step}"
                old.folder.rename(removed)
            shutil.rmtree(removed)


def _write_durably(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
