"""From files, or a message, to one config: reading, overlays, overrides, variables, inheritance. No rule is asked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.message import Message

from rankspec.composition.completion import Completion, complete
from rankspec.composition.inheritance import Copy, inherit
from rankspec.diagnostics.diagnostic import Diagnostic, Position, has_errors
from rankspec.formats.document import Document
from rankspec.formats.origins import Origins
from rankspec.formats.reading import STDIN, STDIN_NAME, read
from rankspec.schema.field_paths import FieldPath, is_at_or_below
from rankspec.schema.message_types import DEFAULT_MESSAGE
from rankspec.schema.string_values import replace_in_values

PathName = str | os.PathLike[str]
# What stands for a file's name where there is none.
_MESSAGE_NAME = "the message"


class LoadedConfig:
    """A config as files or code, single values and variables give it, before any default is filled in.

    Attributes:
        message: The config.
        file: Name of the base; None for a message that was built in code.
        origins: Where each value came from.
        diagnostics: What is wrong with it, and warnings, in the order of their places.
        sources: The texts that were read, by file name, for quoting lines.
        variables: The variables that each path's value was made of.
        document: The same as one document, for those who judge the message.
        copies: What one part of the config took from another.
        composing: Those of the diagnostics that are of reading and laying over, whatever the rules say.
    """

    def __init__(
        self,
        document: Document[Message],
        file: str | None,
        diagnostics: list[Diagnostic],
        sources: dict[str, str],
        variables: dict[FieldPath, tuple[str, ...]],
        copies: list[Copy],
    ) -> None:
        # Of whichever type the files ask for.
        self.message: Any = document.message
        self.origins: Origins = document.origins
        self.document = document
        self.file = file
        self.diagnostics = diagnostics
        self.sources = sources
        self.variables = variables
        self.copies = copies
        self.composing = tuple(diagnostics)

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings do not count."""
        return not has_errors(self.diagnostics)


# What a config is made of: a file, a base and its overlays, a message that was built in code, or a config that was
# loaded and may have been changed since.
Source = PathName | Iterable[PathName] | Message | LoadedConfig


def compose(
    source: Source,
    *,
    message: str | None = None,
    overrides: Iterable[str] = (),
    values: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> LoadedConfig:
    """Reads a config and what is laid over it, without judging it by the rules.

    Args:
        source: A file, or the base and its overlays, first to last; `-` is the standard input. Or a message or loaded
            config, which are left as they are: what is laid over them is laid over a copy.
        message: Name of the message; None takes what the first file's header says, or the message's own.
        overrides: Single values, each `PATH=VALUE`.
        values: Single values of Python's by their fields' paths; they come after `overrides`.
        environment: The variables that `${VAR}` stands for; None takes the process's, as UTF-8 in every locale. In a
            message or loaded config None leaves `${VAR}` as it is.

    Returns:
        What could be read, and every mistake of the texts, values and variables.
    """
    given, overrides = values or {}, list(overrides)
    base = _base(source, message)
    document, sources = base.document, base.sources
    if overrides or given:
        from rankspec.composition.overrides import apply, apply_value

        for assignment in overrides:
            document = apply(document, assignment, sources)
        for path, value in given.items():
            document = apply_value(document, path, value, sources)
    if environment is None and isinstance(source, (Message, LoadedConfig)):
        looked_at = [""] if isinstance(source, Message) else [*given, *(text.partition("=")[0] for text in overrides)]
        found = _literal_variables(document, looked_at)
        completion = Completion(found, {}, inherit(document))
    else:
        completion = complete(document, environment, sources.values())
    return LoadedConfig(
        document,
        base.file,
        [*document.diagnostics, *completion.diagnostics],
        sources,
        base.variables | completion.variables,
        [*base.copies, *completion.copies],
    )


def _base(source: Source, message: str | None) -> LoadedConfig:
    """What single values are laid over, before its diagnostics are put together."""
    if isinstance(source, LoadedConfig):
        return _again(source)
    if isinstance(source, Message):
        return LoadedConfig(_built(source, message), None, [], {}, {}, [])
    names = [os.fspath(source)] if isinstance(source, (str, os.PathLike)) else [os.fspath(path) for path in source]
    if not names:
        raise ValueError("a config needs at least one file")
    sources: dict[str, str] = {}
    document = _read(names[0], message, sources)
    for name in names[1:]:
        document = _overlaid(document, name, message, sources)
    return LoadedConfig(document, _display_name(names[0]), [], sources, {}, [])


def _again(loaded: LoadedConfig) -> LoadedConfig:
    """A copy of a loaded config, without what was said of its values."""
    before = loaded.document
    message = type(before.message)()
    message.CopyFrom(before.message)
    document = Document(message, before.origins, list(loaded.composing), before.damaged, before.text)
    return LoadedConfig(document, loaded.file, [], dict(loaded.sources), dict(loaded.variables), list(loaded.copies))


def _built(source: Message, message: str | None) -> Document[Message]:
    """Copies a message, and looks it through for what its schema does not have, as the binary form is."""
    from rankspec.formats.binary import read_binary

    name = source.DESCRIPTOR.full_name
    if message is not None and message not in {name, source.DESCRIPTOR.name}:
        problem = f"the message is a {name}, and a {message} is asked for"
        mismatch = Diagnostic("file.other_message", problem, "", None, "error", "leave `message` out")
        return Document(type(source)(), Origins(), [mismatch], frozenset({""}))
    return read_binary(source.SerializeToString(), type(source), _MESSAGE_NAME)


def _literal_variables(document: Document[Message], looked_at: Iterable[str]) -> list[Diagnostic]:
    """Warnings of values that look like variables and are none, at or below these paths; "" is the whole message."""
    places = list(looked_at)
    found: list[Diagnostic] = []

    def note(path: FieldPath, text: str) -> str:
        if any(is_at_or_below(path, place) for place in places):
            said = f"`{text}` is taken as it is: variables are replaced in files, and in a message on request"
            remedy = "put the value in, or pass `environment`"
            found.append(Diagnostic("env.not_replaced", said, path, document.origins.value(path), "warning", remedy))
        return text

    replace_in_values(document.message, note)
    return found


def _read(name: str, message: str | None, sources: dict[str, str], default: str = DEFAULT_MESSAGE) -> Document[Message]:
    document = read(name, message, default)
    if document.text is not None:
        sources[_display_name(name)] = document.text
    return document


def _display_name(name: str) -> str:
    return STDIN_NAME if name == STDIN else name


def _overlaid(base: Document[Message], name: str, message: str | None, sources: dict[str, str]) -> Document[Message]:
    from rankspec.composition.overlays import merge_documents

    overlay = _read(name, message, sources, base.message.DESCRIPTOR.full_name)
    expected, found = base.message.DESCRIPTOR, overlay.message.DESCRIPTOR
    if expected is not found:
        # Nothing of the overlay can be laid over another message.
        problem = f"holds a {found.full_name}, but what it is laid over is a {expected.full_name}"
        mismatch = Diagnostic("file.other_message", problem, "", Position(name, 1, 1), "error", None)
        diagnostics = overlay.diagnostics or [mismatch]
        overlay = Document(type(base.message)(), Origins(), diagnostics, frozenset({""}))
    return merge_documents(base, overlay)
