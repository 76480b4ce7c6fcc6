"""The forms that a config has as a file: what they are called, which names of files stand for them, and who reads them.

A reader returns a `Document` with the place of every value and every mistake, and never raises for what the source
holds. Its module is imported when a file of the form is read, so that starting up stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from rankspec.formats.document import Document


class Form(NamedTuple):
    """One form.

    Attributes:
        name: What options call it.
        words: What people call it.
        extensions: The ends of file names that stand for it, the usual one first.
        reader: The module and the function that read it.
        is_written: Whether configs are written in it, beside being read.
    """

    name: str
    words: str
    extensions: tuple[str, ...]
    reader: tuple[str, str]
    is_written: bool = True

    def read(self, data: bytes, wanted: type[Message], file: str) -> Document[Message]:
        """Reads a message; `file` is the source's name, for positions."""
        module, function = self.reader
        document: Document[Message] = getattr(import_module(f"rankspec.formats.{module}"), function)(data, wanted, file)
        return document


TEXT = Form("textproto", "the text format", (".textproto", ".txtpb", ".pbtxt"), ("textproto.reader", "read_textproto"))
JSON = Form("json", "JSON", (".json",), ("json_yaml.json_reader", "read_json"))
YAML = Form("yaml", "YAML", (".yaml", ".yml"), ("json_yaml.yaml_reader", "read_yaml"), is_written=False)
BINARY = Form("binary", "the binary form", (".binpb", ".pb"), ("binary", "read_binary"))

# The strictest first: most JSON is YAML too.
FORMS = (TEXT, JSON, BINARY, YAML)
_BY_EXTENSION = {extension: form for form in FORMS for extension in form.extensions}
EXTENSIONS = tuple(sorted(_BY_EXTENSION))
# What options take for the form to write.
WRITTEN_FORMS = tuple(form.name for form in FORMS if form.is_written)


def form_of(path: str) -> Form | None:
    """Returns the form that a file name's extension stands for; None if it stands for none."""
    return _BY_EXTENSION.get(extension_of(path).lower())


def written_form(path: str) -> str | None:
    """Returns the name of the form to write a file in; None if its extension stands for none."""
    form = form_of(path)
    return form.name if form is not None and form.is_written else None


def extension_of(path: str) -> str:
    """Returns the end of a file's name from its last dot on; empty without one, and for a name that begins with it."""
    stem, dot, extension = path.replace("\\", "/").rpartition("/")[2].rpartition(".")
    return dot + extension if stem else ""
