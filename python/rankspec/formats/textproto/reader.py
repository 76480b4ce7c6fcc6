"""Reads the text format into a message, with the place of every value and every mistake in one run.

What it accepts, `google.protobuf.text_format` accepts with the same message; what the official parsers of
other languages read differently is refused (`parse.not_portable.…`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, TypeVar

from google.protobuf.message import Message

from rankspec.diagnostics.diagnostic import Diagnostic, Position
from rankspec.formats.blocks import marks
from rankspec.formats.document import Document
from rankspec.formats.field_plans import plan_of
from rankspec.formats.origins import LineIndex, Origins
from rankspec.formats.reading_state import State
from rankspec.formats.reporter import MAX_MISTAKES, REPLACEMENT, Reporter, TooManyMistakesError
from rankspec.formats.textproto.statements import StatementReader

if TYPE_CHECKING:
    from collections.abc import Callable

M = TypeVar("M", bound=Message)

MAX_BYTES = 16 * 1024 * 1024
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_textproto(text: str | bytes, message_class: type[M], file: str) -> Document[M]:
    """Reads a message in the text format.

    Args:
        text: The source; bytes are UTF-8.
        message_class: The type of the message.
        file: The source's name, for positions.

    Returns:
        What could be read, and every mistake. Never raises for what the text holds.
    """

    def read(*, by_indentation: bool) -> Reading[M]:
        return Reading(
            text, message_class, file, lambda state: StatementReader(state, by_indentation=by_indentation).read_all()
        )

    reading = read(by_indentation=False)
    if reading.state.unbalanced:
        # A missing brace is best found where the indentation and the braces part. Where a file's indentation
        # says nothing, going by it finds more mistakes, not fewer.
        indented = read(by_indentation=True)
        if len(indented.state.reporter) <= len(reading.state.reporter):
            reading = indented
    return reading.document()


def _refusal_of(text: str | bytes, file: str) -> Diagnostic | None:
    """Refuses a source that is too large, or no text at all, before anything is read of it."""
    large = too_large(text, file)
    found = _no_text(text) if large is None and isinstance(text, bytes) else None
    if found is None:
        return large
    return Diagnostic("parse.not_portable.encoding", found[0], "", Position(file, 1, 1), "error", found[1])


def _no_text(data: bytes) -> tuple[str, str] | None:
    """Says what bytes are that are no text, and what to do."""
    if data.startswith(_UTF_16) or data.count(b"\0") > len(data) // 4:
        return "the file is UTF-16, not UTF-8", "save the file as UTF-8"
    # Most files have no NUL. In what is text otherwise, it is reported at its place.
    if b"\0" not in data:
        return None
    try:
        data.decode()
    except UnicodeDecodeError:
        return "the file holds binary data, not text", "a config in the binary form has a name that ends in .binpb"
    return None


def too_large(text: str | bytes, file: str) -> Diagnostic | None:
    """Refuses a source of more than 16 MiB."""
    size = len(text)
    if isinstance(text, str) and MAX_BYTES // 4 < size <= MAX_BYTES:
        size = len(text.encode(errors="replace"))
    if size <= MAX_BYTES:
        return None
    message = f"the file has more than {MAX_BYTES // 1024 // 1024} MiB, which no config needs"
    return Diagnostic("parse.too_large", message, "", LineIndex(file, "").position(0), "error", None)


def decode(text: str | bytes) -> tuple[str, int | None]:
    """Decodes a source.

    Returns:
        The text with a replacement character for what is not UTF-8, and the offset of the first such place.
    """
    if isinstance(text, str):
        surrogate = None if text.isascii() else _SURROGATE.search(text)
        return (_SURROGATE.sub(REPLACEMENT, text), surrogate.start()) if surrogate else (text, None)
    try:
        return text.decode(), None
    except UnicodeDecodeError as error:
        return text.decode(errors="replace"), len(text[: error.start].decode())


class Reading(Generic[M]):
    """One attempt at a source, whatever its form.

    Attributes:
        state: What was read.
    """

    def __init__(self, text: str | bytes, message_class: type[M], file: str, read: Callable[[State], None]) -> None:
        """Reads a source: `read` reads the text of a state into its message, and reports mistakes to its reporter."""
        self._file = file
        self._message = message_class()
        self._refusal = _refusal_of(text, file)
        source, bad_offset = decode(text) if self._refusal is None else ("", None)
        self.state = State(source, plan_of(message_class.DESCRIPTOR), self._message, Reporter())
        self._gave_up = False
        try:
            self._report_undecodable(bad_offset)
            if self._refusal is None:
                read(self.state)
        except TooManyMistakesError:
            self._gave_up = True

    def _report_undecodable(self, offset: int | None) -> None:
        if offset is not None:
            state = self.state
            state.undecodable = True
            message, remedy = "the file is not UTF-8 from here on", "save the file as UTF-8"
            state.reporter.error("parse.not_portable.encoding", message, state.root, "", offset, remedy)

    def document(self) -> Document[M]:
        """Returns what was read."""
        if self._refusal is not None:
            return Document(self._message, Origins(), [self._refusal], frozenset({""}))
        state = self.state
        lines = LineIndex(self._file, state.text)
        diagnostics = state.reporter.diagnostics(lines, state.text) if len(state.reporter) else []
        damaged = state.reporter.damaged_paths()
        if self._gave_up:
            message = f"there are more than {MAX_MISTAKES} mistakes; the rest was not read"
            diagnostics.append(Diagnostic("parse.too_many", message, "", None, "error", None))
            damaged = frozenset({""})
        return Document(self._message, Origins(lambda: marks(state.root, lines)), diagnostics, damaged, state.text)
