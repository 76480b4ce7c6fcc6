"""Writes a config as text, JSON or binary, always the same for the same config.

Fields come in the order of the schema, map entries in that of their keys' UTF-8 bytes. A literal `${` in a
value is written `$${`, so that reading it back replaces nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from rankspec.schema.descriptors import enum_of, is_map, is_message, key_field, map_value
from rankspec.schema.field_paths import ROOT, FieldPath
from rankspec.schema.leaves import Leaf, in_schema_order, items
from rankspec.schema.string_values import escaped, replace_strings

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message


M = TypeVar("M", bound="Message")

# Says what to write behind the value at a path; None for nothing.
Note = Callable[[FieldPath], str | None]


def write(config: Message, form: str) -> bytes:
    """Writes a config whose variables have been replaced.

    Args:
        config: What to write.
        form: One of `WRITTEN_FORMS`.
    """
    return write_with_variables(_escaped(config), form)


def write_with_variables(config: Message, form: str) -> bytes:
    """Writes a config as it stands: reading it replaces the `${VAR}` in its values.

    Args:
        config: What to write.
        form: One of `WRITTEN_FORMS`.
    """
    match form:
        case "textproto":
            return _textproto(config, _no_note).encode()
        case "json":
            return _json(config).encode()
        case _:
            return config.SerializeToString(deterministic=True)


def write_file(path: str, data: bytes) -> None:
    """Writes a file as a whole: whatever happens, it holds what it held before, or all of the data.

    A file that is there keeps its permissions. Pipes, devices and symbolic links are written through.

    Raises:
        OSError: It cannot be written.
    """
    from pathlib import Path

    target = Path(path)
    mode = target.lstat().st_mode if os.path.lexists(target) else None
    if mode is not None and not (stat.S_ISREG(mode) and os.access(target, os.W_OK)):
        # A file that may not be written is refused here: a new one could take its place all the same.
        target.write_bytes(data)
        return
    beside = target.with_name(f".rankspec-{os.getpid()}")
    with beside.open("xb") as file:
        try:
            file.write(data)
            file.flush()
            if mode is not None:
                beside.chmod(stat.S_IMODE(mode))
            beside.replace(target)
        except BaseException:
            beside.unlink()
            raise


def to_textproto(config: Message, note: Note | None = None) -> str:
    """Writes a config in the text format, under the header that tells readers which message it is.

    Args:
        config: What to write.
        note: Gives comments for single values.
    """
    return _textproto(_escaped(config), note or _no_note)


def _textproto(config: Message, note: Note) -> str:
    descriptor = config.DESCRIPTOR
    header = f"# proto-file: {descriptor.file.name}\n# proto-message: {descriptor.name}\n\n"
    return header + "".join(f"{line}\n" for line in _lines(config, ROOT, "", note))


def _json(config: Message) -> str:
    import json

    from google.protobuf import json_format

    plain = json_format.MessageToDict(config, preserving_proto_field_name=True)
    return json.dumps(_ordered(plain, config), ensure_ascii=False, indent=2) + "\n"


def _escaped(config: M) -> M:
    copy = type(config)()
    copy.CopyFrom(config)
    replace_strings(copy, lambda _path, text: escaped(text))
    return copy


def _no_note(_path: FieldPath) -> str | None:
    return None


def _lines(message: Message, path: FieldPath, indent: str, note: Note) -> Iterator[str]:
    for field, value in in_schema_order(message):
        if is_map(field):
            for leaf in items(path, field, value):
                yield from _entry(field, leaf, indent, note)
        elif is_message(field):
            for leaf in items(path, field, value):
                yield from _block(field.name, leaf, indent, note)
        else:
            text = f"[{', '.join(literal(field, item) for item in value)}]" if field.is_repeated else None
            yield f"{indent}{field.name}: {text or literal(field, value)}{_comment(note(path.to(field)))}"


def _entry(field: FieldDescriptor, leaf: Leaf, indent: str, note: Note) -> Iterator[str]:
    inner = indent + "  "
    yield f"{indent}{field.name} {{"
    yield f"{inner}key: {literal(key_field(field), leaf.path.key)}"
    item = map_value(field)
    if item.message_type is not None:
        yield from _block("value", leaf, inner, note)
    else:
        yield f"{inner}value: {literal(item, leaf.value)}{_comment(note(leaf.path))}"
    yield f"{indent}}}"


def _block(name: str, leaf: Leaf, indent: str, note: Note) -> Iterator[str]:
    inside = list(_lines(leaf.value, leaf.path, indent + "  ", note))
    if not inside:
        yield f"{indent}{name} {{}}{_comment(note(leaf.path))}"
        return
    yield f"{indent}{name} {{"
    yield from inside
    yield f"{indent}}}"


def _comment(text: str | None) -> str:
    return f"  # {text}" if text else ""


def literal(field: FieldDescriptor, value: Any) -> str:
    """Writes a scalar in the text format."""
    if field.type in {field.TYPE_STRING, field.TYPE_BYTES}:
        from google.protobuf.text_encoding import CEscape

        return f'"{CEscape(value, as_utf8=field.type == field.TYPE_STRING)}"'
    if field.type == field.TYPE_BOOL:
        return "true" if value else "false"
    if field.enum_type is not None:
        known = enum_of(field).values_by_number.get(value)
        return known.name if known is not None else str(value)
    # The shortest decimal that gives the same number back.
    return repr(value)


def _ordered(plain: dict[str, Any], message: Message) -> dict[str, Any]:
    """Brings a message in JSON form into the order that all forms are written in."""
    ordered: dict[str, Any] = {}
    for field, value in in_schema_order(message):
        item = plain[field.name]
        if is_map(field):
            is_block = map_value(field).message_type is not None
            # JSON writes keys that are no strings as strings.
            names = {key: str(key).lower() if isinstance(key, bool) else str(key) for key in sorted(value)}
            item = {name: _ordered(item[name], value[key]) if is_block else item[name] for key, name in names.items()}
        elif field.message_type is not None:
            item = (
                [_ordered(i, v) for i, v in zip(item, value, strict=True)]
                if field.is_repeated
                else _ordered(item, value)
            )
        ordered[field.name] = item
    return ordered
