"""Turns what a rule objects to into a diagnostic: in words, at its place, with what to write instead."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.formats.field_positions import place_of
from rankspec.schema.descriptors import descriptor_of, enum_of, is_map, is_message, message_of
from rankspec.schema.rules import bounds, choices, count, enum_names, exclusive_groups, number, value_rules

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

    from rankspec.checking.rule_violations import RuleViolation
    from rankspec.formats.document import Document
    from rankspec.schema.field_paths import FieldPath

Words = tuple[str, str | None]

_METRIC = "training.best_checkpoint.metric"
_SCALARS = {"string": '"..."', "bool": "true", "bytes": '"..."'}


def describe(finding: RuleViolation, document: Document[Any], file: str | None) -> Diagnostic:
    """Describes a finding about a document's message; `file` is for what stands in no block."""
    if finding.text is not None:
        return _describe_ours(finding, document, file)
    descriptor = descriptor_of(document.message)
    message, suggestion = _standard(finding, descriptor)
    if finding.path == _METRIC and finding.code == "string.pattern":
        message, suggestion = _metric(finding, document)
    path: FieldPath = finding.path
    related: tuple[Any, ...] = ()
    if finding.code == "repeated.unique":
        path, related = _repetition(finding, document)
    mark = document.origins.name(path) if finding.violation.for_key else None
    position = mark or place_of(path, document, file)
    return Diagnostic(finding.code, message, finding.path, position, "error", suggestion, related)


def _describe_ours(finding: RuleViolation, document: Document[Any], file: str | None) -> Diagnostic:
    from rankspec.checking.suggestions import related_places, suggest

    text, _, remedy = finding.text.partition("; ") if finding.text else ("", "", "")
    suggestion = suggest(finding, document) or remedy or None
    return Diagnostic(
        finding.code,
        text,
        finding.path,
        place_of(finding.path, document, file),
        "error",
        suggestion,
        related_places(finding, document),
    )


def _standard(finding: RuleViolation, descriptor: Descriptor) -> Words:
    kind, _, rule = finding.code.partition(".")
    # None of the whole message, and of a oneof.
    field = finding.path.field
    if finding.code == "message.oneof":
        return _exclusive(finding, descriptor)
    if finding.code == "required" and field is None:
        return _required_oneof(finding, descriptor)
    if field is None:
        return finding.violation.message, None
    if finding.code == "required":
        return f"`{field.name}` is required", f"add `{_example(field)}`"
    if kind in {"repeated", "map"}:
        return _sizes(finding, field)
    return _value(finding, field, rule)


def _required_oneof(finding: RuleViolation, descriptor: Descriptor) -> Words:
    name = finding.path.name
    fields = _owner(finding.path.around, descriptor).oneofs_by_name[name].fields
    members = ", ".join(f"`{field.name}`" for field in fields)
    return f"exactly one of {members} is required (`{name}`), and none is set", f"add one of {members}"


def _owner(path: FieldPath, descriptor: Descriptor) -> Descriptor:
    """The type of the message at a path; `descriptor` is that of the whole."""
    return (message_of(path.field) if path.field is not None else None) or descriptor


def _example(field: FieldDescriptor) -> str:
    """Writes how a missing field would look."""
    if is_message(field):
        return f"{field.name} {{ ... }}"
    if field.enum_type is not None:
        return f"{field.name}: {' | '.join(enum_names(field))}"
    kind = value_rules(field).WhichOneof("type")
    limits = bounds(value_rules(field))
    if kind in _SCALARS or field.type in {field.TYPE_STRING, field.TYPE_BOOL}:
        return f"{field.name}: {'true' if field.type == field.TYPE_BOOL else _SCALARS['string']}"
    return f"{field.name}: <number{f' {limits}' if limits else ''}>"


def _exclusive(finding: RuleViolation, descriptor: Descriptor) -> Words:
    for names, required in exclusive_groups(_owner(finding.path, descriptor)):
        listed = ", ".join(f"`{name}`" for name in names)
        if all(name in finding.violation.message for name in names):
            if "only one" in finding.violation.message:
                return f"only one of {listed} may be set", "keep one of them"
            assert required
            return f"one of {listed} is required, and none is set", f"add one of {listed}"
    return finding.violation.message, None


