"""Derives cases for every rule of a single field, oneof or group of fields from the descriptors."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice
from typing import Any, NamedTuple

from conformance.v1 import conformance_pb2 as pb
from google.protobuf import text_format
from google.protobuf.message import Message
from tests.conformance.bases import BASES, PATTERNS
from tests.conformance.rule_list import codes

from rankspec.checking.validation import find
from rankspec.schema.annotations import field_rules, is_required, message_rules
from rankspec.schema.descriptors import descriptor_of, fields_of, is_map, key_field, map_value
from rankspec.schema.message_types import all_classes

# One value of a field, or several for a list or map; None clears the field.
Values = Any


class Try(NamedTuple):
    """A value to give a field, and the rule that it is about.

    Attributes:
        code: The rule's id.
        name: What is tried, as in the case's id.
        values: The field's value.
        valid: Whether the rule is kept.
    """

    code: str
    name: str
    values: Values
    valid: bool


def field_suites() -> Iterator[tuple[str, list[pb.Case]]]:
    """Yields the name of a suite and its cases, for each message type that has rules of single fields."""
    for cls in all_classes():
        descriptor = descriptor_of(cls)
        area = descriptor.full_name.split(".")[1]
        name = f"fields/{area}/{_snake(descriptor.name)}"
        cases = list(_cases(cls, name))
        if cases:
            yield name, cases


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _cases(cls: type[Message], suite: str) -> Iterator[pb.Case]:
    texts: set[str] = set()
    for member, attempt, message in _attempts(cls):
        found = {finding.code for finding in find(message)}
        if (attempt.code in found) == attempt.valid:
            raise AssertionError(f"{suite}/{member}: {attempt} breaks {found or 'no rule'}")
        if attempt.valid and found:
            # Legal for the field alone; a rule over several fields has cases of its own.
            continue
        text = text_format.MessageToString(message)
        # A rule is kept by many valid values of other rules; one case for each of them is enough.
        if text in texts:
            continue
        texts.add(text)
        verdict = "valid" if attempt.valid else "invalid"
        case = pb.Case(id="/".join(part for part in (suite, member, attempt.code, attempt.name, verdict) if part))
        case.request.load.message = descriptor_of(cls).full_name
        case.request.load.text = text.encode()
        yield case


def _attempts(cls: type[Message]) -> Iterator[tuple[str, Try, Message]]:
    descriptor = descriptor_of(cls)
    for field in fields_of(descriptor):
        for attempt in _field_attempts(field):
            message = base(cls, field.name)
            assign(message, field, attempt.values)
            yield field.name, attempt, message
    for oneof in descriptor.oneofs:
        if is_required(oneof):
            yield oneof.name, Try("required", "none", None, valid=False), _without(cls, [f.name for f in oneof.fields])
            for field in oneof.fields:
                yield oneof.name, Try("required", field.name, None, valid=True), base(cls, field.name)
    for group in message_rules(descriptor).oneof:
        yield from _group_attempts(cls, list(group.fields), bool(group.required))


def _group_attempts(cls: type[Message], names: list[str], required: bool) -> Iterator[tuple[str, Try, Message]]:
    member = "_or_".join(names)
    if required:
        yield member, Try("message.oneof", "none", None, valid=False), _without(cls, names)
    for name in names:
        yield member, Try("message.oneof", name, None, valid=True), base(cls, name)
    both = base(cls, names[0])
    both.MergeFrom(base(cls, names[1]))
    yield member, Try("message.oneof", "both", None, valid=False), both


def _without(cls: type[Message], names: Iterable[str]) -> Message:
    message = base(cls)
    for name in names:
        message.ClearField(name)
    return message


# Values to try.


def _field_attempts(field: Any) -> Iterator[Try]:
    rules = field_rules(field)
    for code in dict.fromkeys(codes(rules)):
        yield Try(code, "usual", KEEP, valid=True)
    if rules.required:
        yield Try("required", "missing", None, valid=False)
    if is_map(field):
        yield from _map_attempts(field, rules.map)
    elif field.is_repeated:
        yield from _list_attempts(field, rules.repeated)
    else:
        yield from scalar_attempts(rules)


class _Keep:
    """Leaves a field as the base has it."""


KEEP = _Keep()


def _list_attempts(field: Any, rules: Any) -> Iterator[Try]:
    values = list(_good_items(field, rules, 66))
    least = int(rules.min_items) or 1
    if rules.min_items:
        yield Try("repeated.min_items", "least", values[:least], valid=True)
        yield Try("repeated.min_items", "too_few", values[: least - 1], valid=False)
    if rules.HasField("max_items"):
        # Counted before anything else is judged, so that items may repeat.
        yield Try("repeated.max_items", "too_many", list(islice(cycle(values), rules.max_items + 1)), valid=False)
    if rules.unique:
        yield Try("repeated.unique", "twice", [values[0], values[0]], valid=False)
        yield Try("repeated.unique", "once", values[:1], valid=True)
    for attempt in scalar_attempts(rules.items):
        # Beside a good one, so that the index of the bad one is part of the verdict.
        items = [attempt.values] if attempt.valid else [values[0], attempt.values]
        yield attempt._replace(values=items, name=f"item_{attempt.name}")


def _good_items(field: Any, rules: Any, count: int) -> Iterator[Any]:
    if field.message_type is not None:
        yield from (base(field.message_type._concrete_class) for _ in range(count))
        return
    first = good_value(field, rules.items)
    listed = getattr(rules.items.string, "in")
    if listed:
        yield from listed
    elif isinstance(first, str):
        yield from (f"{first}{index}" for index in range(count))
    elif isinstance(first, float):
        yield from (first for _ in range(count))
    else:
        yield from (first + index for index in range(count))


def _map_attempts(field: Any, rules: Any) -> Iterator[Try]:
    key, value = good_value(key_field(field), rules.keys), good_value(map_value(field), rules.values)
    if rules.min_pairs:
        yield Try("map.min_pairs", "none", None, valid=False)
    if rules.HasField("max_pairs"):
        numbers = range(rules.max_pairs + 1)
        many = {f"{key}{number}" if isinstance(key, str) else key + number: value for number in numbers}
        yield Try("map.max_pairs", "too_many", many, valid=False)
    for attempt in scalar_attempts(rules.keys):
        if not attempt.valid:
            yield attempt._replace(name=f"key_{attempt.name}", values={attempt.values: value})
    for attempt in scalar_attempts(rules.values):
        yield attempt._replace(name=f"value_{attempt.name}", values={key: attempt.values})


def scalar_attempts(rules: Any) -> Iterator[Try]:
    """Yields values that keep and that break the rules of a scalar, one rule at a time."""
    kind = rules.WhichOneof("type")
    if kind in {"int32", "int64", "double"}:
        yield from _number_attempts(kind, getattr(rules, kind))
    elif kind == "enum":
        yield from _enum_attempts(rules.enum)
    elif kind == "string":
        yield from _string_attempts(rules.string)


def _number_attempts(kind: str, rules: Any) -> Iterator[Try]:
    whole = kind != "double"

    def next_to(value: float, direction: float) -> float:
        return int(value + math.copysign(1, direction)) if whole else math.nextafter(value, direction)

    bounds = [name for name in ("gt", "gte", "lt", "lte") if rules.HasField(name)]
    code = f"{kind}.{'_'.join(bounds)}"
    for name in bounds:
        limit = getattr(rules, name)
        outward = -math.inf if name.startswith("g") else math.inf
        outside, inside = (limit, next_to(limit, -outward)) if len(name) == 2 else (next_to(limit, outward), limit)
        yield Try(code, f"{name}_outside", outside, valid=False)
        yield Try(code, f"{name}_inside", inside, valid=True)
        if whole:
            far = -(2**31) if kind == "int32" else -(2**63)
            yield Try(code, f"{name}_far_outside", far if outward < 0 else -far - 1, valid=False)
    if not whole and rules.finite:
        for value in (math.nan, math.inf, -math.inf):
            yield Try("double.finite", str(value).replace("-", "minus_"), value, valid=False)
    for value in getattr(rules, "in"):
        yield Try(f"{kind}.in", f"of_the_list_{value}".replace("-", "minus_"), value, valid=True)
    if getattr(rules, "in"):
        yield Try(f"{kind}.in", "other", max(getattr(rules, "in")) + 1, valid=False)
    for value in rules.not_in:
        yield Try(f"{kind}.not_in", f"refused_{value}", value, valid=False)
        yield Try(f"{kind}.not_in", "other", value + 1, valid=True)


def _enum_attempts(rules: Any) -> Iterator[Try]:
    if rules.defined_only:
        yield Try("enum.defined_only", "without_a_name", 99, valid=False)
    for number in rules.not_in:
        yield Try("enum.not_in", f"refused_{number}", number, valid=False)


def _string_attempts(rules: Any) -> Iterator[Try]:
    if rules.min_len:
        yield Try("string.min_len", "too_short", "x" * (int(rules.min_len) - 1), valid=False)
    if rules.pattern:
        sample = PATTERNS[rules.pattern]
        yield from (Try("string.pattern", f"match_{i}", text, valid=True) for i, text in enumerate(sample.matching))
        yield from (Try("string.pattern", f"no_match_{i}", text, valid=False) for i, text in enumerate(sample.others))
    if rules.uri:
        yield Try("string.uri", "with_scheme", "https://example.org:8080/x", valid=True)
        yield Try("string.uri", "without_scheme", "example.org", valid=False)
    listed = getattr(rules, "in")
    if listed:
        yield from (Try("string.in", f"listed_{i}", text, valid=True) for i, text in enumerate(listed))
        yield Try("string.in", "other", f"{listed[0]}x", valid=False)
    yield from (Try("string.not_in", f"refused_{i}", text, valid=False) for i, text in enumerate(rules.not_in))


# Good messages.


def base(cls: type[Message], member: str = "") -> Message:
    """Returns a small valid message in which a field is set, if one is named."""
    name = descriptor_of(cls).full_name
    texts = [BASES.get(f"{name}.{member}"), BASES.get(name)]
    message = cls()
    text = next((text for text in texts if text is not None), None)
    if text is not None:
        text_format.Parse(text, message)
    else:
        _fill(message, member)
    field = descriptor_of(cls).fields_by_name.get(member)
    if field is not None and f"{name}.{member}" not in BASES and not _is_set(message, field):
        assign(message, field, _good_field(field))
    found = find(message)
    if found:
        raise AssertionError(f"the base of {name}.{member} is not valid: {found}; add one to BASES")
    return message


def _is_set(message: Message, field: Any) -> bool:
    return any(descriptor.name == field.name for descriptor, _ in message.ListFields())


def _fill(message: Message, member: str) -> None:
    """Sets what has to be set."""
    descriptor = descriptor_of(message)
    for field in fields_of(descriptor):
        rules = field_rules(field)
        if rules.required or rules.repeated.min_items or rules.map.min_pairs:
            assign(message, field, _good_field(field))
    for oneof in descriptor.oneofs:
        names = [field.name for field in oneof.fields]
        if is_required(oneof) and member not in names:
            first = oneof.fields[0]
            assign(message, first, _good_field(first))


def _good_field(field: Any) -> Values:
    rules = field_rules(field)
    if is_map(field):
        return {good_value(key_field(field), rules.map.keys): good_value(map_value(field), rules.map.values)}
    if field.is_repeated:
        return list(_good_items(field, rules.repeated, max(1, int(rules.repeated.min_items))))
    return good_value(field, rules)


def good_value(field: Any, rules: Any) -> Any:
    """Returns a value that keeps a scalar's rules, or a valid message."""
    if field.message_type is not None:
        return base(field.message_type._concrete_class)
    if field.enum_type is not None:
        refused = set(rules.enum.not_in)
        return next(value.number for value in field.enum_type.values if value.number not in refused)
    if field.type == field.TYPE_STRING:
        return _good_text(rules.string)
    if field.type == field.TYPE_BOOL:
        return True
    kind = "double" if field.type == field.TYPE_DOUBLE else "int32" if field.type == field.TYPE_INT32 else "int64"
    return _good_number(getattr(rules, kind), whole=kind != "double")


