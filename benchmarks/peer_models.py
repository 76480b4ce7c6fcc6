"""Writes Python modules that load a config with pydantic or msgspec, derived from the message types of the spec.

What the classes judge is what their libraries judge by declaration: types, required fields, ranges, lengths, patterns,
choices, and that there is no other field. Oneofs and rules over several fields stay out: both need code of the user's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.schema.annotations import field_rules
from rankspec.schema.descriptors import fields_of, is_map, key_field, map_value, message_of
from rankspec.schema.rules import bounds, choices, enum_names, value_rules

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor


class Peer(NamedTuple):
    """A library, and how its users write with it.

    Attributes:
        imports: What the module begins with.
        bases: What a class is derived from, with its settings.
        limits: What takes the limits of a value; both libraries call them alike.
        load: The body of a function that loads a file as a `{config}`.
    """

    imports: str
    bases: str
    limits: str
    load: str


_MSGSPEC = Peer("import msgspec", "msgspec.Struct, forbid_unknown_fields=True, kw_only=True", "msgspec.Meta", "")
PEERS = {
    "pydantic": Peer(
        "import pydantic\nimport yaml",
        "pydantic.BaseModel, extra='forbid', allow_inf_nan=False",
        "pydantic.Field",
        "return {config}.model_validate(yaml.load(file, yaml.CSafeLoader))",
    ),
    # Its YAML reader is PyYAML with CSafeLoader. JSON, which few would write a config in, is what it is fastest at.
    "msgspec": _MSGSPEC._replace(load="return msgspec.yaml.decode(file.read(), type={config})"),
    "msgspec_json": _MSGSPEC._replace(load="return msgspec.json.decode(file.read(), type={config})"),
}


def module(peer: Peer, root: Descriptor) -> str:
    """Writes a module with a class for every message type that a config holds, and a function `load(path)`.

    Args:
        peer: The library.
        root: The type of the config.
    """
    types: dict[str, str] = {}
    _add(types, peer, root)
    load = peer.load.format(config=_class_name(root))
    function = f"def load(path):\n    with open(path, 'rb') as file:\n        {load}\n"
    return "\n\n".join([f"from typing import Annotated, Literal\n\n{peer.imports}\n", *types.values(), function])


def _add(types: dict[str, str], peer: Peer, descriptor: Descriptor) -> None:
    """Adds a class behind those that it refers to. No type of the spec holds itself."""
    if _class_name(descriptor) in types:
        return
    for field in fields_of(descriptor):
        if (inner := message_of(field)) is not None:
            _add(types, peer, inner)
    lines = [f"class {_class_name(descriptor)}({peer.bases}):", *(_field(f, peer) for f in fields_of(descriptor))]
    types[_class_name(descriptor)] = "\n    ".join(lines if len(lines) > 1 else [*lines, "pass"]) + "\n"


def _class_name(descriptor: Descriptor) -> str:
    return descriptor.full_name.replace(".", "_")


def _field(field: FieldDescriptor, peer: Peer) -> str:
    rules = field_rules(field)
    if is_map(field):
        key = _value(key_field(field), rules.map.keys, peer)
        entries = f"dict[{key}, {_value(map_value(field), rules.map.values, peer)}]"
        least, most, empty = rules.map.min_pairs, rules.map.max_pairs, "{}"
        annotation = _limited(entries, {"min_length": least or None, "max_length": most or None}, peer)
    elif field.is_repeated:
        items = f"list[{_value(field, value_rules(field), peer)}]"
        least, most, empty = rules.repeated.min_items, rules.repeated.max_items, "[]"
        annotation = _limited(items, {"min_length": least or None, "max_length": most or None}, peer)
    else:
        annotation, least, empty = _value(field, rules, peer), 0, "None"
        annotation += "" if rules.required else " | None"
    return f"{field.name}: {annotation}" + ("" if rules.required or least else f" = {empty}")


def _value(field: FieldDescriptor, rules: Any, peer: Peer) -> str:
    """Writes the type of a single value, the same for a field, a list's items and a map's keys and values."""
    if field.message_type is not None:
        return _class_name(field.message_type)
    allowed = enum_names(field) if field.enum_type is not None else choices(rules)
    if allowed:
        return f"Literal[{', '.join(map(repr, allowed))}]"
    match field.type:
        case field.TYPE_BOOL:
            return "bool"
        case field.TYPE_STRING:
            text = rules.string
            return _limited("str", {"min_length": text.min_len or None, "pattern": text.pattern or None}, peer)
        case field.TYPE_DOUBLE:
            return _limited("float", _range(rules), peer)
        case _:
            return _limited("int", _range(rules), peer)


def _range(rules: Any) -> dict[str, Any]:
    limits = bounds(rules)
    if limits is None:
        return {}
    return {
        "ge" if limits.lower_included else "gt": limits.lower,
        "le" if limits.upper_included else "lt": limits.upper,
    }


def _limited(type_name: str, limits: dict[str, Any], peer: Peer) -> str:
    given = ", ".join(f"{name}={limit!r}" for name, limit in limits.items() if limit is not None)
    return f"Annotated[{type_name}, {peer.limits}({given})]" if given else type_name
