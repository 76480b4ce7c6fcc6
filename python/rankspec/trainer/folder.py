"""The folder a run writes: what lies there besides checkpoints and figures."""

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import google.protobuf
import torch
from filelock import FileLock, Timeout
from google.protobuf.message import Message

from rankspec.formats.writing import to_textproto
from rankspec.trainer.best_link import BEST_LINK, is_best_link
from rankspec.trainer.checkpoints import COMMITTED_FILE, CONFIG_FILE, ROTATED_FILE, committed, read_json, unfinished
from rankspec.trainer.errors import TrainError, is_passing, writing
from rankspec.trainer.runtime import Runtime
from rankspec.trainer.status import STATUS_FILE

FACTS_FILE = "run.json"
APPLIED_FILE = "applied.textproto"
METRICS_FILE = "metrics.jsonl"
TIMING_FILE = "timing.jsonl"
EVALUATION_FILE = "evaluation.jsonl"
# The scored rows of each validation set: of its last evaluation by `train`, and by `evaluate`, which may run beside it.
# A hidden name, so that a pattern of input files does not take them.
SCORES_FOLDER = "_scores"
EVALUATION_SCORES_FOLDER = f"{SCORES_FOLDER}/evaluation"
# The figures that `rankspec demo` compares.
DEMO_FILE = "demo.json"
TENSORBOARD_FOLDER = "tensorboard"
WANDB_FOLDER = "wandb"
# Which of a Weights & Biases server's runs the folder's is.
RUN_ID_FILE = "wandb-run-id"
# What a run writes besides checkpoints, in the order in which `set_aside` moves it.
_OWN_NAMES = (
    METRICS_FILE,
    TIMING_FILE,
    EVALUATION_FILE,
    SCORES_FOLDER,
    DEMO_FILE,
    TENSORBOARD_FOLDER,
    WANDB_FOLDER,
    RUN_ID_FILE,
    APPLIED_FILE,
    CONFIG_FILE,
    FACTS_FILE,
    STATUS_FILE,
    ROTATED_FILE,
    COMMITTED_FILE,
)
# What a run that begins writes over; a status and facts in a run's own form tell that the rest is a run's too.
_WRITTEN_OVER = (
    *(METRICS_FILE, TIMING_FILE, APPLIED_FILE, CONFIG_FILE, FACTS_FILE, STATUS_FILE, RUN_ID_FILE),
    SCORES_FOLDER,
)


def prepare_folder(folder: Path) -> None:
    """Makes a run's folder, and makes sure that it can be written.

    Raises:
        TrainError: if it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        # On a disk that machines share, another process of this number may have been quicker.
        probe.unlink(missing_ok=True)
    except OSError as error:
        reason = "it is no folder" if isinstance(error, FileExistsError) else error.strerror
        raise TrainError(
            f"{folder} cannot be written ({reason}); free it or choose another save_dir",
            "training.save_dir",
            restart_helps=is_passing(error),
        ) from error


def refuse_foreign_files(folder: Path) -> None:
    """Makes sure that nothing is written over which a run did not write: files of a run's names where none has been.

    Raises:
        TrainError: there is such a file, not empty.
    """
    if _is_of_a_run(folder):
        return
    for name in _WRITTEN_OVER:
        path = folder / name
        if path.is_symlink() or (path.exists() and (path.is_dir() or path.stat().st_size > 0)):
            raise TrainError(
                f"{path} was not written by a run, which would write its own over it; move it away, or choose another "
                "save_dir",
                "training.save_dir",
            )


def _is_of_a_run(folder: Path) -> bool:
    if any(os.path.lexists(folder / name) for name in (COMMITTED_FILE, ROTATED_FILE)) or committed(folder):
        return True
    return _has_keys(folder / STATUS_FILE, "heartbeat", "last_step") or _has_keys(folder / FACTS_FILE, "fingerprint")


def _has_keys(path: Path, *keys: str) -> bool:
    """Whether a file is a JSON object with such keys."""
    try:
        value = read_json(path)
    except (OSError, ValueError):
        return False
    return isinstance(value, dict) and value.keys() >= set(keys)


def set_aside(folder: Path) -> Path | None:
    """Moves what runs wrote into the folder to one inside it, `set-aside-<n>`; anything else stays where it is.

    Checkpoints go first: were this interrupted, what is left is not taken for a run that has none yet.

    Returns:
        Where it is now; none if there was nothing.

    Raises:
        TrainError: if it cannot be moved.
    """
    names = [checkpoint.folder.name for checkpoint in reversed(committed(folder))]
    names += [path.name for path in unfinished(folder)]
    names += [BEST_LINK] if is_best_link(folder / BEST_LINK) else []
    names += [name for name in _OWN_NAMES if os.path.lexists(folder / name)]
    if not names:
        return None
    place = next(place for number in count(1) if not os.path.lexists(place := folder / f"set-aside-{number}"))
    with writing(folder):
        place.mkdir()
        for name in names:
            (folder / name).rename(place / name)
    return place


@contextmanager
def sole_writer(folder: Path, *, doing: str = "training into") -> Iterator[None]:
    """Makes sure that no other process does the same with the folder for the time of the context.

    The system lets go of the lock when the process ends, however it ends.

    Raises:
        TrainError: if another process does.
    """
    path = folder / f".lock-{doing.partition(' ')[0]}"
    lock = FileLock(path, blocking=False)
    with writing(path):
        try:
            lock.acquire()
        except Timeout as error:
            raise TrainError(
                f"another process is {doing} {folder}; wait for its end, or choose another save_dir",
                "training.save_dir",
                restart_helps=True,
            ) from error
    try:
        yield
    finally:
        lock.release()


def write_facts(folder: Path, facts: dict[str, object]) -> None:
    """Writes `run.json`: what is known of a run before its first step, and with what it was made."""
    versions = {
        "rankspec": version("rankspec"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "protobuf": google.protobuf.__version__,
    }
    path = folder / FACTS_FILE
    with writing(path):
        path.write_text(json.dumps({**facts, "versions": versions}, indent=2) + "\n")


def write_configs(folder: Path, text: str, config: Message, runtime: Runtime) -> None:
    """Writes `resolved.textproto`, what was asked for, and `applied.textproto`, what took effect."""
    applied: Any = type(config)()
    applied.CopyFrom(config)
    applied.runtime.CopyFrom(runtime.applied)
    notes = {note.partition(":")[0]: note for note in runtime.notes}
    with writing(folder):
        (folder / CONFIG_FILE).write_text(text)
        (folder / APPLIED_FILE).write_text(to_textproto(applied, notes.get))
