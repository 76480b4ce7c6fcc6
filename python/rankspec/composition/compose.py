"""From files to one config: reading, overlays, overrides, variables, inheritance. No rule is asked here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.message import Message

from rankspec.composition.completion import complete
from rankspec.composition.inheritance import Copy
from rankspec.diagnostics.diagnostic import Diagnostic, Position, has_errors
from rankspec.formats.document import Document
from rankspec.formats.origins import Origins
from rankspec.formats.reading import STDIN, STDIN_NAME, read
from rankspec.schema.message_types import DEFAULT_MESSAGE

PathName = str | os.PathLike[str]


class LoadedConfig:
    """A config as the files, overrides and variables give it, before any default is filled in.

    Attributes:
        message: The config.
        file: Name of the base.
        origins: Where each value came from.
        diagnostics: What is wrong with it, and warnings, in the order of their places.
        sources: The texts that were read, by file name, for quoting lines.
        variables: The variables that each path's value was made of.
        document: The same as one document, for those who judge the message.
        copies: What one part of the config took from another.
    """

    def __init__(
        self,
        document: Document[Message],
        file: str,
        diagnostics: list[Diagnostic],
        sources: dict[str, str],
        variables: dict[str, tuple[str, ...]],
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

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings do not count."""
        return not has_errors(self.diagnostics)


def compose(
    paths: Iterable[PathName] | PathName,
    *,
    message: str | None = None,
    overrides: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
) -> LoadedConfig:
    """Reads a config and what is laid over it, without judging it by the rules.

    Args:
        paths: The base and its overlays, first to last; `-` is the standard input.
        message: Name of the message; None takes what the first file's header says.
        overrides: Single values, each `PATH=VALUE`.
        environment: The variables that `${VAR}` stands for; None takes the process's, as UTF-8 in every locale.

    Returns:
        What could be read, and every mistake of the texts, overrides and variables.
    """
    names = [os.fspath(paths)] if isinstance(paths, (str, os.PathLike)) else [os.fspath(p) for p in paths]
    if not names:
        raise ValueError("a config needs at least one file")
    sources: dict[str, str] = {}
    document = _read(names[0], message, sources)
    for name in names[1:]:
        document = _overlaid(document, name, message, sources)
    for assignment in overrides:
        document = _overridden(document, assignment, sources)
    completion = complete(document, environment, sources.values())
    diagnostics = [*document.diagnostics, *completion.diagnostics]
    return LoadedConfig(
        document, _display_name(names[0]), diagnostics, sources, completion.variables, completion.copies
    )


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


def _overridden(document: Document[Message], assignment: str, sources: dict[str, str]) -> Document[Message]:
    from rankspec.composition.overrides import OVERRIDE, apply

    path, _, value = assignment.partition("=")
    sources[f"{OVERRIDE} {path.strip()}"] = value.strip()
    return apply(document, assignment)
