"""What a literal can be refused for, whatever the form of the source."""

from __future__ import annotations

from rankspec.diagnostics.mistake import MistakeError
from rankspec.formats.field_plans import INTEGER_RANGES, FieldPlan
from rankspec.formats.field_suggestions import field_words


def wrong_type(field: FieldPlan, text: str, suggestion: str | None = None) -> MistakeError:
    """Describes a literal that is not of the field's type."""
    message = f"`{field.name}` takes {field_words(field)}, not `{shortened(text)}`"
    return MistakeError("parse.wrong_type", message, suggestion or what_to_write(field, text))


def what_to_write(field: FieldPlan, text: str) -> str | None:
    """Says what a field takes instead of a literal that is nothing like it."""
    kind = "number" if field.kind in {"float", "double"} else "whole number" if field.kind in INTEGER_RANGES else None
    if kind is None:
        return "write true or false" if field.kind == "bool" else None
    if "$" in text:
        return f"variables are replaced in strings only; `--set` lays a {kind} over a file"
    descriptor = field.descriptor
    return f"write a {kind}" + (f"; the default is {descriptor.default_value}" if descriptor.has_default_value else "")


def shortened(text: str) -> str:
    """Cuts a literal to what fits into a sentence."""
    return text if len(text) <= 40 else text[:37] + "..."
