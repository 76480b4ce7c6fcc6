"""Why no file matches a pattern, where that can be seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from rankspec.source.suggest import closest
from rankspec.trainer.data.listing import Listing, shown
from rankspec.trainer.data.pattern import Pattern, has_wildcard
from rankspec.trainer.data.walk import list_files

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
_NAMED = 3


def reason_for_none(pattern: Pattern, listing: Listing) -> str:
    """What follows `no file matches "…"` in a message: the likeliest reason, and what to write instead."""
    reasons: tuple[Callable[[Pattern, Listing], str | None], ...] = (
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
    found = next((reason for find in reasons if (reason := find(pattern, listing))), None)
    return (f": {found}" if found else "") + _start_of_relative_names(pattern)


def _start_of_relative_names(pattern: Pattern) -> str:
    try:
        return "" if pattern.folder.is_absolute() else f" (relative names start at {shown(Path.cwd())})"
    except OSError:
        return " (the current folder, at which relative names start, is gone)"


def _is_address(pattern: Pattern, _listing: Listing) -> str | None:
    if _SCHEME.match(pattern.text) is None:
        return None
    return "files are read from folders of this machine alone; mount the store or copy the files"


def _has_odd_characters(pattern: Pattern, _listing: Listing) -> str | None:
    if pattern.text != pattern.text.strip():
        return "it begins or ends with a blank, which is taken as it stands"
    return "a backslash stands for itself; folders are separated by /" if "\\" in pattern.text else None


def _is_hidden(_pattern: Pattern, listing: Listing) -> str | None:
    if not listing.hidden:
        return None
    first = f"such as {shown(listing.hidden[0])}"
    return (
        f'names below the first wildcard that begin with "." or "_" are left out, {first}; rename them, or write the '
        "beginning of the name into the pattern"
    )


def _is_folder(pattern: Pattern, listing: Listing) -> str | None:
    text = pattern.text.rstrip("/")
    if listing.folders:
        found = shown(listing.folders[0])
    elif Path(pattern.text).is_dir():
        found, text = pattern.text, _escaped(text)
    else:
        return None
    # One level is all that is looked at: the folder may be anything, the root of the system too.
    is_deeper = not _lists(f"{text}/*.parquet") and _lists(f"{text}/*/*.parquet")
    return f'{found} is a folder; write "{text}/{"**/" if is_deeper else ""}*.parquet"'


def _has_brackets(pattern: Pattern, _listing: Listing) -> str | None:
    escaped = _escaped(pattern.text)
    if "[" not in pattern.text or not _lists(escaped):
        return None
    return f'"[" begins a set of characters; write "{escaped}"'


def _is_list(pattern: Pattern, _listing: Listing) -> str | None:
    if "," not in pattern.text:
        return None
    return "a comma separates nothing, inputs is one pattern; put the files into one folder, or links to them"


def _has_braces(pattern: Pattern, _listing: Listing) -> str | None:
    if not re.search(r"\{.*\}", pattern.text):
        return None
    return "braces stand for themselves; write * or [ab] for what differs, or put the files into one folder"


def _has_no_folder(pattern: Pattern, _listing: Listing) -> str | None:
    path = next((path for path in (*reversed(pattern.folder.parents), pattern.folder) if not path.is_dir()), None)
    if path is None:
        return None
    if path.exists():
        return f"{shown(path)} is no folder"
    names = _names(path.parent)
    match = _same_but_for_case(path.name, names) or closest(path.name, names)
    return f'there is no "{path.name}" in {shown(path.parent)}' + (f'; did you mean "{match}"?' if match else "")


def _is_in_other_case(pattern: Pattern, _listing: Listing) -> str | None:
    parts = tuple("".join(_either_case(part)) for part in pattern.parts)
    found = list_files(Pattern(pattern.text, pattern.folder, parts)).files
    return f"the case of letters counts, and there is {shown(found[0])}" if found else None


def _is_deeper(pattern: Pattern, _listing: Listing) -> str | None:
    deeper = str(pattern.folder.joinpath(*pattern.parts[:-1], "*", *pattern.parts[-1:]))
    found = _lists(deeper)
    return f'{shown(found[0])} lies deeper; write "{deeper}"' if found else None


def _has_other_names(pattern: Pattern, _listing: Listing) -> str | None:
    if len(pattern.parts) > 1:
        return None
    names = _names(pattern.folder)
    if not names:
        return f"{shown(pattern.folder)} is empty"
    if not has_wildcard(pattern.parts[0]) and (match := closest(pattern.parts[0], names)):
        return f'did you mean "{match}"?'
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{shown(pattern.folder)} has {', '.join(names[:_NAMED])}{rest}"


def _escaped(text: str) -> str:
    return text.replace("[", "[[]")


def _lists(text: str) -> tuple[Path, ...]:
    return list_files(Pattern.parse(text)).files


def _names(folder: Path) -> list[str]:
    try:
        return sorted(shown(Path(path.name)) for path in folder.iterdir())
    except OSError:
        return []


def _same_but_for_case(name: str, names: list[str]) -> str | None:
    return next((other for other in names if other.casefold() == name.casefold()), None)


def _either_case(part: str) -> Iterator[str]:
    """A component with every letter outside brackets in both cases."""
    inside = False
    for character in part:
        inside = character == "[" or (inside and character != "]")
        swapped = character.swapcase()
        yield f"[{character}{swapped}]" if not inside and swapped != character and len(swapped) == 1 else character
