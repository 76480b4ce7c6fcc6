"""Why no file matches a pattern, where that can be seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

from rankspec.diagnostics.closest_name import closest
from rankspec.trainer.data.listing import Listing, shown
from rankspec.trainer.data.pattern import PARQUET, TFRECORD, Pattern, has_wildcard
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data.storage.storage import Storage

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
_NAMED = 3


def reason_for_none(storage: Storage, pattern: Pattern, listing: Listing) -> str:
    """What follows `no file matches "…"` in a message: the likeliest reason, and what to write instead."""
    reasons: tuple[Callable[[Storage, Pattern, Listing], str | None], ...] = (
        _is_address,
        _has_odd_characters,
        _is_hidden,
        _is_folder,
        _has_brackets,
        _has_braces,
        _is_list,
        _has_no_folder,
        _is_in_other_case,
        _is_deeper,
        _has_other_names,
    )
    found = next((reason for find in reasons if (reason := find(storage, pattern, listing))), None)
    return (f": {found}" if found else "") + _start_of_relative_names(storage, pattern)


def _start_of_relative_names(storage: Storage, pattern: Pattern) -> str:
    if storage is not LOCAL or pattern.folder.is_absolute():
        return ""
    try:
        return f" (relative names start at {shown(Path.cwd())})"
    except OSError:
        return " (the current folder, at which relative names start, is gone)"


def _is_address(storage: Storage, pattern: Pattern, _listing: Listing) -> str | None:
    if storage is not LOCAL or _SCHEME.match(pattern.text) is None:
        return None
    return "data is read from this machine, s3://, gs:// and hdfs://; copy the files, or mount their storage"


def _has_odd_characters(_storage: Storage, pattern: Pattern, _listing: Listing) -> str | None:
    if pattern.text != pattern.text.strip():
        return "it begins or ends with a blank, which is taken as it stands"
    return "a backslash stands for itself; folders are separated by /" if "\\" in pattern.text else None


def _is_hidden(storage: Storage, _pattern: Pattern, listing: Listing) -> str | None:
    if not listing.hidden:
        return None
    first = f"such as {_shown(storage, listing.hidden[0])}"
    return (
        f'names below the first wildcard that begin with "." or "_" are left out, {first}; rename them, or write the '
        "beginning of the name into the pattern"
    )


def _is_folder(storage: Storage, pattern: Pattern, listing: Listing) -> str | None:
    text = pattern.text.rstrip("/")
    if listing.folders:
        found = _shown(storage, listing.folders[0])
    elif storage.is_folder(storage.path(pattern.text)):
        found, text = pattern.text, _escaped(text)
    else:
        return None
    # One level is all that is looked at: the folder may be anything, the root of the system too.
    for between in ("", "**/"):
        for names in (PARQUET, *TFRECORD):
            if _lists(storage, f"{text}/{between.replace('**', '*')}{names}"):
                return f'{found} is a folder; write "{text}/{between}{names}"'
    return f'{found} is a folder; write "{text}/{PARQUET}"'


def _has_brackets(storage: Storage, pattern: Pattern, _listing: Listing) -> str | None:
    escaped = _escaped(pattern.text)
    if "[" not in pattern.text or not _lists(storage, escaped):
        return None
    return f'"[" begins a set of characters; write "{escaped}"'


def _is_list(_storage: Storage, pattern: Pattern, _listing: Listing) -> str | None:
    if "," not in pattern.text:
        return None
    return "a comma separates nothing, this is one pattern; put the files into one folder, or links to them"


def _has_braces(_storage: Storage, pattern: Pattern, _listing: Listing) -> str | None:
    if not re.search(r"\{.*\}", pattern.text):
        return None
    return "braces stand for themselves; write * or [ab] for what differs, or put the files into one folder"


def _has_no_folder(storage: Storage, pattern: Pattern, _listing: Listing) -> str | None:
    folders = (*reversed(pattern.folder.parents), pattern.folder)
    path = next((path for path in folders if path.parts and not storage.is_folder(path)), None)
    if path is None:
        return None
    if storage.exists(path):
        return f"{_shown(storage, path)} is no folder"
    if storage.is_remote and not path.parent.parts:
        return f"there is no {_shown(storage, path)}"
    names, folder = storage.names(path.parent), _shown(storage, path.parent)
    match = _same_but_for_case(path.name, names) or closest(path.name, names)
    return f'there is no "{path.name}" in {folder}' + (f'; did you mean "{match}"?' if match else "")


def _is_in_other_case(storage: Storage, pattern: Pattern, _listing: Listing) -> str | None:
    parts = tuple("".join(_either_case(part)) for part in pattern.parts)
    found = storage.list_files(Pattern(pattern.text, pattern.folder, parts)).files
    return f"the case of letters counts, and there is {_shown(storage, found[0])}" if found else None


def _is_deeper(storage: Storage, pattern: Pattern, _listing: Listing) -> str | None:
    deeper = storage.address(pattern.folder.joinpath(*pattern.parts[:-1], "*", *pattern.parts[-1:]))
    found = _lists(storage, deeper)
    return f'{_shown(storage, found[0])} lies deeper; write "{deeper}"' if found else None


def _has_other_names(storage: Storage, pattern: Pattern, _listing: Listing) -> str | None:
    if len(pattern.parts) > 1:
        return None
    names, folder = storage.names(pattern.folder), _shown(storage, pattern.folder)
    if not names:
        return f"{folder} is empty"
    if not has_wildcard(pattern.parts[0]) and (match := closest(pattern.parts[0], names)):
        return f'did you mean "{match}"?'
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{folder} has {', '.join(names[:_NAMED])}{rest}"


def _escaped(text: str) -> str:
    return text.replace("[", "[[]")


def _shown(storage: Storage, path: PurePath) -> str:
    return shown(storage.address(path))


def _lists(storage: Storage, text: str) -> tuple[PurePath, ...]:
    return storage.list_files(storage.parse(text)).files


def _same_but_for_case(name: str, names: list[str]) -> str | None:
    return next((other for other in names if other.casefold() == name.casefold()), None)


def _either_case(part: str) -> Iterator[str]:
    """A component with every letter outside brackets in both cases."""
    inside = False
    for character in part:
        inside = character == "[" or (inside and character != "]")
        swapped = character.swapcase()
        yield f"[{character}{swapped}]" if not inside and swapped != character and len(swapped) == 1 else character
