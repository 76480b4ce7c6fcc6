"""The folder of an imported table: written under a name that no pattern matches, and renamed when it is whole."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rankspec.datasets.importing.errors import TableError

SCHEMA = "schema.json"
CONFIG = "config.textproto"
STATISTICS = "statistics.textproto"


@contextmanager
def beside(output: Path) -> Iterator[Path]:
    """A folder that becomes `output` if all goes well, and is removed if not.

    Raises:
        TableError: `output` is there already, or cannot be made.
    """
    check_free(output)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    except OSError as error:
        raise TableError(f"cannot write to {output}: {error.strerror or error}") from error
    try:
        yield folder
        # The folder of a temporary file is its maker's alone.
        mask = os.umask(0)
        os.umask(mask)
        folder.chmod(0o777 & ~mask)
        check_free(output)
        folder.rename(output)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def check_free(output: Path) -> None:
    """Makes sure that nothing would be written over; who makes a folder asks before reading what goes into it.

    Raises:
        TableError: there is something.
    """
    if os.path.lexists(output):
        raise TableError(f"{output} is there; name another folder, or move it away")


def write_schema(folder: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Writes a data set's schema file, an entry a line."""
    lines = ",\n  ".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    (folder / SCHEMA).write_text(f'{{"schema": [\n  {lines}\n]}}\n', encoding="utf-8")
