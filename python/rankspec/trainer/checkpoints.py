"""Checkpoints as they lie on the disk: which there are, whether they are whole, and what they hold.

`save_dir/<step>/` holds torch.distributed.checkpoint's own files, `state.json` with what is no tensor,
`resolved.textproto` and `files.json`, the manifest: the hashes of all of them. A checkpoint is written under another
name and renamed once everything is on the disk, so one that is named by a number is complete; the hashes find what was
damaged later. A folder without a manifest is somebody else's, whatever its name.

Nothing that is read here can name code: see `checkpoint_index` for the one file whose format could.
"""

import fcntl
import hashlib
import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.metadata import Metadata, TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load

from rankspec.trainer.checkpoint_index import INDEX_FILE, IndexReader, UnsafeIndexError, read_index
from rankspec.trainer.errors import TrainError
from rankspec.trainer.journal import read_journal

# One process is the usual case here, not a mistake to warn about at every checkpoint.
warnings.filterwarnings("ignore", message="torch.distributed is disabled, unavailable or uninitialized")

STATE_FILE = "state.json"
CONFIG_FILE = "resolved.textproto"
MANIFEST_FILE = "files.json"
# Steps whose checkpoints were committed, and those whose were deleted to make room, a line each.
COMMITTED_FILE = "committed.jsonl"
ROTATED_FILE = "rotated.jsonl"
_ALWAYS_THERE = {STATE_FILE, CONFIG_FILE, INDEX_FILE}
_MAX_JSON_BYTES = 1 << 26
_STATE_TYPES = {
    "step": int,
    "window": dict,
    "best": dict,
    "scaler": dict,
    "metrics_bytes": int,
    "feature_signature": str,
    "inputs": list,
}
_HASH = re.compile("[0-9a-f]{64}")
_UNFINISHED = re.compile(r"\.(saving|removing)-\d+(\.\d+)?")


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
        """What was saved besides tensors.

        Raises:
            TrainError: if it is not what a run writes.
        """
        with self.interpreting(STATE_FILE):
            state: dict[str, Any] = read_json(self.folder / STATE_FILE)
            for name, kind in _STATE_TYPES.items():
                if not isinstance(state[name], kind):
                    raise TypeError(f"{name} is a {type(state[name]).__name__}")
            best = state["best"]["step"]
            if not (best is None or isinstance(best, int)) or min(state["step"], state["metrics_bytes"], best or 0) < 0:
                raise ValueError("a step or a size is no count")
            if state["step"] != self.step:
                raise ValueError(f"it is of step {state['step']}, and the folder was renamed to {self.step}")
            return state

    @property
    def config_file(self) -> Path:
        """The resolved config it was written under, as textproto."""
        return self.folder / CONFIG_FILE

    def empty_tensors(self, prefix: str) -> dict[str, torch.Tensor]:
        """Uninitialised tensors of the saved shapes, by name, for the names that begin with a prefix."""
        return {
            name: torch.empty(entry.size, dtype=entry.properties.dtype)
            for name, entry in self._index().state_dict_metadata.items()
            if name.startswith(prefix) and isinstance(entry, TensorStorageMetadata)
        }

    def _index(self) -> Metadata:
        with self._reading():
            return read_index(self.folder, self._sizes())

    def _sizes(self) -> dict[str, int]:
        return {name: (self.folder / name).stat().st_size for name in self.manifest()}

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Tells why the checkpoint cannot be read if the context cannot.

        Raises:
            TrainError: with the reason.
        """
        try:
            yield
        except (OSError, ValueError, CheckpointException) as error:
            cause = root_cause(error)
            if isinstance(cause, UnsafeIndexError):
                raise TrainError(
                    f"{self.folder} is not loaded: {cause}; it was made or changed by something else than a run",
                    "training.save_dir",
                    code="checkpoint.unsafe",
                ) from error
            raise TrainError(
                f"{self.folder} cannot be read: {in_words(cause)}", "training.save_dir", code="checkpoint.damaged"
            ) from error

    def load(self, tensors: dict[str, torch.Tensor]) -> None:
        """Reads saved values into the given tensors, in place. All of them must have been saved.

        Raises:
            TrainError: if they cannot be read.
        """
        index = self._index()
        with self._reading():
            load(tensors, storage_reader=IndexReader(self.folder, index))

    @contextmanager
    def interpreting(self, name: str) -> Iterator[None]:
        """Tells that one of the files is not what a run writes if the context trips over what it holds.

        Raises:
            TrainError: with the file's name and what about it is odd.
        """
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
            raise TrainError(
                f"{self.folder / name} is not what a run writes ({type(error).__name__}: {error}); go back to another "
                "checkpoint",
                "training.save_dir",
                code="checkpoint.damaged",
            ) from error

    def manifest(self) -> dict[str, str]:
        """The SHA-256 of every file of the checkpoint, by its name.

        Raises:
            OSError: if it cannot be read.
            ValueError: if it is no manifest.
        """
        manifest = read_json(self.folder / MANIFEST_FILE)
        if not _is_manifest(manifest):
            raise ValueError("it is no list of files and their hashes")
        checked: dict[str, str] = manifest
        return checked

    def damage(self) -> str | None:
        """What is wrong with the files, or none if they are as they were written."""
        try:
            manifest = self.manifest()
            if missing := _ALWAYS_THERE - manifest.keys():
                return f"{MANIFEST_FILE} does not list {min(missing)}"
            for name, expected in manifest.items():
                if (self.folder / name).exists() and not (self.folder / name).is_file():
                    return f"{name} is no plain file"
                if sha256(self.folder / name) != expected:
                    return f"{name} is not as it was written"
        except FileNotFoundError as error:
            return f"{Path(error.filename).name} is missing"
        except OSError as error:
            return f"{Path(error.filename or MANIFEST_FILE).name} cannot be read: {error.strerror or error}"
        except ValueError as error:
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
    """The committed checkpoints of a run, oldest first: folders named by a step that carry a manifest."""
    return [checkpoint for checkpoint in _named_by_steps(folder) if _has_manifest(checkpoint.folder)]


def strangers(folder: Path) -> list[Checkpoint]:
    """What is named as a checkpoint in a run's folder and is none, by the steps of the names."""
    return [named for named in _named_by_steps(folder) if not _has_manifest(named.folder)]


