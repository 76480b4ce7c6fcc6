"""Single values, laid over a config like overlays of one field: `PATH=VALUE` as text, or values of Python's.

PATH is a field path as diagnostics print it; VALUE is what the text format would have after the field's
name. A string may go without quotes. A path may also name an element of a list, which an overlay cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from rankspec.composition.literals import literal, quoted
from rankspec.composition.overlays import merge, note_switch
from rankspec.diagnostics.diagnostic import Diagnostic, Position
from rankspec.diagnostics.mistake import MistakeError
from rankspec.formats.document import Document
from rankspec.formats.origins import LineIndex, Mark, Origins
from rankspec.formats.textproto.reader import read_textproto
from rankspec.schema.descriptors import descriptor_of, is_map, map_value
from rankspec.schema.field_paths import ROOT, FieldPath, Key, as_path, is_at_or_below, path_of

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message


M = TypeVar("M", bound="Message")

OVERRIDE = "--set"


class _Target(NamedTuple):
    """The message that holds the last field of a path.

    Attributes:
        holder: The message.
        path: Its path.
        created: Paths of the messages on the way.
        replaced: Paths of the oneof members that the way leaves.
    """

    holder: Message
    path: FieldPath
    created: list[FieldPath]
    replaced: list[str]


def apply(document: Document[M], assignment: str, sources: dict[str, str]) -> Document[M]:
    """Lays one `PATH=VALUE` over a document.

    Args:
        document: The document; its message is changed.
        assignment: The override.
        sources: Takes the text of the value, by its name in places.

    Returns:
        A document with the same message and the override's origins and mistakes.
    """
    path, equals, value = (part.strip() for part in assignment.partition("="))
    sources[f"{OVERRIDE} {path}"] = value
    return _applied(document, path, lambda _path: value, is_given=bool(equals))


def apply_value(document: Document[M], path: str, value: object, sources: dict[str, str]) -> Document[M]:
    """Lays a value of Python's over a document.

    Args:
        document: The document; its message is changed.
        path: The field's.
        value: A number, text, path, message, or a list or dictionary of such; the name of an enum's value; text of
            the text format for what is no string.
        sources: Takes the text that the value is written as, by its name in places.

    Returns:
        As `apply` does.
    """
    path = path.strip()

    def written(found: FieldPath) -> str:
        field, key = _last(found)
        one_of_map = is_map(field) and key is not None
        text = literal(value, map_value(field) if one_of_map else field, one=key is not None)
        sources[f"{OVERRIDE} {path}"] = text
        return text

    return _applied(document, path, written)


def _applied(
    document: Document[M], path: str, write: Callable[[FieldPath], str], *, is_given: bool = True
) -> Document[M]:
    """Lays over a document what `write` has the text format say behind the field's name."""
    file = f"{OVERRIDE} {path}"
    before = type(document.message)()
    before.CopyFrom(document.message)
    try:
        found = _path(path, document, is_given=is_given)
        text = write(found)
        return _assign(document, _descend(document.message, found), found, text, file)
    except MistakeError as error:
        # What was made on the way to a field that is not there is no mistake of its own.
        document.message.CopyFrom(before)
        return _with(document, Origins(), [error.diagnostic(path, Position(file, 1, 1))], [])


def _path(path: str, document: Document[M], *, is_given: bool) -> FieldPath:
    if not is_given:
        raise MistakeError("set.syntax", f"`{path}` is given no value", f"write `{path}=VALUE`")
    if not path:
        raise MistakeError("set.syntax", "no field is named before the `=`", "write `PATH=VALUE`")
    return path_of(path, descriptor_of(document.message))


def _last(path: FieldPath) -> tuple[FieldDescriptor, Key | None]:
    """The field that a path leads to, and the key that it takes of it, if any."""
    return path.fields[-1], path.key


def _with(document: Document[M], origins: Origins, problems: list[Diagnostic], replaced: list[str]) -> Document[M]:
    damaged = document.damaged | {problem.path for problem in problems if problem.path}
    merged = document.origins.merge(origins, replaced)
    return Document(document.message, merged, [*document.diagnostics, *problems], damaged, document.text)


def _descend(message: Message, path: FieldPath) -> _Target:
    """Walks to the message that holds the last field, creating what is not there."""
    here, above = message, ROOT
    created: list[FieldPath] = []
    replaced: list[str] = []
    for step, field in zip(path.steps[:-1], path.fields[:-1], strict=True):
        note_switch(here, field, above, replaced)
        value = getattr(here, field.name)
        above = above.to(field)
        if step.key is None:
            value.SetInParent()
            here = value
        else:
            above = above.at(step.key)
            here = value[step.key] if is_map(field) else _element(value, step.key, above)
        created.append(above)
    note_switch(here, path.fields[-1], above, replaced)
    return _Target(here, above, created, replaced)


