"""Did-you-mean: the known name that a misspelt one is most likely to stand for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

# Longer names are no typing mistakes, and comparing them takes time that grows with the square.
_LONGEST_COMPARED = 80
_MOST_LISTED = 8


def closest(name: str, known: Collection[str]) -> str | None:
    """Returns the known name that `name` is most likely a misspelling of, or None."""
    if len(name) > _LONGEST_COMPARED:
        return None
    folded = {candidate.lower().replace("-", "_"): candidate for candidate in known}
    lowered = name.lower().replace("-", "_")
    if lowered in folded:
        return folded[lowered]
    from difflib import get_close_matches

    matches = get_close_matches(lowered, folded, n=3, cutoff=0.6)
    # Letters in another order are the likeliest mistake of all.
    matches.sort(key=lambda match: sorted(match) != sorted(lowered))
    return folded[matches[0]] if matches else None


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The end of a message that refuses a name; empty where nothing is near."""
    match = closest(name, known)
    return f'; did you mean "{match}"?' if match else ""


def suggest_name(name: str, known: Collection[str], what: str) -> str | None:
    """Says what `name` may stand for, or, where nothing is near and there are few, what there is."""
    match = closest(name, known)
    if match is not None:
        return f"did you mean `{match}`?"
    return f"{what} {listed(known)}" if 0 < len(known) <= _MOST_LISTED else None


def listed(names: Iterable[str]) -> str:
    """Writes names as an enumeration."""
    return ", ".join(f"`{name}`" for name in names)
