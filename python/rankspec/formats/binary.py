"""Reads the binary form, which knows no places; what the schema does not know is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.formats.document import Document
from rankspec.formats.origins import Origins
from rankspec.formats.textproto.reader import too_large
from rankspec.schema.leaves import messages

if TYPE_CHECKING:
    from collections.abc import Iterator

M = TypeVar("M", bound=Message)


def read_binary(data: bytes, message_class: type[M], file: str) -> Document[M]:
    """Reads a message in the binary form.

    Args:
        data: The serialized message.
        message_class: The type of the message.
        file: The source's name.

    Returns:
        The message, and every mistake: fields that the schema does not have are listed by number. Never
        raises for what the data holds.
    """
    refusal = too_large(data, file)
    message = message_class()
    if refusal is not None:
        return Document(message, Origins(), [refusal], frozenset({""}))
    try:
        message.ParseFromString(data)
    except DecodeError:
        text = f"{file} is not a serialized {message_class.DESCRIPTOR.name}"
        broken = Diagnostic("parse.syntax", text, "", None, "error", "was it written for another message?")
        return Document(message_class(), Origins(), [broken], frozenset({""}))
    return Document(message, Origins(), list(_unknown_fields(message, file)))


def _unknown_fields(whole: Message, file: str) -> Iterator[Diagnostic]:
    for place, message in messages(whole):
        unknown = UnknownFieldSet(message)
        if numbers := sorted({unknown[index].field_number for index in range(len(unknown))}):
            text = (
                f"{file} has fields that {message.DESCRIPTOR.name} does not have: "
                f"{', '.join(f'number {number}' for number in numbers)}"
            )
            help_text = "it was written by a newer schema, or for another message"
            yield Diagnostic("parse.unknown_field", text, place.path, None, "error", help_text)
