"""The folder of an imported table: written under a name that no pattern matches, and renamed when it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rankspec.datasets.importing.errors import TableError
from rankspec.files.durable import refuse_existing, staged

SCHEMA = "schema.json"
CONFIG = "config.textproto"
STATISTICS = "statistics.textproto"
_REMEDY = "name another folder"


@contextmanager
def beside(output: Path) -> Iterator[Path]:
    """A folder that becomes `output` if all goes well, and is removed if not.

    Raises:
        TableError: `output` is there already, or cannot be made.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(staged(output, remedy=_REMEDY))
        except FileExistsError as error:
            raise TableError(str(error)) from error
        except OSError as error:
            raise TableError(f"cannot write to {output}: {error.strerror or error}") from error
        yield folder


def check_free(output: Path) -> None:
    """Makes sure that nothing would be written over; who makes a folder asks before reading what goes into it.

    Raises:
        TableError: there is something.
    """
    try:
        refuse_existing(output, _REMEDY)
    except FileExistsError as error:
        raise TableError(str(error)) from error


def write_schema(folder: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Writes a data set's schema file, an entry a line."""
    lines = ",\n  ".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    (folder / SCHEMA).write_text(f'{{"schema": [\n  {lines}\n]}}\n', encoding="utf-8")
