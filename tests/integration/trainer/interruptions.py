"""Ways to end a process that trains, at a moment that is known. Each is what a `Plan` calls."""

import errno
import os
import pkgutil
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from torch.optim.optimizer import register_optimizer_step_post_hook

from rankspec.trainer import checkpoint_writer, setup

# Never undone: the process that is hindered is there for nothing else.
_PATCH = pytest.MonkeyPatch()


def _path_of(descriptor: int) -> str:
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


def in_step(number: int, how: signal.Signals) -> None:
    """Sends a signal to the process when its optimizer has stepped so many times."""
    taken = []

    def count(*_: object) -> None:
        taken.append(True)
        if len(taken) == number:
            os.kill(os.getpid(), how)

    register_optimizer_step_post_hook(count)


def failing(place: str, number: int) -> None:
    """Lets the function of a dotted name raise an error of its own when it is called for so many times."""
    function = pkgutil.resolve_name(place)
    calls = []

    def watched(*arguments: object, **options: object) -> object:
        calls.append(True)
        if len(calls) == number:
            raise ValueError(f"{place} broke")
        return function(*arguments, **options)

    _PATCH.setattr(place, watched)


def before_manifest(step: int) -> None:
    """Kills the process when all of a checkpoint is written except what makes it whole."""
    write = checkpoint_writer.write_file

    def watched(folder: Path, name: str, data: bytes | memoryview) -> None:
        if name == "files.json" and folder.name == f".saving-{step}":
            os.kill(os.getpid(), signal.SIGKILL)
        write(folder, name, data)

    _PATCH.setattr(checkpoint_writer, "write_file", watched)


def while_tensors_are_written(step: int) -> None:
    """Kills the process in the middle of a file of tensors."""
    sync = os.fsync

    def watched(descriptor: int) -> None:
        if f".saving-{step}/" in _path_of(descriptor):
            os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        sync(descriptor)

    _PATCH.setattr(os, "fsync", watched)


def after_rename(step: int) -> None:
    """Kills the process when a checkpoint has just got its name, and older ones are not deleted yet."""
    commit = checkpoint_writer.CheckpointWriter._commit

    def watched(writer: checkpoint_writer.CheckpointWriter, number: int, *rest: object) -> None:
        commit(writer, number, *rest)  # type: ignore[arg-type]
        if number == step:
            os.kill(os.getpid(), signal.SIGKILL)

    _PATCH.setattr(checkpoint_writer.CheckpointWriter, "_commit", watched)


def before_rotating(step: int) -> None:
    """Kills the process when it has told that an old checkpoint goes, and the checkpoint still has its name."""
    rename = Path.rename

    def watched(folder: Path, target: Path) -> Path:
        if target.name == f".removing-{step}":
            os.kill(os.getpid(), signal.SIGKILL)
        return rename(folder, target)

    _PATCH.setattr(Path, "rename", watched)


def while_rotating(step: int) -> None:
    """Kills the process when an old checkpoint has lost its name and still has its files."""
    remove = shutil.rmtree

    def watched(folder: Path) -> None:
        if Path(folder).name == f".removing-{step}":
            os.kill(os.getpid(), signal.SIGKILL)
        remove(folder)

    _PATCH.setattr(shutil, "rmtree", watched)


def disk_full_from(step: int) -> None:
    """Lets the disk be full as soon as tensors of this step's checkpoint are brought to it."""
    sync = os.fsync

    def watched(descriptor: int) -> None:
        if f".saving-{step}/" in _path_of(descriptor):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    _PATCH.setattr(os, "fsync", watched)


def asked_in_evaluation() -> None:
    """Asks the process to end while it evaluates for the first time."""
    evaluate = setup.evaluate_rows

    def watched(*arguments: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        evaluate(*arguments)

    _PATCH.setattr(setup, "evaluate_rows", watched)


def asked_twice(step: int, number: signal.Signals = signal.SIGTERM) -> None:
    """Asks the process to end in a step, and again while that step's checkpoint is written."""
    in_step(step, number)
    sync = os.fsync

    def watched(descriptor: int) -> None:
        if f".saving-{step}/" in _path_of(descriptor):
            os.kill(os.getpid(), number)
        sync(descriptor)

    _PATCH.setattr(os, "fsync", watched)
