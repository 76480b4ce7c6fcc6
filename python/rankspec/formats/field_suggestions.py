"""Guesses at what was meant by a field: where a misplaced one belongs, and what it takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rankspec.diagnostics.closest_name import listed

if TYPE_CHECKING:
    from rankspec.formats.field_plans import FieldPlan, MessagePlan


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
