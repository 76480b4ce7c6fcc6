"""Guesses at what was meant: did-you-mean for names, and where a misplaced field belongs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankspec.source.plans import FieldPlan, MessagePlan

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


def suggest_name(name: str, known: Collection[str], what: str) -> str | None:
    """Says what `name` may stand for, or, where nothing is near and there are few, what there is."""
    match = closest(name, known)
    if match is not None:
        return f"did you mean `{match}`?"
    return f"{what} {listed(known)}" if 0 < len(known) <= _MOST_LISTED else None


def listed(names: Iterable[str]) -> str:
    """Writes names as an enumeration."""
    return ", ".join(f"`{name}`" for name in names)


def suggest_place(name: str, plan: MessagePlan, around: Iterable[MessagePlan]) -> str | None:
    """Says where a field of this exact name belongs, if a message above or directly below has one.

    Args:
        name: The unknown name.
        plan: The message that it was found in.
        around: The messages that contain this one, innermost first.
    """
    if members := plan.members_of(name):
        return f"`{name}` stands for one of {listed(members)}: write that"
    first, dot, _ = name.partition(".")
    if dot and first in plan.fields:
        return f"write {' inside of '.join(f'`{part}`' for part in reversed(name.split('.')))}"
    for outer in around:
        if name in outer.fields:
            return f"`{name}` is a field of {outer.name}: move it out of this block"
    for field in plan.fields.values():
        if field.kind == "message" and not field.is_map and name in field.message_plan.fields:
            return f"`{name}` is a field of {field.message_plan.name}: write it inside of `{field.name}`"
    return None


def field_words(field: FieldPlan) -> str:
    """Says in a few words what a field takes."""
    if field.is_map:
        return "map entries"
    words = {
        "bool": "true or false",
        "string": "a string",
        "bytes": "a string of bytes",
        "float": "a number",
        "double": "a number",
    }.get(field.kind)
    if field.kind == "message":
        words = f"a {field.message_plan.name} block"
    elif field.kind == "enum":
        words = f"a value of {field.enum.name}"
    return words or f"a whole number ({field.kind})"
