"""The folder a run writes: what lies there besides checkpoints and figures."""

import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import google.protobuf
import torch

from rankspec.home import expanded
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.recap.v1.training_pb2 import TrainingConfig
from rankspec.trainer.claims import obeys
from rankspec.trainer.errors import TrainError, writing
from rankspec.trainer.runtime import Runtime
from rankspec.writing import to_textproto


@obeys(TrainingConfig, "save_dir")
def prepare_folder(config: TrainingConfig) -> Path:
    """Makes the run's folder, and makes sure that it can be written.

    Raises:
        TrainError: if it cannot.
    """
    folder = Path(expanded(config.save_dir, "training.save_dir"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        # On a disk that machines share, another process of this number may have been quicker.
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise TrainError(
            f"{folder} cannot be written ({error.strerror}); free it or choose another save_dir", "training.save_dir"
        ) from error
    return folder


@contextmanager
def sole_writer(folder: Path, *, doing: str = "training into") -> Iterator[None]:
    """Makes sure that no other process does the same with the folder for the time of the context.

    The system lets go of the lock when the process ends, however it ends.

    Raises:
        TrainError: if another process does.
    """
    path = folder / f".lock-{doing.partition(' ')[0]}"
    with writing(path):
        file = path.open("a")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainError(
                f"another process is {doing} {folder}; wait for its end, or choose another save_dir",
                "training.save_dir",
            ) from error
        yield


def write_facts(folder: Path, facts: dict[str, object]) -> None:
    """Writes `run.json`: what is known of a run before its first step, and with what it was made."""
    versions = {
        "rankspec": version("rankspec"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "protobuf": google.protobuf.__version__,
    }
    path = folder / "run.json"
    with writing(path):
        path.write_text(json.dumps({**facts, "versions": versions}, indent=2) + "\n")


def write_configs(folder: Path, text: str, config: RecapConfig, runtime: Runtime) -> None:
    """Writes `resolved.textproto`, what was asked for, and `applied.textproto`, what took effect."""
    applied = RecapConfig()
    applied.CopyFrom(config)
    applied.runtime.CopyFrom(runtime.applied)
    notes = {note.partition(":")[0]: note for note in runtime.notes}
    with writing(folder):
        (folder / "resolved.textproto").write_text(text)
        (folder / "applied.textproto").write_text(to_textproto(applied, notes.get))