def _element(elements: Any, index: Any, path: str) -> Any:
    if index >= len(elements):
        raise MistakeError(
            "set.index",
            f"`{path}` is past the end of the list, which has {len(elements)} elements",
            "set the whole list: `[...]`",
        )
    return elements[index]


def _assign(document: Document[M], target: _Target, path: FieldPath, value: str, file: str) -> Document[M]:
    field, key = _last(path)
    is_item = key is not None and not is_map(field)
    if is_item:
        _element(getattr(target.holder, field.name), key, path)
    text = _snippet(path, value)
    snippet = read_textproto(text, type(target.holder), file)
    in_snippet = ROOT.to(field).at(0) if is_item else ROOT.to(field)
    moved = _Moved(target.path, in_snippet, path if is_item else path.whole_field, file)
    if snippet.diagnostics:
        return _with(document, Origins(), [moved.diagnostic(d) for d in snippet.diagnostics], [])
    _refuse_more_than_one_field(snippet.message, path)
    replaced = list(target.replaced)
    if is_item:
        _set_element(target.holder, path, snippet.message, replaced)
    else:
        merge(target.holder, snippet.message, replaced, target.path)
    if field.is_repeated and key is None and not is_map(field) and not snippet.message.ListFields():
        target.holder.ClearField(field.name)
        replaced.append(path)
    known = document.origins
    outer = [created for created in target.created if known.name(created) is None or created in replaced]
    origins = Origins(lambda: moved.marks(snippet.origins, text, outer))
    return _with(document, origins, [], replaced)


def _snippet(path: FieldPath, value: str) -> str:
    """Writes the value as a text of the holder's type, so that it begins in column 1 of line 2."""
    field, key = _last(path)
    leaf = map_value(field) if is_map(field) and key is not None else field
    if leaf.type == leaf.TYPE_STRING and not value.startswith(('"', "'")):
        one = not field.is_repeated or key is not None
        value = value if not one and value.startswith("[") else quoted(value)
    if is_map(field) and key is not None:
        written = quoted(key) if isinstance(key, str) else str(key).lower()
        return f"{field.name} {{ key: {written} value:\n{value}\n}}"
    return f"{field.name}:\n{value}"


def _refuse_more_than_one_field(message: Message, path: FieldPath) -> None:
    field, key = _last(path)
    extra = [other.name for other, _ in message.ListFields() if other.name != field.name]
    one = not field.is_repeated or key is None or len(getattr(message, field.name)) == 1
    if extra or not one:
        raise MistakeError(
            "set.syntax",
            f"the value of `{field.name}` goes on past its end",
            "give one value; write further fields with `--set` of their own",
        )


def _set_element(holder: Message, path: FieldPath, above: Message, replaced: list[str]) -> None:
    field, index = _last(path)
    elements, value = getattr(holder, field.name), getattr(above, field.name)[0]
    if field.message_type is None:
        elements[index] = value
    else:
        merge(elements[index], value, replaced, path)


class _Moved:
    """Brings paths and places of a snippet to where its value goes."""

    def __init__(self, holder: FieldPath, source: FieldPath, to: FieldPath, file: str) -> None:
        self._holder = holder
        self._source = source
        self._to = to
        self._file = file

    def path(self, path: FieldPath) -> FieldPath:
        is_value = is_at_or_below(path, self._source)
        return path.moved(self._source, self._to) if is_value else path.moved(ROOT, self._holder)

    def position(self, position: Position | None) -> Position:
        if position is None or position.line < 2:
            return Position(self._file, 1, 1)
        return Position(self._file, position.line - 1, position.column)

    def diagnostic(self, diagnostic: Diagnostic) -> Diagnostic:
        return Diagnostic(
            diagnostic.code,
            diagnostic.message,
            self.path(as_path(diagnostic.path)),
            self.position(diagnostic.position),
            diagnostic.severity,
            diagnostic.suggestion,
        )

    def marks(self, origins: Origins, text: str, outer: list[FieldPath]) -> Iterator[Mark]:
        begin = text.index("\n") + 1
        lines = LineIndex(self._file, text[begin:])
        for path in outer:
            yield Mark(path, lines, 0, 0)
        for mark in origins.marks.values():
            if is_at_or_below(mark.path, self._source):
                offsets = (max(offset - begin, 0) for offset in (mark.name_offset, mark.value_offset))
                yield Mark(self.path(mark.path), lines, *offsets)
