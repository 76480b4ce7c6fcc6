"""From a text, by way of a tree of values, to a document: what reading JSON and YAML has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import Message

from rankspec.formats.json_yaml.tree_reader import MAX_VALUES, TooManyValuesError, TreeReader
from rankspec.formats.textproto.reader import Reading

if TYPE_CHECKING:
    from rankspec.formats.document import Document
    from rankspec.formats.json_yaml.tree import Node
    from rankspec.formats.reading_state import State

M = TypeVar("M", bound=Message)


def read_tree(text: str | bytes, message_class: type[M], file: str, scan: Callable[[State], Node]) -> Document[M]:
    """Reads a message from a text that `scan` turns into a tree.

    Args:
        text: The source; bytes are UTF-8.
        message_class: The type of the message.
        file: The source's name, for positions.
        scan: Reads the text of a state into a tree; its mistakes go to the state's reporter.
    """
    return Reading(text, message_class, file, lambda state: _read(state, scan)).document()


def _read(state: State, scan: Callable[[State], Node]) -> None:
    try:
        _fill(state, scan(state))
    except TooManyValuesError:
        message = "the aliases of this file stand for more values than any config has"
        state.reporter.error("parse.too_large", message, state.root, "", 0)
        state.reporter.damage(state.root, "")


def _fill(state: State, node: Node) -> None:
    root, reporter = state.root, state.reporter
    if node.kind == "unreadable":
        reporter.damage(root, "")
        return
    if node.kind != "object":
        found = "a list" if node.kind == "array" else f"`{node.text[:40]}`"
        message = f"a config is an object of fields, not {found}"
        reporter.error("parse.wrong_type", message, root, "", node.offset)
        reporter.damage(root, "")
        return
    TreeReader(reporter, max_values=max(MAX_VALUES, len(state.text))).read(root, node)