def unfinished(folder: Path) -> list[Path]:
    """Folders of checkpoints that were being written or deleted when a run ended, by their names."""
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in there if _UNFINISHED.fullmatch(path.name) and path.is_dir()]


def _named_by_steps(folder: Path) -> list[Checkpoint]:
    if not folder.is_dir():
        return []
    names = [entry.name for entry in folder.iterdir()]
    # A name such as 0040 is none that a checkpoint gets; and no number of steps has more than 19 digits.
    steps = sorted(int(name) for name in names if re.fullmatch("0|[1-9][0-9]{0,18}", name))
    return [Checkpoint(step, folder / str(step)) for step in steps]


def _has_manifest(folder: Path) -> bool:
    """Whether a folder carries a checkpoint's manifest: a damaged one counts, one of another form is not ours."""
    path = folder / MANIFEST_FILE
    if not path.is_file():
        return False
    try:
        manifest = read_json(path)
    except (OSError, ValueError):
        return True
    return _is_manifest(manifest) or _was_manifest(manifest)


def _was_manifest(value: Any) -> bool:
    """Whether JSON lists what every checkpoint has, but for one name: a changed byte spoils no more than one."""
    return isinstance(value, dict) and len(_ALWAYS_THERE & value.keys()) >= len(_ALWAYS_THERE) - 1


def _is_manifest(value: Any) -> bool:
    return isinstance(value, dict) and all(
        Path(name).name == name and isinstance(hashed, str) and _HASH.fullmatch(hashed)
        for name, hashed in value.items()
    )


