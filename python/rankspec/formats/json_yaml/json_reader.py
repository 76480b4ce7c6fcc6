"""Reads Protobuf's JSON form: Python's `json` decides what is JSON, and where its values stand is found apart."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import Message

from rankspec.formats.json_yaml.tree import MAX_CONTAINERS, Kind, Member, Node
from rankspec.formats.json_yaml.tree_document import read_tree
from rankspec.formats.textproto.reader import decode

if TYPE_CHECKING:
    from rankspec.formats.document import Document
    from rankspec.formats.reading_state import State

M = TypeVar("M", bound=Message)

# Of what is JSON: tokens are told apart, but not judged.
_TOKEN = re.compile(r'[ \t\r\n:,]*+(?P<token>"[^"\\]*+(?:\\.[^"\\]*+)*"|[{}\[\]]|[^\s:,"{}\[\]]++)')
_KINDS: dict[str, Kind] = {"{": "object", "[": "array", '"': "string", "t": "bool", "f": "bool", "n": "null"}
_HINTS = {
    "'": "write names and strings in double quotes",
    "/": "JSON has no comments: remove it",
    "#": "JSON has no comments: remove it",
    "=": "write `:` instead",
}


def read_json(text: str | bytes, message_class: type[M], file: str) -> Document[M]:
    """Reads a message in Protobuf's JSON form.

    Args:
        text: The source; bytes are UTF-8.
        message_class: The type of the message.
        file: The source's name, for positions.

    Returns:
        What could be read, and every mistake; after the first mistake of JSON itself nothing is read. Never raises for
        what the text holds.
    """
    return read_tree(text, message_class, file, lambda state: _JsonTree(state).document())


class _JsonTree:
    """Builds the tree of a text, as far as it is JSON."""

    def __init__(self, state: State) -> None:
        self._text = state.text
        self._state = state
        # The containers that are open at the place that was reached, in a list that stands for the whole text.
        self._open = [Node("array", 0)]

    def document(self) -> Node:
        if self._text.startswith("\ufeff"):
            message = "a byte order mark is not read alike by all languages"
            self._error("parse.not_portable.byte_order_mark", message, 0, "save the file as UTF-8 without one")
            self._text = " " + self._text[1:]
        whole = self._open[0]
        try:
            # Numbers are read when it is known for which field: as such they would lose digits.
            json.loads(self._text, parse_int=str, parse_float=str)
        except json.JSONDecodeError as error:
            self._read(error.pos)
            self._report(error)
        except RecursionError:
            # Reading ends before that depth.
            self._read(len(self._text))
        else:
            self._read(len(self._text))
        return whole.items[0] if whole.items else Node("unreadable", 0)

    def _read(self, end: int) -> None:
        name: tuple[str, int] | None = None
        position = 0
        while found := _TOKEN.match(self._text, position, end):
            token, start, position = found["token"], found.start("token"), found.end()
            around = self._open[-1]
            if token in {"}", "]"}:
                self._open.pop()
            elif around.kind == "object" and name is None:
                name = (self._string(token, start), start)
            else:
                node = self._node(token, start)
                if name is None:
                    around.items.append(node)
                else:
                    around.members.append(Member(*name, node))
                name = None
                if node.kind == "unreadable":
                    return

    def _node(self, token: str, start: int) -> Node:
        kind = _KINDS.get(token[0], "number")
        if kind not in {"object", "array"}:
            return Node(kind, start, self._string(token, start) if kind == "string" else token)
        if len(self._open) > MAX_CONTAINERS:
            self._error("parse.too_deep", f"objects and lists are nested more than {MAX_CONTAINERS} deep", start)
            self._state.reporter.damage(self._state.root, "")
            return Node("unreadable", start)
        self._open.append(Node(kind, start))
        return self._open[-1]

    def _string(self, token: str, start: int) -> str:
        text, bad = decode(json.loads(token))
        if bad is not None:
            message = "an escape that stands for half of a character is not read alike by all languages"
            self._error("parse.not_portable.escape", message, start, "write the character itself")
        return text

    def _report(self, error: json.JSONDecodeError) -> None:
        self._state.reporter.damage(self._state.root, "")
        rest = self._text[error.pos :]
        if not self._text.strip():
            self._error("parse.syntax", "the file is empty", 0, "an empty config is written `{}`")
        elif not rest.strip() and len(self._open) > 1:
            opener, closer = ("{", "}") if self._open[-1].kind == "object" else ("[", "]")
            message = f"this `{opener}` is never closed"
            self._error("parse.unterminated", message, self._open[-1].offset, f"add the missing `{closer}`")
        else:
            is_string = error.msg.startswith("Unterminated") or rest.startswith("\n")
            code = "parse.unterminated" if is_string else "parse.syntax"
            message = f"this is no JSON: {error.msg[0].lower()}{error.msg[1:].removesuffix(' at')}"
            self._error(code, message, error.pos, _HINTS.get(rest[:1]))

    def _error(self, code: str, message: str, offset: int, suggestion: str | None = None) -> None:
        self._state.reporter.error(code, message, self._state.root, "", offset, suggestion)
