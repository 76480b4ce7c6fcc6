"""The files a run reports into: `metrics.jsonl` and `timing.jsonl`, one JSON object a line."""

import json
import math
import os
from pathlib import Path


class Journal:
    """An append-only file of JSON lines that can be taken back to an earlier end.

    A run that resumes repeats the steps after its checkpoint, so what the file says of them must go first; then no
    step stands there twice and none is missing.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file, keeping what it holds."""
        self._path = path
        self._file = path.open("ab")

    def append(self, record: dict) -> None:
        """Adds a line. Figures that are no number become null, since JSON has no other word for them."""
        plain = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in record.items()
        }
        self._file.write(json.dumps(plain).encode() + b"\n")
        self._file.flush()

    def sync(self) -> int:
        """Brings all lines to the disk and returns the file's size, where a later run may cut it off."""
        os.fsync(self._file.fileno())
        return self._file.tell()

    def cut(self, size: int) -> None:
        """Drops everything after the first `size` bytes."""
        self._file.truncate(size)
        self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        """Closes the file; what was appended stays."""
        self._file.close()


def read_journal(path: Path) -> list[dict]:
    """The records of a file; none if there is no such file. A last line cut short by a crash is left out."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line]