def _sizes(finding: RuleViolation, field: FieldDescriptor) -> Words:
    value: Any = finding.violation.field_value
    limit: Any = finding.violation.rule_value
    what = "entries" if is_map(field) else "items"
    # protovalidate hands a missing list or map over as an empty one, or as None.
    size = len(value) if value is not None else 0
    match finding.code:
        case "repeated.min_items" | "map.min_pairs":
            add = f"add `{field.name} {{ ... }}`" if is_message(field) or is_map(field) else f"add to `{field.name}`"
            return f"`{field.name}` needs at least {count(limit, what)}, and has {size}", add
        case "repeated.max_items" | "map.max_pairs":
            return f"`{field.name}` takes at most {count(limit, what)}, and has {size}", f"drop {size - limit}"
        case "repeated.unique":
            twice = next(item for item, times in Counter(value).items() if times > 1)
            return f"`{twice}` is in `{field.name}` more than once", "drop the repetition"
    return finding.violation.message, None


def _repetition(finding: RuleViolation, document: Document[Any]) -> tuple[FieldPath, tuple[Any, ...]]:
    """Returns the path of the first item that is there already, and the place of its first occurrence."""
    items = list(finding.violation.field_value)
    first_places: dict[Any, int] = {}
    index = next(i for i, item in enumerate(items) if first_places.setdefault(item, i) != i)
    first = document.origins.value(finding.path.at(first_places[items[index]]))
    return finding.path.at(index), (first,) if first is not None else ()


def _value(finding: RuleViolation, field: FieldDescriptor, rule: str) -> Words:
    of_key = finding.violation.for_key
    rules = value_rules(field, of_key=of_key)
    value: Any = finding.violation.field_value
    subject = "the key " if of_key else ""
    if rule.partition("_")[0] in {"gt", "gte", "lt", "lte"}:
        limits = bounds(rules)
        assert limits is not None
        nearest = limits.nearest(value)
        near = f"the nearest allowed value is {number(nearest)}" if nearest is not None else None
        return f"{subject}must be {limits}, got {number(value)}", near or f"write a number {limits}"
    match rule:
        case "finite":
            limits = bounds(rules)
            return f"must be a finite number, got {value!r}", f"write a number {limits}" if limits else None
        case "defined_only" | "not_in" if finding.code.startswith("enum"):
            return _enum(field, value)
        case "in":
            return _choice(choices(rules), value, subject)
        case "not_in":
            refused = ", ".join(_shown(name) for name in finding.violation.rule_value)
            return f"{subject}must be none of {refused}, got {_shown(value)}", "choose another"
        case "min_len" if value == "":
            return f"{subject or f'`{field.name}` '}must not be empty", _unless_empty(field, of_key=of_key)
        case "pattern":
            return _pattern(subject, value, finding.violation.rule_value)
        case _:
            return f"{subject}{finding.violation.message}, got {_shown(value)}", None


def _metric(finding: RuleViolation, document: Document[Any]) -> Words:
    """Words for a name that is none of a metric: how such names are written, in place of a pattern."""
    from rankspec.checking.metric_suggestions import suggest_metric

    value: Any = finding.violation.field_value
    task = next(iter(sorted(document.message.model.tasks)), "<task>")
    meant = suggest_metric(document.message, value)
    return f"{_shown(value)} is no name of a metric", meant or f"write a metric and its task, such as `auroc/{task}`"


def _unless_empty(field: FieldDescriptor, *, of_key: bool) -> str:
    required = value_rules(field).required if not field.is_repeated else False
    return "write a value" if of_key or required else "write a value, or leave it out"


def _enum(field: FieldDescriptor, value: int) -> Words:
    known = enum_of(field).values_by_number.get(value)
    names = enum_names(field)
    listed = names[0] if len(names) == 1 else f"one of {', '.join(names)}"
    return f"must be {listed}, got {known.name if known else value}", f"write {' or '.join(names)}"


def _choice(allowed: list[Any], value: Any, subject: str) -> Words:
    listed = ", ".join(_shown(choice) for choice in allowed)
    if isinstance(value, str):
        from rankspec.diagnostics.closest_name import closest

        match = closest(value, allowed)
        return f"{subject}must be one of {listed}, got {_shown(value)}", f"did you mean `{match}`?" if match else None
    nearest = min(allowed, key=lambda choice: abs(choice - value))
    return f"{subject}must be one of {listed}, got {_shown(value)}", f"the nearest allowed value is {nearest}"


def _pattern(subject: str, value: str, pattern: str) -> Words:
    legal = re.sub(r"[^A-Za-z0-9_]", "_", value)
    candidates = [value.strip(), re.sub(r"\s+", "_", value.strip()), legal, f"_{legal}"]
    # Underscores alone are no better guess than any other name.
    match = next((c for c in candidates if c.strip("_") and re.fullmatch(pattern, c)), None)
    return f"{subject}{_shown(value)} does not match `{pattern}`", f"did you mean `{match}`?" if match else None


def _shown(value: object) -> str:
    return number(value) if isinstance(value, (int, float)) else f"`{value}`"
