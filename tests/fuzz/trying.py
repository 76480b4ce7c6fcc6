"""Tries one text on everything that judges a file, and says what went wrong."""

import time
from pathlib import Path
from typing import NamedTuple

from google.protobuf import json_format, text_format
from google.protobuf.message import Message
from tests.fuzz.texts import EXTENSIONS, Text

from rankspec.checking.check import check
from rankspec.composition.compose import LoadedConfig
from rankspec.composition.environment import substitute
from rankspec.composition.inheritance import inherit
from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.diagnostics.report import as_json, as_sarif, as_text
from rankspec.formats.document import Document
from rankspec.formats.origins import Origins

VARIABLES = {"A": "x"}


class Trial(NamedTuple):
    """What came of a text.

    Attributes:
        kind: `valid`, `invalid` or `unreadable`; `failed` where there is a complaint.
        seconds: How long reading, judging and reporting took.
        complaint: What went wrong, if something did.
    """

    kind: str
    seconds: float
    complaint: str | None


def attempt(text: Text, folder: Path) -> Trial:
    """Reads, judges and reports a text as the command line does."""
    path = folder / f"text{EXTENSIONS[text.form]}"
    path.write_bytes(text.data)
    begin = time.perf_counter()
    try:
        loaded = check(path, message=text.message, environment=VARIABLES)
        for color in (False, True):
            as_text(loaded.diagnostics, color=color, sources=loaded.sources)
        as_json(loaded.diagnostics)
        as_sarif(loaded.diagnostics)
    except Exception as error:  # noqa: BLE001 - any at all is a find
        return Trial("failed", time.perf_counter() - begin, f"{type(error).__name__}: {error}")
    seconds = time.perf_counter() - begin
    unreadable = any(d.code.startswith(("parse.", "file.")) for d in loaded.diagnostics)
    complaint = _misplaced(loaded) or (None if unreadable else _misread(text, loaded))
    kind = "unreadable" if unreadable else "valid" if loaded.ok else "invalid"
    return Trial("failed" if complaint else kind, seconds, complaint)


def _misplaced(loaded: LoadedConfig) -> str | None:
    """Complains of a diagnostic that is told twice, or whose place is none of the text."""
    told: set[Diagnostic] = set()
    lines = (loaded.document.text or "").split("\n")
    for diagnostic in loaded.diagnostics:
        if diagnostic in told:
            return f"told twice: {diagnostic}"
        told.add(diagnostic)
        position = diagnostic.position
        if position is None or loaded.document.text is None:
            continue
        if not (1 <= position.line <= len(lines) and 1 <= position.column <= len(lines[position.line - 1]) + 1):
            return f"no place of the text: {diagnostic}"
    return None


def _misread(text: Text, loaded: LoadedConfig) -> str | None:
    """Complains of an accepted text that the official parser reads otherwise, or not at all."""
    try:
        official = _officially(text, type(loaded.message)())
    except (text_format.ParseError, json_format.ParseError, ValueError) as error:
        return f"refused by the official parser: {error}"
    if official is None:
        return None
    substitute(official, VARIABLES, Origins())
    inherit(Document(official, Origins()))
    # NaN, which equals nothing, is equal as bytes.
    same = official == loaded.message or _bytes_of(official) == _bytes_of(loaded.message)
    return None if same else f"the official parser reads {text_format.MessageToString(official, as_one_line=True)}"


def _officially(text: Text, message: Message) -> Message | None:
    match text.form:
        case "text":
            return text_format.Parse(text.data.decode(), message)
        case "json":
            return json_format.Parse(text.data, message)
        case "binary":
            message.ParseFromString(text.data)
            return message
        case _:
            return None


def _bytes_of(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)
