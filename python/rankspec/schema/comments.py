"""The comments of the schema, which are its documentation.

Generated Python code carries none, so `make generate` writes a descriptor set with the comments beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto

_FILE_NAME = "schema.binpb"
# Field numbers in descriptor.proto, of which the path of a comment is made.
_MESSAGE, _ENUM = 4, 5
_FIELD, _NESTED_MESSAGE, _NESTED_ENUM, _ONEOF = 2, 3, 4, 8
_VALUE = 2


def comment_on(full_name: str) -> str:
    """Returns the comment on a message, field, oneof, enum or enum value; empty if it has none.

    Args:
        full_name: Such as `rankspec.recap.v1.MlpConfig.layer_sizes`.
    """
    return all_comments().get(full_name, "")


def first_sentence(comment: str) -> str:
    """Returns the first sentence of a comment, without its full stop."""
    sentence, _, _ = " ".join(comment.split()).partition(". ")
    return sentence.rstrip(".")


@cache
def all_comments() -> dict[str, str]:
    """Returns every comment of the schema, by the full name of what it is on."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    schema = FileDescriptorSet.FromString(_schema_file().read_bytes())
    return {name: text for file in schema.file for name, text in _comments_of(file)}


def _schema_file() -> Path:
    import rankspec

    return next(path for root in rankspec.__path__ if (path := Path(root) / _FILE_NAME).is_file())


def _comments_of(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    texts = {tuple(location.path): location.leading_comments for location in file.source_code_info.location}
    for path, name in _named(file):
        yield name, "\n".join(line.strip() for line in texts.get(path, "").strip().splitlines())


def _named(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yields the path and the full name of everything that can have a comment."""
    for index, message in enumerate(file.message_type):
        yield from _in_message(message, (_MESSAGE, index), f"{file.package}.{message.name}")
    for index, enum in enumerate(file.enum_type):
        yield from _in_enum(enum, (_ENUM, index), f"{file.package}.{enum.name}")


def _in_message(message: DescriptorProto, path: tuple[int, ...], name: str) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, name
    for index, field in enumerate(message.field):
        yield (*path, _FIELD, index), f"{name}.{field.name}"
    for index, oneof in enumerate(message.oneof_decl):
        yield (*path, _ONEOF, index), f"{name}.{oneof.name}"
    for index, nested in enumerate(message.nested_type):
        if not nested.options.map_entry:
            yield from _in_message(nested, (*path, _NESTED_MESSAGE, index), f"{name}.{nested.name}")
    for index, enum in enumerate(message.enum_type):
        yield from _in_enum(enum, (*path, _NESTED_ENUM, index), f"{name}.{enum.name}")


def _in_enum(enum: EnumDescriptorProto, path: tuple[int, ...], name: str) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, name
    for index, value in enumerate(enum.value):
        yield (*path, _VALUE, index), f"{name}.{value.name}"
