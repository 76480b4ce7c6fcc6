"""What tells whether a data set is still the one that it was: its files by their ends, and its schema.

No times are part of it, and paths begin at the folder that the configuration names: data that was moved or copied is
the same data. A file whose pages were rewritten in place under the same end is not told from the one before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, TypedDict

from rankspec.trainer.data.source import FileIdentity, RowFile
from rankspec.trainer.inputs import Column

# Files that a message names before it counts the rest.
_NAMED = 3


class Identity(TypedDict):
    """A data set's identity, as JSON has it.

    Attributes:
        files: for each file, by its path below the data set's folder: bytes, rows, and SHA-256 of its end.
        schema: SHA-256 of what the schema file says.
    """

    files: dict[str, FileIdentity]
    schema: str


def identity_of(files: Sequence[RowFile], folder: PurePath, columns: Mapping[str, Column]) -> Identity:
    """The identity of a data set.

    Args:
        files: its files, in the order in which they are numbered.
        folder: where all of them lie.
        columns: what the schema file says.
    """
    described = sorted(
        [name, column.dtype, column.length, *([column.names] if column.names else [])]
        for name, column in columns.items()
    )
    return {
        "files": {one.file.path.relative_to(folder).as_posix(): one.identity for one in files},
        "schema": _digest(described),
    }


def identity_digest(identity: Identity) -> str:
    """SHA-256 of an identity, in hexadecimal; of what was written to JSON and read back it is the same."""
    return _digest(identity)


def identity_from(value: Any) -> Identity:
    """An identity as JSON gave it back, whoever wrote that.

    Raises:
        TypeError, ValueError, KeyError, AttributeError: it is none.
    """
    files: dict[str, FileIdentity] = {}
    for name, (size, rows, digest) in value["files"].items():
        if not (type(size) is type(rows) is int and isinstance(digest, str) and min(size, rows) >= 0):
            raise ValueError(f"{name} is described by no size, rows and hash")
        files[name] = (size, rows, digest)
    return {"files": files, "schema": str(value["schema"])}


def num_rows(identity: Identity) -> int:
    """Rows of all files together."""
    return sum(rows for _, rows, _ in identity["files"].values())


def differences(before: Identity, now: Identity) -> list[str]:
    """What makes two identities differ, in words; empty if they are the same."""
    old, new = ({name: tuple(file) for name, file in one["files"].items()} for one in (before, now))
    changed = [name for name in new if name in old and old[name] != new[name]]
    found = [
        _listed("added", [name for name in new if name not in old]),
        _listed("removed", [name for name in old if name not in new]),
        _listed("changed", changed),
        "the schema file describes other columns" if before["schema"] != now["schema"] else "",
    ]
    if not any(found) and list(old) != list(new):
        found.append("the files come in another order")
    return [words for words in found if words]


def _listed(what: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    rest = len(names) - _NAMED
    return f"{', '.join(names[:_NAMED])}{f' and {rest} more' if rest > 0 else ''} {what}"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()
