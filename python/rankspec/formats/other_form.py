"""Recognises a file whose name stands for one form of a config and whose content is another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rankspec.diagnostics.diagnostic import Diagnostic, Position
from rankspec.formats.document import Document
from rankspec.formats.forms import BINARY, FORMS, JSON, Form

if TYPE_CHECKING:
    from google.protobuf.message import Message


def recognise(data: bytes, form: Form, wanted: type[Message], file: str) -> Diagnostic | None:
    """Says which other form a file has that cannot be read in the one it is named for.

    Returns:
        What is wrong with the file's name; None if the content is of no other form.
    """
    if form is JSON and data.lstrip()[:1] == b"{":
        # Most JSON with a mistake, such as a comma too many, is YAML.
        return None
    for other in FORMS:
        if other not in {form, BINARY} and _is_written(other.read(data, wanted, file)):
            problem = f"this is {other.words}, not {form.words}"
            suggestion = f"give the file a name that ends in {other.extensions[0]}"
            return Diagnostic("parse.other_form", problem, "", Position(file, 1, 1), "error", suggestion)
    return None


def is_not_written(document: Document[Message]) -> bool:
    """Tells whether a document has mistakes of the kind that another form gives."""
    return any(d.code in {"parse.syntax", "parse.unterminated"} for d in document.diagnostics)


def _is_written(document: Document[Any]) -> bool:
    return document.ok and bool(document.message.ListFields())
