"""Derives a JSON Schema (draft 2020-12) from a message type, for editors and other tools of JSON and YAML.

It covers what Protobuf's JSON form of a config looks like: both spellings of every name, numbers in quotes, `null` for
what is left out; types, ranges, choices, required fields and oneofs, with the schema's comments as descriptions. Rules
over several fields are beyond JSON Schema; their ids stand in `$comment`, and `rankspec check` judges by them. What the
JSON Schema refuses, `check` refuses too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rankspec.schema.annotations import deprecation_of, field_rules, inherits_from, is_required
from rankspec.schema.comments import comment_on, first_sentence
from rankspec.schema.defaults import default_items
from rankspec.schema.descriptors import descriptor_of, enum_of, fields_of, is_map, key_field, map_value, message_of
from rankspec.schema.rules import bounds, cel_rules, choices, enum_names, exclusive_groups, value_rules

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NULL: Schema = {"type": "null"}
# A variable may stand in any string value; what it holds is judged when it is replaced.
_VARIABLE: Schema = {"type": "string", "pattern": r"\$\{"}
# Of a message, some of which may be inherited: all of it, and what may stand where the rest is.
_WHOLE = ".whole"
_PARTIAL = ".partial"
_KEYS_OF_BOOL = "^(true|false)$"


def json_schema(message: type[Message]) -> Schema:
    """Returns the JSON Schema of a message's JSON and YAML forms.

    Args:
        message: The type of the message.
    """
    root = descriptor_of(message)
    definitions: dict[str, Schema] = {}
    waiting = [(root, False)]
    while waiting:
        descriptor, partial = waiting.pop()
        if descriptor.full_name + (_PARTIAL if partial else "") not in definitions:
            definitions |= _definitions(descriptor, partial=partial)
            waiting += _mentioned(descriptor, partial=partial)
    return {
        "$schema": DIALECT,
        "title": root.full_name,
        "$ref": f"#/$defs/{root.full_name}",
        "$defs": dict(sorted(definitions.items())),
    }


def _definitions(descriptor: Descriptor, *, partial: bool) -> dict[str, Schema]:
    """Defines a message as it has to be, or as what may stand of it where the rest is inherited."""
    name = descriptor.full_name
    if partial:
        return {name + _PARTIAL: _message(descriptor, name + _PARTIAL, partial=True)}
    toggles = [field for field in fields_of(descriptor) if inherits_from(field)]
    if not toggles:
        return {name: _message(descriptor, name, partial=False)}
    inherits = [{"required": [n], "properties": {n: {"const": True}}} for field in toggles for n in _names(field)]
    either = {"if": {"anyOf": inherits}, "then": _reference(name + _PARTIAL), "else": _reference(name + _WHOLE)}
    return {name: either, name + _WHOLE: _message(descriptor, name + _WHOLE, partial=False)}


def _mentioned(descriptor: Descriptor, *, partial: bool) -> Iterator[tuple[Descriptor, bool]]:
    """Yields the messages that a definition refers to, and whether it is to what may stand of them."""
    for field in fields_of(descriptor):
        inner = message_of(field)
        if inner is not None:
            yield inner, partial and (is_map(field) or not field.is_repeated)
        if inherits_from(field) and not partial:
            yield descriptor, True


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _message(descriptor: Descriptor, name: str, *, partial: bool) -> Schema:
    required_oneofs = [oneof for oneof in descriptor.oneofs if is_required(oneof) and not partial]
    in_required_oneof = {field.name for oneof in required_oneofs for field in oneof.fields}
    properties: Schema = {}
    conditions: list[Schema] = []
    for field in fields_of(descriptor):
        must_be_set = _must_be_set(field) and not partial
        nullable = not must_be_set and field.name not in in_required_oneof
        properties[field.name] = _field(field, nullable=nullable, partial=partial)
        if field.json_name != field.name:
            properties[field.json_name] = _reference(f"{name}/properties/{field.name}")
        if must_be_set:
            conditions.append(_given(field))
    for oneof in descriptor.oneofs:
        conditions += _choice([_given(field) for field in oneof.fields], required=oneof in required_oneofs)
    for names, required in exclusive_groups(descriptor):
        members = [_not_empty(descriptor.fields_by_name[name]) for name in names]
        conditions += _choice(members, required=required and not partial)
    conditions += [{"not": {"required": _names(f)}} for f in fields_of(descriptor) if len(_names(f)) > 1]
    schema: Schema = {"type": "object", **_described(descriptor.full_name)}
    if rules := [rule_id for rule_id, _ in cel_rules(descriptor)]:
        schema["$comment"] = f"checked by `rankspec check`: {', '.join(rules)}"
    schema |= {"properties": properties, "additionalProperties": False}
    # A field of one spelling can be required in the way that editors complete.
    plain = [name for condition in conditions if set(condition) == {"required"} for name in condition["required"]]
    others = [condition for condition in conditions if set(condition) != {"required"}]
    return schema | _set({"required": plain, "allOf": others})


def _described(full_name: str) -> Schema:
    return _set({"description": " ".join(comment_on(full_name).split())})


def _names(field: FieldDescriptor) -> list[str]:
    return list(dict.fromkeys([field.name, field.json_name]))


def _must_be_set(field: FieldDescriptor) -> bool:
    """Tells whether a field has to be there: its rule says so, or that its list or map has elements."""
    rules = field_rules(field)
    return bool(rules.required or rules.repeated.min_items or rules.map.min_pairs)


def _given(field: FieldDescriptor) -> Schema:
    """Asks for a field by either of its names."""
    either = [{"required": [name]} for name in _names(field)]
    return either[0] if len(either) == 1 else {"anyOf": either}


def _not_empty(field: FieldDescriptor) -> Schema:
    """Asks for a field that counts as set: an empty list or map does not."""
    size = {"minProperties": 1} if is_map(field) else {"minItems": 1} if field.is_repeated else {}
    either = [{"required": [n], "properties": {n: {"not": _NULL, **size}}} for n in _names(field)]
    return either[0] if len(either) == 1 else {"anyOf": either}


def _choice(members: list[Schema], *, required: bool) -> list[Schema]:
    """Asks for at most one of several conditions, or for exactly one."""
    if required:
        return [{"oneOf": members}] if len(members) > 1 else members
    if len(members) == 1:
        return []
    return [{"oneOf": [*members, {"not": {"anyOf": members}}]}]


def _field(field: FieldDescriptor, *, nullable: bool, partial: bool) -> Schema:
    if is_map(field):
        schema = _map(field, partial=partial)
    elif field.is_repeated:
        schema = _list(field, partial=partial)
    else:
        schema = _value(field, value_rules(field), partial=partial)
    if nullable:
        schema = (
            {"anyOf": [*schema.pop("anyOf"), _NULL]} | schema
            if set(schema) == {"anyOf"}
            else {"anyOf": [schema, _NULL]}
        )
    deprecated = _set({"deprecated": deprecation_of(field) is not None})
    return _described(field.full_name) | deprecated | _default(field) | schema


def _default(field: FieldDescriptor) -> Schema:
    if field.is_repeated:
        return _set({"default": [] if field.message_type is not None else default_items(field)})
    if not field.has_default_value:
        return {}
    value = field.default_value
    return {"default": enum_of(field).values_by_number[value].name if field.enum_type is not None else value}


def _list(field: FieldDescriptor, *, partial: bool) -> Schema:
    """Describes a list, which is inherited as a whole, so that its items are never partial."""
    rules = field_rules(field).repeated
    items = _value(field, rules.items, partial=False)
    limits = {"maxItems": rules.max_items, "uniqueItems": rules.unique}
    return {"type": "array", "items": items} | _set({"minItems": not partial and rules.min_items, **limits})


def _map(field: FieldDescriptor, *, partial: bool) -> Schema:
    rules = field_rules(field).map
    values = _value(map_value(field), rules.values, partial=partial)
    key = key_field(field)
    if key.type == key.TYPE_STRING:
        names = _text(rules.keys.string)
    else:
        names = {"pattern": _KEYS_OF_BOOL if key.type == key.TYPE_BOOL else _digits(key, rules.keys)}
    limits = {"minProperties": not partial and rules.min_pairs, "maxProperties": rules.max_pairs}
    return {"type": "object", "additionalProperties": values} | _set({**limits, "propertyNames": names})


def _set(schema: Schema) -> Schema:
    """Leaves out what asks for nothing."""
    return {keyword: asked for keyword, asked in schema.items() if asked}


def _value(field: FieldDescriptor, rules: Any, *, partial: bool) -> Schema:
    """Describes a single value, the same for a field, a list's items and a map's values."""
    if field.message_type is not None:
        return _reference(field.message_type.full_name + (_PARTIAL if partial else ""))
    if field.enum_type is not None:
        return _enum(field, rules)
    if field.type == field.TYPE_BOOL:
        return {"type": "boolean"}
    if field.type == field.TYPE_BYTES:
        return {"type": "string", "contentEncoding": "base64"}
    if field.type == field.TYPE_STRING:
        return _string(rules)
    return _real(rules) if field.type in {field.TYPE_DOUBLE, field.TYPE_FLOAT} else _integer(field, rules)


def _enum(field: FieldDescriptor, rules: Any) -> Schema:
    enum = enum_of(field)
    names = [name for name in enum_names(field) if enum.values_by_name[name].number not in rules.enum.not_in]
    about = {name: first_sentence(comment_on(f"{enum.full_name}.{name}")) for name in names}
    options = [_set({"const": name, "description": text}) for name, text in about.items()]
    return {"anyOf": [*options, {"enum": [enum.values_by_name[name].number for name in names]}]}


def _string(rules: Any) -> Schema:
    text = _text(rules.string)
    if not text.keys() - {"minLength"}:
        return {"type": "string", **text}
    return {"anyOf": [{"type": "string", **text}, _VARIABLE]}


def _text(rules: Any) -> Schema:
    return _set(
        {
            "minLength": rules.min_len,
            "maxLength": rules.max_len,
            "pattern": rules.pattern,
            "enum": list(getattr(rules, "in")),
            "not": {"enum": list(rules.not_in)} if rules.not_in else None,
            "format": "uri" if rules.WhichOneof("well_known") == "uri" else None,
        }
    )


def _integer(field: FieldDescriptor, rules: Any) -> Schema:
    """Describes a whole number, which may stand in quotes, and must where some parsers would round it."""
    if allowed := choices(rules):
        return {"enum": [*allowed, *(str(value) for value in allowed)]}
    is_wide = field.type in {field.TYPE_INT64, field.TYPE_UINT64, field.TYPE_SINT64}
    limit = 2**53 if is_wide else 2**31 - 1
    schema: Schema = {"type": "integer", **_range(rules)}
    if "exclusiveMinimum" not in schema:
        schema.setdefault("minimum", -limit if is_wide else -limit - 1)
    if "exclusiveMaximum" not in schema:
        schema.setdefault("maximum", limit)
    refused = list(getattr(rules, rules.WhichOneof("type")).not_in) if rules.WhichOneof("type") else []
    quoted: Schema = {"type": "string", "pattern": _digits(field, rules)}
    if refused:
        schema["not"] = {"enum": refused}
        quoted["not"] = {"enum": [str(value) for value in refused]}
    return {"anyOf": [schema, quoted]}


def _digits(field: FieldDescriptor, rules: Any) -> str:
    """Returns the pattern of a whole number in quotes: its sign as the range allows, its length as the type does."""
    most = 18 if field.type in {field.TYPE_INT64, field.TYPE_UINT64, field.TYPE_SINT64} else 9
    positive = f"[1-9][0-9]{{0,{most}}}"
    least = _least(rules)
    if least is None or least < 0:
        return f"^(0|-?{positive})$"
    return f"^(0|{positive})$" if least == 0 else f"^{positive}$"


def _least(rules: Any) -> float | None:
    """Returns the least whole number of a range, None if it has none."""
    limits = bounds(rules)
    if limits is None or limits.lower is None:
        return None
    return limits.lower if limits.lower_included else limits.lower + 1


def _real(rules: Any) -> Schema:
    """Describes a real number, which may stand in quotes, and must if it is not finite."""
    limits = bounds(rules)
    sign = "-?" if limits is None or limits.lower is None or limits.lower < 0 else ""
    options: list[Schema] = [
        {"type": "number", **_range(rules)},
        {"type": "string", "pattern": rf"^{sign}(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"},
    ]
    if limits is None and not getattr(rules, rules.WhichOneof("type") or "double").finite:
        options.append({"enum": ["NaN", "Infinity", "-Infinity"]})
    return {"anyOf": options}


def _range(rules: Any) -> Schema:
    limits = bounds(rules)
    if limits is None:
        return {}
    lower = "minimum" if limits.lower_included else "exclusiveMinimum"
    upper = "maximum" if limits.upper_included else "exclusiveMaximum"
    return {name: bound for name, bound in ((lower, limits.lower), (upper, limits.upper)) if bound is not None}
