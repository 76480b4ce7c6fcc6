"""Explains fields, messages and enums: comments, types, defaults, rules and options, all read from the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import fill, indent
from typing import TYPE_CHECKING, Any

from rankspec.analysis.comparison import resume_of
from rankspec.analysis.fingerprint import is_semantic_path
from rankspec.diagnostics.closest_name import closest
from rankspec.diagnostics.mistake import MistakeError
from rankspec.formats.writing import literal
from rankspec.schema.annotations import deprecation_of, is_required
from rankspec.schema.comments import comment_on, first_sentence
from rankspec.schema.defaults import default_items
from rankspec.schema.descriptors import descriptor_of, fields_of, is_map, key_field, map_value, message_of
from rankspec.schema.field_paths import join
from rankspec.schema.message_types import DEFAULT_MESSAGE, all_classes, message_class
from rankspec.schema.rules import cel_rules, exclusive_groups, in_words

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

ROOTS = (DEFAULT_MESSAGE, "rankspec.twhin.v1.TwhinConfig")
_WIDTH = 100
_MOST_FOUND = 20
_SHORTEST_STEM = 4
_KEY = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|[^\]]*)\]')
_TYPES = {
    "TYPE_DOUBLE": "double", "TYPE_FLOAT": "float", "TYPE_INT64": "int64", "TYPE_UINT64": "uint64",
    "TYPE_INT32": "int32", "TYPE_UINT32": "uint32", "TYPE_BOOL": "bool", "TYPE_STRING": "string",
    "TYPE_BYTES": "bytes",
}  # fmt: skip


def explain(subject: str) -> str | None:
    """Explains a field by its path, a message or enum by its name, or lists what the words may mean.

    Args:
        subject: A path such as `training.num_train_steps` (keys and indices may be left out), a name such as
            `MlpConfig` or `MlpConfig.layer_sizes`, or words to look for in names and comments.

    Returns:
        The explanation, or None if nothing fits.
    """
    path = _KEY.sub("", subject.strip())
    for root in ROOTS:
        fields = _along(descriptor_of(message_class(root)), path)
        if fields:
            return _field(path, fields)
    return _by_name(path) or _by_words(subject)


def nearest(subject: str) -> str | None:
    """Returns the path or name that a subject without an explanation is most likely a misspelling of."""
    paths = [path for path, _ in _all_paths()]
    names = [c.DESCRIPTOR.name for c in all_classes()] + [enum.name for enum in _enums()]
    return closest(_KEY.sub("", subject.strip()), paths + names)


def _along(descriptor: Descriptor, path: str) -> tuple[FieldDescriptor, ...]:
    """Follows a path without keys; empty if it names nothing."""
    fields: list[FieldDescriptor] = []
    here: Descriptor | None = descriptor
    for name in path.split("."):
        field = here.fields_by_name.get(name) if here is not None else None
        if field is None:
            return ()
        fields.append(field)
        here = message_of(field)
    return tuple(fields)


def _by_name(name: str) -> str | None:
    for enum in _enums():
        if name in {enum.name, enum.full_name}:
            return _enum(enum)
    messages = [c for c in all_classes() if name in {c.DESCRIPTOR.name, c.DESCRIPTOR.full_name}]
    if messages:
        return "\n\n".join(_message(descriptor_of(message)) for message in messages)
    holder, _, field_name = name.rpartition(".")
    try:
        fields = _along(descriptor_of(message_class(holder)), field_name) if holder else ()
    except MistakeError:
        return None
    return _field(name, fields) if fields else None


def _enums() -> list[EnumDescriptor]:
    files: dict[str, Any] = {c.DESCRIPTOR.file.name: c.DESCRIPTOR.file for c in all_classes()}
    return [enum for name in sorted(files) for enum in files[name].enum_types_by_name.values()]


def _field(path: str, fields: tuple[FieldDescriptor, ...]) -> str:
    field = fields[-1]
    facts = {"type": type_of(field), "default": _default(field), "rules": "; ".join(in_words(field))}
    oneof = field.containing_oneof
    if oneof is not None:
        others = ", ".join(member.name for member in oneof.fields if member is not field)
        facts["one of"] = f"{oneof.name}: excludes {others}" if others else ""
    facts["effect"] = "semantic: another value trains another function" if is_semantic_path(fields) else "operational"
    facts["resume"] = resume_of(fields)
    deprecation = deprecation_of(field)
    facts["deprecated"] = f"{deprecation.reason}; set {deprecation.replacement} instead" if deprecation else ""
    head = f"{path}  ({field.full_name})"
    inner, enum = message_of(field), field.enum_type
    of_value = _message(inner) if inner is not None else _enum(enum) if enum is not None else ""
    return _paragraphs(head, _comment(field.full_name), _table(facts), of_value)


def _message(descriptor: Descriptor) -> str:
    lines = {f.name: f"{type_of(f)}. {first_sentence(comment_on(f.full_name))}" for f in fields_of(descriptor)}
    rules = [
        f"exactly one of {', '.join(field.name for field in oneof.fields)}"
        for oneof in descriptor.oneofs
        if is_required(oneof)
    ]
    rules += [
        f"{'exactly' if required else 'at most'} one of {', '.join(names)}"
        for names, required in exclusive_groups(descriptor)
    ]
    rules += [rule_id for rule_id, _ in cel_rules(descriptor)]
    comment = _comment(descriptor.full_name)
    return _paragraphs(descriptor.full_name, comment, _table(lines), _table({"rules": "; ".join(rules)}))


def _enum(enum: EnumDescriptor) -> str:
    values = {value.name: first_sentence(comment_on(f"{enum.full_name}.{value.name}")) for value in enum.values}
    return _paragraphs(enum.full_name, _comment(enum.full_name), _table(values))


def _paragraphs(*parts: str) -> str:
    """Puts an empty line between parts; those without text are left out."""
    return "\n\n".join(part for part in parts if part)


def type_of(field: FieldDescriptor) -> str:
    """Names a field's type as the schema does."""
    if is_map(field):
        return f"map<{type_of(key_field(field))}, {type_of(map_value(field))}>"
    if field.message_type is not None:
        name = field.message_type.name
    elif field.enum_type is not None:
        name = field.enum_type.name
    else:
        name = next(_TYPES[kind] for kind in _TYPES if getattr(field, kind) == field.type)
    return f"repeated {name}" if field.is_repeated else name