def _good_text(rules: Any) -> str:
    if rules.pattern:
        return PATTERNS[rules.pattern].matching[0]
    if rules.uri:
        return "https://example.org"
    listed = list(getattr(rules, "in"))
    return listed[0] if listed else "x"


def _good_number(rules: Any, *, whole: bool) -> float:
    listed = list(getattr(rules, "in"))
    if listed:
        return listed[0]
    lower, upper = rules.WhichOneof("greater_than"), rules.WhichOneof("less_than")
    least = getattr(rules, lower) if lower else 0
    most = getattr(rules, upper) if upper else least + 2
    return (least + 1 if lower == "gt" or most > 1 else least) if whole else (least + most) / 2


def assign(message: Message, field: Any, values: Values) -> None:
    """Gives a field its value; None clears it."""
    if values is KEEP:
        return
    message.ClearField(field.name)
    if values is None:
        return
    target = getattr(message, field.name)
    if is_map(field):
        put: Callable[[Any, Any], None] = (
            (lambda key, value: target[key].CopyFrom(value))
            if map_value(field).message_type is not None
            else target.__setitem__
        )
        for key, value in values.items():
            put(key, value)
    elif field.is_repeated:
        target.extend(values)
    elif field.message_type is not None:
        target.CopyFrom(values)
        target.SetInParent()
    else:
        setattr(message, field.name, values)
