"""The files a run reports into: `metrics.jsonl` and `timing.jsonl`, one JSON object a line."""

import json
import math
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rankspec.trainer.errors import TrainError, writing


class Journal(AbstractContextManager["Journal"]):
    """An append-only file of JSON lines that can be taken back to an earlier end.

    A run that resumes repeats the steps after its checkpoint, so what the file says of them must go first; then no
    step stands there twice and none is missing.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file, keeping what it holds, except for a last line that a crash cut short.

        Raises:
            TrainError: here and in all that follows, if the disk does not take what is written.
        """
        self._path = path
        with writing(path):
            self._file = path.open("ab")
            self.cut(path.read_bytes().rfind(b"\n") + 1)

    def append(self, record: dict[str, Any]) -> None:
        """Adds a line. Figures that are no number become null, since JSON has no other word for them."""
        plain = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in record.items()
        }
        with writing(self._path):
            self._file.write(json.dumps(plain).encode() + b"\n")
            self._file.flush()

    def sync(self) -> int:
        """Brings all lines to the disk and returns the file's size, where a later run may cut it off."""
        with writing(self._path):
            os.fsync(self._file.fileno())
        return self._file.tell()

    def cut(self, size: int) -> bool:
        """Drops everything after the first `size` bytes; returns whether there were that many."""
        there = self._file.seek(0, os.SEEK_END)
        with writing(self._path):
            # Never longer than it is: that would fill it up with zeros.
            self._file.truncate(min(size, there))
        self._file.seek(0, os.SEEK_END)
        return there >= size

    def close(self) -> None:
        """Closes the file; what was appended stays."""
        with writing(self._path):
            self._file.close()

    def __exit__(self, *_error: object) -> None:
        self.close()


def read_journal(path: Path, **fields: type) -> list[dict[str, Any]]:
    """The records of a file; none if there is no such file. A last line cut short by a crash is left out.

    Args:
        path: the file.
        fields: what every record has, and of which type.

    Raises:
        TrainError: if another line is damaged.
    """
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    return [_record(path, number, line, fields) for number, line in enumerate(lines[:-1], 1)]


def _record(path: Path, number: int, line: bytes, fields: Mapping[str, type]) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(line)
        is_whole = all(type(record[name]) is kind for name, kind in fields.items())
    except (ValueError, TypeError, LookupError, RecursionError):
        is_whole = False
    if not is_whole:
        raise TrainError(f"{path}, line {number}, is not as it was written; delete the line", "training.save_dir")
    return record
