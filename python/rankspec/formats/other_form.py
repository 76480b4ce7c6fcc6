"""Recognises a file whose name stands for one form of a config and whose content is another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rankspec.diagnostics.diagnostic import Diagnostic, Position
from rankspec.formats import readers
from rankspec.formats.document import Document

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

# Form, what people call it, and an extension that stands for it; the strictest first, because most JSON is YAML too.
_FORMS: tuple[tuple[str, str, str, Callable[..., Document[Any]]], ...] = (
    ("json", "JSON", ".json", readers.read_json),
    ("text", "the text format", ".textproto", readers.read_textproto),
    ("yaml", "YAML", ".yaml", readers.read_yaml),
)
_NAMES = {form: name for form, name, *_ in _FORMS} | {"binary": "the binary form"}


def recognise(data: bytes, form: str, wanted: type[Message], file: str) -> Diagnostic | None:
    """Says which other form a file has that cannot be read in the one it is named for.

    Returns:
        What is wrong with the file's name; None if the content is of no other form.
    """
    if form == "json" and data.lstrip()[:1] == b"{":
        # Most JSON with a mistake, such as a comma too many, is YAML.
        return None
    for other, name, extension, read in _FORMS:
        if other != form and _is_written(read(data, wanted, file)):
            problem = f"this is {name}, not {_NAMES[form]}"
            suggestion = f"give the file a name that ends in {extension}"
            return Diagnostic("parse.other_form", problem, "", Position(file, 1, 1), "error", suggestion)
    return None


def is_not_written(document: Document[Message]) -> bool:
    """Tells whether a document has mistakes of the kind that another form gives."""
    return any(d.code in {"parse.syntax", "parse.unterminated"} for d in document.diagnostics)


def _is_written(document: Document[Any]) -> bool:
    return document.ok and bool(document.message.ListFields())
