"""Keeps the writers of data sets from writing over somebody else's files: a marker beside the data lists their own."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# The name begins with a dot, so that no pattern of input files takes it for data.
MARKER_FILE = ".rankspec-data.json"
# In the marker in place of a hash: a writer was at work and did not come to its end.
_BEING_WRITTEN = "being written"


class ForeignFileError(ValueError):
    """Something that no writer of data sets left lies where one would write; it is untouched."""


@contextmanager
def writing_data(folder: Path, names: Iterable[str]) -> Iterator[None]:
    """Makes a folder, and marks what the context writes there as ours.

    Args:
        folder: where the data set goes.
        names: of the files that the context writes.

    Raises:
        ForeignFileError: one of them is there and is not as a writer left it; nothing has been written then.
    """
    names = list(names)
    marked = _marked(folder)
    for name in names:
        if os.path.lexists(folder / name) and not _is_own(folder / name, marked.get(name)):
            raise ForeignFileError(
                f"{folder / name} is there, and is not as `rankspec data` or `rankspec demo` wrote it; move it away, "
                "or choose another folder"
            )
    folder.mkdir(parents=True, exist_ok=True)
    _mark(folder, marked | dict.fromkeys(names, _BEING_WRITTEN))
    yield
    _mark(folder, marked | {name: _sha256(folder / name) for name in names if (folder / name).exists()})


def _is_own(path: Path, marked: str | None) -> bool:
    if marked is None or path.is_symlink() or not path.is_file():
        return False
    return marked in (_BEING_WRITTEN, _sha256(path))


def _marked(folder: Path) -> dict[str, str]:
    """The hash of every file that writers left in a folder, by its name; none if the marker does not tell."""
    try:
        marked = json.loads((folder / MARKER_FILE).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(of) for name, of in marked.items()} if isinstance(marked, dict) else {}


def _mark(folder: Path, marked: Mapping[str, str]) -> None:
    """Replaces the marker whole, so that nobody ever finds half of one."""
    beside = folder / f"{MARKER_FILE}-{os.getpid()}"
    beside.write_text(json.dumps(marked, indent=1) + "\n", encoding="utf-8")
    beside.replace(folder / MARKER_FILE)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