def best_checkpoint(folder: Path) -> Checkpoint | None:
    """The checkpoint that a run keeps as its best so far, if it keeps one: the newest that can be read knows it."""
    there = {checkpoint.step: checkpoint for checkpoint in committed(folder)}
    for step in sorted(there, reverse=True):
        try:
            return there.get(there[step].state["best"]["step"])
        except (OSError, TrainError):
            continue  # Damaged, or deleted for a newer one since.
    return None


@dataclass(frozen=True)
class Findings:
    """What lies in a run's folder to go on from.

    Attributes:
        usable: the newest checkpoint whose files are whole, if there is one.
        damaged: the newer ones, newest first, with what is wrong with each.
        unfinished: names of folders that were being written when a run ended.
        strange: names that a checkpoint could have, of what is none.
    """

    usable: Checkpoint | None
    damaged: list[tuple[Checkpoint, str]]
    unfinished: list[str]
    strange: list[str]

    def lines(self) -> Iterator[str]:
        """What there is to say of it."""
        for name in self.unfinished:
            yield f"checkpoint {name.removeprefix('.saving-')} was never finished; it is left out"
        for name in self.strange:
            yield f"{name} is no checkpoint, as it has no {MANIFEST_FILE} of a run; it is left alone"
        for checkpoint, damage in self.damaged if self.usable else []:
            yield f"checkpoint {checkpoint.step} is damaged ({damage}); falling back to the one before"


def find_checkpoints(folder: Path) -> Findings:
    """Looks for the checkpoint to go on from.

    Raises:
        TrainError: if checkpoints had been committed and none of them is whole, or there at all.
    """
    usable, damaged = None, []
    for checkpoint in reversed(committed(folder)):
        damage = checkpoint.damage()
        if damage is None:
            usable = checkpoint
            break
        damaged.append((checkpoint, damage))
    torn = [path.name for path in unfinished(folder) if path.name.startswith(".saving-")]
    found = Findings(usable, damaged, torn, [named.folder.name for named in strangers(folder)])
    if usable is None and (damaged or _had_checkpoints(folder)):
        raise _none_is_whole(folder, found)
    return found


def _had_checkpoints(folder: Path) -> bool:
    return any(read_journal(folder / name, step=int) for name in (COMMITTED_FILE, ROTATED_FILE))


def _none_is_whole(folder: Path, found: Findings) -> TrainError:
    reasons = [f"{checkpoint.step} ({damage})" for checkpoint, damage in found.damaged]
    what = f"none of its checkpoints is whole: {', '.join(reasons)}" if reasons else "its checkpoints are gone"
    hint = "; a copy takes names that begin with a dot too (`cp -a`)" if INDEX_FILE in str(reasons) else ""
    return TrainError(
        f"{folder} was trained before, and {what}; bring back what is missing{hint}, or begin anew with --restart, "
        "which sets aside what is there",
        "training.save_dir",
        code="checkpoint.damaged",
    )


def root_cause(error: BaseException) -> BaseException:
    """What went wrong in the end: torch wraps the system's answer in several layers."""
    while True:
        if isinstance(error, CheckpointException) and error.failures:
            inner: BaseException | None = next(iter(error.failures.values()))[0]
        else:
            inner = None if isinstance(error, OSError | UnsafeIndexError) else error.__cause__ or error.__context__
        if inner is None:
            return error
        error = inner


def in_words(error: BaseException) -> str:
    """What went wrong in the end, in a few words."""
    error = root_cause(error)
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: Path) -> Any:
    """Reads a JSON file of a bounded size.

    Raises:
        ValueError: if it is none.
    """
    if path.exists() and not path.is_file():
        # A pipe or a device, which might have no end.
        raise ValueError(f"{path.name} is no plain file")
    with path.open("rb") as file:
        text = file.read(_MAX_JSON_BYTES + 1)
    if len(text) > _MAX_JSON_BYTES:
        raise ValueError(f"it is larger than {_MAX_JSON_BYTES} bytes")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
