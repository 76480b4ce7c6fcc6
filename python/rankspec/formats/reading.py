"""Reads a file into a document: its form by the extension, its message by the header."""

from __future__ import annotations

import errno
import sys
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from rankspec.diagnostics.diagnostic import Diagnostic, Position
from rankspec.diagnostics.mistake import MistakeError
from rankspec.formats.document import Document
from rankspec.formats.forms import BINARY, EXTENSIONS, JSON, TEXT, YAML, Form, extension_of, form_of
from rankspec.formats.origins import Origins
from rankspec.formats.textproto.reader import MAX_BYTES
from rankspec.schema.message_types import DEFAULT_MESSAGE, message_class, named_in_header

if TYPE_CHECKING:
    from google.protobuf.message import Message

STDIN = "-"
STDIN_NAME = "<stdin>"

_HEADER_KEYS = (b"proto-file:", b"proto-message:")


class Header(NamedTuple):
    """What the comments at the top of a file say about it.

    Attributes:
        proto_file: The file that defines the message.
        proto_message: The message.
        line: The line of the last of them, counted from 1.
    """

    proto_file: str | None = None
    proto_message: str | None = None
    line: int = 1


def read_header(data: bytes) -> Header:
    """Reads `# proto-file:` and `# proto-message:` among the comments and blank lines that a text begins with."""
    found: dict[bytes, str] = {}
    last = 1
    for number, line in enumerate(BytesIO(data), 1):
        text = line.strip()
        if text and not text.startswith(b"#"):
            break
        comment = text[1:].strip()
        for key in _HEADER_KEYS:
            if comment.startswith(key):
                found.setdefault(key, comment[len(key) :].strip().decode(errors="replace"))
                last = number
    return Header(found.get(_HEADER_KEYS[0]), found.get(_HEADER_KEYS[1]), last)


def read(path: str, message: str | None, default: str = DEFAULT_MESSAGE) -> Document[Message]:
    """Reads a file.

    Args:
        path: The file; `-` is the standard input, which is JSON if it begins with a brace.
        message: Name of the message; None takes what the header says.
        default: Name of the message of a file without a header.

    Returns:
        What could be read, and every mistake; a file that cannot be read at all has one.
    """
    name = STDIN_NAME if path == STDIN else path
    try:
        data = bytes_of(path)
    except (OSError, ValueError) as error:
        return unreadable(name, *why(path, error))
    form = _form(path, data)
    if form is None:
        problem = f"the extension `{extension_of(path)}` stands for no form of a config"
        return unreadable(name, "file.unknown_form", problem, f"the extensions are {', '.join(EXTENSIONS)}")
    header = read_header(data) if form in {TEXT, YAML} else Header()
    try:
        wanted = message_class(message or _wanted(header) or default)
    except MistakeError as error:
        line = 1 if message else header.line
        return unreadable(name, "file.unknown_message", error.message, error.suggestion, line)
    if form is not BINARY and b"<<<<<<<" in data:
        from rankspec.formats.merge_conflicts import without_conflicts

        merged, conflicts = without_conflicts(data, name)
        if conflicts:
            document = form.read(merged, wanted, name)
            document.diagnostics[:0] = conflicts
            document.text = data.decode(errors="replace")
            return document
    document = form.read(data, wanted, name)
    if not document.ok:
        from rankspec.formats.other_form import is_not_written, recognise

        other = recognise(data, form, wanted, name) if is_not_written(document) else None
        if other is not None:
            return Document(wanted(), Origins(), [other], frozenset({""}))
    return document


def bytes_of(path: str) -> bytes:
    """Reads a file, or the standard input for `-`: at most one byte more than a config may have.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no file name.
    """
    if path == STDIN:
        if sys.stdin is None:
            raise OSError(errno.EBADF, "it is closed")
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    # Not through pathlib, which takes longer to import than the file to read.
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _wanted(header: Header) -> str | None:
    if header.proto_file is None and header.proto_message is None:
        return None
    return named_in_header(header.proto_message, header.proto_file)


def _form(path: str, data: bytes) -> Form | None:
    if path == STDIN:
        return JSON if data.lstrip()[:1] == b"{" else TEXT
    # A name without an extension says nothing about the form, and text is the usual one.
    return form_of(path) or (None if extension_of(path) else TEXT)


def why(path: str, error: OSError | ValueError) -> tuple[str, str, str | None]:
    """Says why a file cannot be read: a code, the problem, and a suggestion if there is one."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "file.missing", f"there is no file `{path}`", _similar(path)
        case IsADirectoryError():
            return "file.is_folder", f"`{path}` is a folder", "name a file in it"
        case PermissionError():
            return "file.unreadable", f"`{path}` may not be read", "check the file's permissions"
        case OSError():
            name = "the standard input" if path == STDIN else f"`{path}`"
            return "file.unreadable", f"{name} cannot be read: {error.strerror or error}", None
        case _:
            return "file.missing", f"{path!r} is no file name", None


def _similar(path: str) -> str | None:
    from pathlib import Path

    from rankspec.diagnostics.closest_name import closest

    if Path(path).is_symlink():
        return f"it is a link to `{Path(path).readlink()}`, which is not there"
    folder = Path(path).parent
    try:
        names = [entry.name for entry in folder.iterdir() if entry.is_file() and form_of(entry.name)]
    except OSError:
        return f"there is no folder `{folder}` either" if not folder.exists() else None
    match = closest(Path(path).name, names)
    return f"did you mean `{folder / match}`?" if match else None


def unreadable(name: str, code: str, problem: str, suggestion: str | None, line: int = 1) -> Document[Message]:
    """Describes a file that nothing could be read of."""
    empty = message_class(DEFAULT_MESSAGE)()
    diagnostic = Diagnostic(code, problem, "", Position(name, line, 1), "error", suggestion)
    return Document(empty, Origins(), [diagnostic], frozenset({""}))
