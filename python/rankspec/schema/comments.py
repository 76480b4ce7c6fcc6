"""The comments of the schema, which are its documentation.

Generated Python code carries none, so `make generate` writes a descriptor set with the comments beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

_FILE_NAME = "schema.binpb"
# What has a name and can have a comment, by the fields of descriptor.proto that hold it.
_COMMENTED = frozenset({"message_type", "nested_type", "enum_type", "field", "oneof_decl", "value"})


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
    for location in file.source_code_info.location:
        if name := _named(file, location.path):
            yield name, "\n".join(line.strip() for line in location.leading_comments.strip().splitlines())


def _named(file: FileDescriptorProto, path: Sequence[int]) -> str | None:
    """The full name of what a path leads to: numbers of fields in descriptor.proto and places in them, by turns."""
    if not path or len(path) % 2:
        return None
    name, holder = file.package, cast("Any", file)
    for number, place in zip(path[::2], path[1::2], strict=True):
        part = holder.DESCRIPTOR.fields_by_number[number].name
        if part not in _COMMENTED:
            return None
        holder = getattr(holder, part)[place]
        name = f"{name}.{holder.name}"
    return name