def _default(field: FieldDescriptor) -> str:
    if field.is_repeated:
        items = [] if field.message_type is not None else default_items(field)
        return f"[{', '.join(literal(field, item) for item in items)}]" if items else ""
    return literal(field, field.default_value) if field.has_default_value else ""


def _comment(full_name: str) -> str:
    text = " ".join(comment_on(full_name).split())
    return fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ") if text else ""


def _table(rows: dict[str, str]) -> str:
    """Lays names and texts out in two columns, without the rows that say nothing."""
    said = {name: text for name, text in rows.items() if text}
    width = max(map(len, said), default=0) + 2
    lines = [
        fill(f"{name:{width}}{text}", _WIDTH, subsequent_indent=" " * width, break_on_hyphens=False)
        for name, text in said.items()
    ]
    return indent("\n".join(lines), "  ")


def _by_words(subject: str) -> str | None:
    words = [_stem(word) for word in re.split(r"[^a-z0-9]+", subject.lower()) if word]
    if not words:
        return None
    found = []
    for path, field in _all_paths():
        name = path.lower()
        text = f"{name} {_about(field).lower()}"
        if all(word in text for word in words):
            # What is named so comes before what only speaks of it, and short paths before long ones.
            rank = (-sum(word in field.name for word in words), -sum(word in name for word in words), len(path))
            found.append((rank, path, field))
    if not found:
        return None
    found.sort(key=lambda hit: hit[:2])
    lines = {path: first_sentence(comment_on(field.full_name)) for _, path, field in found[:_MOST_FOUND]}
    more = f"\n\n  and {len(found) - _MOST_FOUND} more" if len(found) > _MOST_FOUND else ""
    return f"fields that fit `{subject}`:\n\n{_table(lines)}{more}"


def _stem(word: str) -> str:
    """What words of a family begin with, as `stop` of `stopping`; endings of short words tell too much to be cut."""
    for ending in ("ing", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            stem = word.removesuffix(ending)
            return stem[:-1] if len(stem) > _SHORTEST_STEM and stem[-1] == stem[-2] and ending != "s" else stem
    return word


def _about(field: FieldDescriptor) -> str:
    """All that the schema says of a field: its comment, and that on its type or its values."""
    enum = field.enum_type
    texts = [comment_on(one.full_name) for one in (field, message_of(field), enum) if one is not None]
    if enum is not None:
        texts += [f"{value.name} {comment_on(f'{enum.full_name}.{value.name}')}" for value in enum.values]
    return " ".join(texts)


def _all_paths() -> Iterator[tuple[str, FieldDescriptor]]:
    """Yields every field that a config can have, once, by the shortest path that leads to it."""
    seen: set[str] = set()
    for root in ROOTS:
        holders = [("", descriptor_of(message_class(root)))]
        # It grows while it is gone through: what lies deeper comes later.
        for prefix, descriptor in holders:
            for field in fields_of(descriptor):
                if field.full_name in seen:
                    continue
                seen.add(field.full_name)
                path = join(prefix, field.name)
                yield path, field
                if (inner := message_of(field)) is not None:
                    holders.append((path, inner))
