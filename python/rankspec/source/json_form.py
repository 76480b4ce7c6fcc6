"""Reads Protobuf's JSON form, in the spellings that all languages read alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import Message

from rankspec.source.json_scanner import JsonScanner
from rankspec.source.tree_form import read_tree

if TYPE_CHECKING:
    from rankspec.source.document import Document
    from rankspec.source.state import State
    from rankspec.source.tree import Node

M = TypeVar("M", bound=Message)


def read_json(text: str | bytes, message_class: type[M], file: str) -> Document[M]:
    """Reads a message in Protobuf's JSON form.

    Args:
        text: The source; bytes are UTF-8.
        message_class: The type of the message.
        file: The source's name, for positions.

    Returns:
        What could be read, and every mistake. Never raises for what the text holds.
    """
    return read_tree(text, message_class, file, _scan)


def _scan(state: State) -> Node:
    return JsonScanner(state.text, state.reporter, state.root).document()
