"""Reads the text format into a message, with the place of every value and every mistake in one run.

What it accepts, `google.protobuf.text_format` accepts with the same message; what the official parsers of
other languages read differently is refused (`parse.not_portable.…`).

Most statements of a real file have one of a few plain forms. One regular expression matches such a statement
as a whole, and the value goes straight into the message. Whatever does not match, or does not fit, is read
again by `StatementReader`, which knows all forms and tells mistakes apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, TypeVar

from google.protobuf.message import Message

from rankspec.diagnostics import Diagnostic, Position
from rankspec.source.blocks import marks
from rankspec.source.document import Document
from rankspec.source.origins import LineIndex, Origins
from rankspec.source.plain import (
    CLOSE,
    NAME,
    NUMBER,
    NUMBERS,
    OPEN,
    OPENERS,
    SKIP,
    STATEMENT,
    STRING,
    STRINGS,
    plain_strings,
)
from rankspec.source.plans import plan_of
from rankspec.source.reports import MAX_MISTAKES, REPLACEMENT, Reporter, TooManyMistakesError
from rankspec.source.state import MAX_DEPTH, State

if TYPE_CHECKING:
    from rankspec.source.plans import FieldPlan

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
    refusal = refusal_of(text, file)
    if refusal is not None:
        return Document(message_class(), Origins(), [refusal], frozenset({""}))
    source, bad_offset = decode(text)
    reading = _read(source, message_class, file, bad_offset, by_indentation=False)
    if reading.state.unbalanced:
        # A missing brace is best found where the indentation and the braces part. Where a file's indentation
        # says nothing, going by it finds more mistakes, not fewer.
        indented = _read(source, message_class, file, bad_offset, by_indentation=True)
        if len(indented.state.reporter) <= len(reading.state.reporter):
            reading = indented
    return reading.document()


def refusal_of(text: str | bytes, file: str) -> Diagnostic | None:
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


def report_undecodable(state: State, offset: int | None) -> None:
    """Reports the place that `decode` found."""
    if offset is not None:
        state.undecodable = True
        message = "the file is not UTF-8 from here on"
        state.reporter.error("parse.not_portable.encoding", message, state.root, "", offset, "save the file as UTF-8")


class Reading(Generic[M]):
    """One attempt at a text."""

    def __init__(self, text: str, message_class: type[M], file: str) -> None:
        self.message = message_class()
        self.state = State(text, plan_of(message_class.DESCRIPTOR), self.message, Reporter())
        self.file = file
        self.gave_up = False

    def document(self) -> Document[M]:
        """Returns what was read."""
        state = self.state
        lines = LineIndex(self.file, state.text)
        diagnostics = state.reporter.diagnostics(lines, state.text) if len(state.reporter) else []
        damaged = state.reporter.damaged_paths()
        if self.gave_up:
            message = f"there are more than {MAX_MISTAKES} mistakes; the rest was not read"
            diagnostics.append(Diagnostic("parse.too_many", message, "", None, "error", None))
            damaged = frozenset({""})
        origins = Origins(
            lambda: marks(state.root, lines, state.text), lambda path: marks(state.root, lines, state.text, path)
        )
        return Document(self.message, origins, diagnostics, damaged, state.text)


def _read(text: str, message_class: type[M], file: str, bad_offset: int | None, *, by_indentation: bool) -> Reading[M]:
    reading = Reading(text, message_class, file)
    state = reading.state
    try:
        report_undecodable(state, bad_offset)
        position = 0 if by_indentation else _read_plain_statements(state, 0)
        if not _is_finished(state, position):
            _read_all_statements(state, position, by_indentation=by_indentation)
    except TooManyMistakesError:
        reading.gave_up = True
    return reading


def _is_finished(state: State, position: int) -> bool:
    rest = SKIP.match(state.text, position)
    return state.block is state.root and rest is not None and rest.end() == len(state.text)


def _read_all_statements(state: State, start: int, *, by_indentation: bool) -> None:
    """Reads the rest of the text, whatever it holds."""
    # Imported only for texts that need it: most do not, and it has patterns to compile.
    from rankspec.source.statements import StatementReader

    careful = StatementReader(state, by_indentation=by_indentation)
    position = careful.statement(start)
    while position is not None:
        if not by_indentation:
            position = _read_plain_statements(state, position)
        position = careful.statement(position)


def _read_plain_statements(state: State, position: int) -> int:
    """Reads statements as long as they are plain; returns the offset after the last one."""
    text = state.text
    match = STATEMENT.match
    while True:
        block = state.block
        message, seen, fields = block.message, block.seen, block.plan.fields
        record = block.entries.append
        while True:
            statement = match(text, position)
            if statement is None:
                return position
            form = statement.lastindex or 0
            if form == CLOSE:
                if statement[CLOSE] != block.closer or block.in_list:
                    return position
                state.close()
                position = statement.end()
                break
            name, literal = statement.group(NAME, form)
            field = fields.get(name)
            if field is None or field.exclusive in seen:
                return position
            if form == OPEN:
                if field.kind != "message" or state.depth >= MAX_DEPTH:
                    return position
                state.open(field, statement.start(NAME), statement.start(OPEN), OPENERS[literal])
                position = statement.end()
                break
            try:
                if form >= NUMBERS:
                    if not _extend(message, field, form, literal):
                        return position
                    record((field, statement.start(NAME), statement.start(form), statement.end(form)))
                else:
                    value = field.converters[form](literal)
                    if value is None:
                        return position
                    entry = (field, statement.start(NAME), statement.start(form) - (form == STRING), None)
                    if field.repeated:
                        getattr(message, name).append(value)
                    else:
                        setattr(message, name, value)
                        seen[field.exclusive] = entry
                    record(entry)
            except ValueError:
                # Out of range, or a real number for a whole one.
                return position
            position = statement.end()


def _extend(message: Message, field: FieldPlan, form: int, inside: str) -> bool:
    """Appends the elements of a plain list; False if the field does not take them.

    Raises:
        ValueError: It does not take the value of one of them. Nothing is appended then.
    """
    if not field.repeated:
        return False
    container = getattr(message, field.name)
    if form == STRINGS:
        if field.kind != "string":
            return False
        container.extend(plain_strings(inside))
        return True
    convert = field.converters[NUMBER]
    values = [convert(literal) for literal in inside.split(",")]
    if None in values:
        return False
    length = len(container)
    try:
        container.extend(values)
    except ValueError:
        del container[length:]
        raise
    return True
