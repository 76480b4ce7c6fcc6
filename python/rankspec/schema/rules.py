"""The standard rules of a field, read from its annotations: bounds, choices, and how to say them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.schema.annotations import field_rules, message_rules
from rankspec.schema.descriptors import enum_of, is_map

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

_INTEGERS = frozenset({"int32", "int64", "uint32", "uint64", "sint32", "sint64"})


class Bounds(NamedTuple):
    """The range of a number.

    Attributes:
        lower: What it has to exceed, or reach if `lower_included`.
        lower_included: Whether `lower` itself is legal.
        upper: What it has to stay below, or may reach if `upper_included`.
        upper_included: Whether `upper` itself is legal.
        whole: Whether it is a whole number.
    """

    lower: float | None
    lower_included: bool
    upper: float | None
    upper_included: bool
    whole: bool

    def __str__(self) -> str:
        parts = []
        if self.lower is not None:
            parts.append(f"{'at least' if self.lower_included else 'greater than'} {number(self.lower)}")
        if self.upper is not None:
            parts.append(f"{'at most' if self.upper_included else 'less than'} {number(self.upper)}")
        return " and ".join(parts)

    def nearest(self, value: float) -> float | None:
        """Returns the legal number nearest to an illegal one; None if an open bound has none."""
        if math.isnan(value):
            return None
        if self.lower is not None and (value < self.lower or (value == self.lower and not self.lower_included)):
            return self.lower if self.lower_included else (self.lower + 1 if self.whole else None)
        if self.upper is not None and (value > self.upper or (value == self.upper and not self.upper_included)):
            return self.upper if self.upper_included else (self.upper - 1 if self.whole else None)
        return None


def number(value: float) -> str:
    """Writes a number as a config would."""
    if float(value).is_integer() and abs(value) < 1e16:
        return str(int(value))
    return repr(value)


def value_rules(field: FieldDescriptor, *, of_key: bool = False) -> Any:
    """Returns the rules of a field's single values: of a list's items, of a map's values or its keys."""
    rules = field_rules(field)
    if is_map(field):
        return rules.map.keys if of_key else rules.map.values
    return rules.repeated.items if field.is_repeated else rules


def bounds(rules: Any) -> Bounds | None:
    """Returns the range that rules give a number, or None if they give none."""
    kind = rules.WhichOneof("type")
    if kind is None or kind not in _INTEGERS | {"float", "double"}:
        return None
    typed = getattr(rules, kind)
    lower, upper = typed.WhichOneof("greater_than"), typed.WhichOneof("less_than")
    if lower is None and upper is None:
        return None
    return Bounds(
        getattr(typed, lower) if lower else None,
        lower == "gte",
        getattr(typed, upper) if upper else None,
        upper == "lte",
        kind in _INTEGERS,
    )


def choices(rules: Any) -> list[Any]:
    """Returns the only legal values, if rules list them."""
    kind = rules.WhichOneof("type")
    if kind is None or "in" not in getattr(rules, kind).DESCRIPTOR.fields_by_name:
        return []
    return list(getattr(getattr(rules, kind), "in"))


def enum_names(field: FieldDescriptor) -> list[str]:
    """Returns the names that a field's enum may have, without those that its rules refuse."""
    refused = set(value_rules(field).enum.not_in)
    return [value.name for value in enum_of(field).values if value.number not in refused]


def in_words(field: FieldDescriptor) -> list[str]:
    """Says what a field's standard rules ask for, one phrase a rule."""
    rules = field_rules(field)
    words = ["required"] if rules.required else []
    if is_map(field):
        words += _size_words(rules.map.min_pairs, rules.map.max_pairs, "entries")
        words += [f"keys: {phrase}" for phrase in _value_words(rules.map.keys)]
        words += [f"values: {phrase}" for phrase in _value_words(rules.map.values, field)]
    elif field.is_repeated:
        words += _size_words(rules.repeated.min_items, rules.repeated.max_items, "items")
        words += ["no item twice"] if rules.repeated.unique else []
        words += [f"items: {phrase}" for phrase in _value_words(rules.repeated.items, field)]
    else:
        words += _value_words(rules, field)
    return words


def _size_words(least: int, most: int, what: str) -> list[str]:
    words = [f"at least {count(least, what)}"] if least else []
    return words + ([f"at most {count(most, what)}"] if most else [])


def count(number: int, what: str) -> str:
    """Writes a number of `items` or `entries`."""
    return f"{number} {what}" if number != 1 else {"items": "1 item", "entries": "1 entry"}[what]


def _value_words(rules: Any, field: FieldDescriptor | None = None) -> list[str]:
    kind = rules.WhichOneof("type")
    if kind is None:
        return []
    typed = getattr(rules, kind)
    limits = bounds(rules)
    words = [str(limits)] if limits is not None else []
    if allowed := choices(rules):
        words.append("one of " + ", ".join(_literal(value) for value in allowed))
    if kind == "enum" and field is not None:
        words.append("one of " + ", ".join(enum_names(field)))
    elif "not_in" in typed.DESCRIPTOR.fields_by_name and typed.not_in:
        words.append("not " + ", ".join(_literal(value) for value in typed.not_in))
    if kind in {"float", "double"} and typed.finite:
        words.append("neither infinite nor NaN")
    if kind == "string":
        words += _string_words(typed)
    return words


def _string_words(typed: Any) -> list[str]:
    words = []
    if typed.min_len:
        words.append("not empty" if typed.min_len == 1 else f"at least {typed.min_len} characters")
    if typed.pattern:
        words.append(f"matches `{typed.pattern}`")
    if (form := typed.WhichOneof("well_known")) is not None:
        words.append(f"a valid {form.upper() if len(form) <= 4 else form}")
    return words


def _literal(value: object) -> str:
    return number(value) if isinstance(value, (int, float)) else f"`{value}`"


def cel_rules(descriptor: Descriptor) -> Iterator[tuple[str, str]]:
    """Yields id and expression of every CEL rule of a message type: its own, and those of its fields."""
    for rule in message_rules(descriptor).cel:
        yield rule.id, rule.expression
    for field in descriptor.fields:
        rules = field_rules(field)
        for holder in (rules, rules.map.values, rules.map.keys, rules.repeated.items):
            for rule in holder.cel:
                yield rule.id, rule.expression


def exclusive_groups(descriptor: Descriptor) -> list[tuple[list[str], bool]]:
    """Returns the groups of fields of which at most one may be set, and whether one has to be."""
    return [(list(group.fields), bool(group.required)) for group in message_rules(descriptor).oneof]
