"""What is written to the disk itself, and under its name only once it is whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staged(folder: Path, *, remedy: str = "name another place") -> Iterator[Path]:
    """Yields a new folder beside another's place, which gets its name when the context ends well, and goes if not.

    Args:
        folder: the place.
        remedy: what to do if there is something already.

    Raises:
        FileExistsError: there is something already.
        OSError: it cannot be written.
    """
    refuse_existing(folder, remedy)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".writing-{folder.name}-{os.getpid()}")
    beside.mkdir()
    try:
        yield beside
        sync_folder(beside)
        refuse_existing(folder, remedy)
        beside.rename(folder)
        sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def refuse_existing(folder: Path, remedy: str) -> None:
    """Raises FileExistsError, with what to do about it, if something is there already."""
    if os.path.lexists(folder):
        raise FileExistsError(f"{folder} is there; {remedy}, or move it away")


def write_file(folder: Path, name: str, data: bytes | memoryview) -> None:
    """Writes a file that is not there yet, to the disk."""
    with (folder / name).open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Has the names in a folder on the disk."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
