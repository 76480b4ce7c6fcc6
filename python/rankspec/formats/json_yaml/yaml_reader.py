"""Reads YAML, mapped to fields as Protobuf's JSON form is; anchors, aliases and merge keys work.

The text is read by PyYAML's scanner on libyaml, event by event, so that a deeply nested text cannot exhaust
the stack. It stops at the first error of YAML itself; what stands before is still checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from google.protobuf.message import Message

from rankspec.formats.json_yaml.tree import MAX_CONTAINERS, Kind, Member, Node
from rankspec.formats.json_yaml.tree_document import read_tree
from rankspec.formats.json_yaml.tree_reader import MAX_VALUES, TooManyValuesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rankspec.formats.document import Document
    from rankspec.formats.reading_state import State

M = TypeVar("M", bound=Message)

_TAG = "tag:yaml.org,2002:"
_KINDS: dict[str, Kind] = {
    "null": "null",
    "bool": "bool",
    "int": "number",
    "float": "number",
    "str": "string",
    "timestamp": "string",
    "value": "string",
    "merge": "merge",
}
_CONTAINER_TAGS = frozenset({"map", "seq"})


def read_yaml(text: str | bytes, message_class: type[M], file: str) -> Document[M]:
    """Reads a message in YAML.

    Args:
        text: The source; bytes are UTF-8.
        message_class: The type of the message.
        file: The source's name, for positions.

    Returns:
        What could be read, and every mistake. Never raises for what the text holds.
    """
    return read_tree(text, message_class, file, scan_yaml)


def scan_yaml(state: State) -> Node:
    """Reads the text of a state into a tree; its mistakes go to the state's reporter."""
    return _YamlTree(state).document()


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not come yet.

    Attributes:
        node: What it becomes.
        anchor: Its anchor, if it has one.
        key: In a mapping, the name that waits for its value.
        merged: In a mapping, the values of its merge keys.
    """

    node: Node
    anchor: str | None
    key: Node | None = None
    merged: list[Node] = field(default_factory=list)


class _YamlTree:
    """Builds a tree from the events of one document."""

    def __init__(self, state: State) -> None:
        self._state = state
        # libyaml drops a byte order mark without counting it.
        self._shift = 1 if state.text.startswith("\ufeff") else 0
        self._loader = yaml.CSafeLoader(state.text[self._shift :])
        self._anchors: dict[str, Node] = {}
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._merged_left = max(MAX_VALUES, len(state.text))

    def document(self) -> Node:
        """Reads the only document of the text; an empty one is an empty object."""
        if self._shift:
            message = "a byte order mark is not read alike by all languages"
            self._error("parse.not_portable.byte_order_mark", message, 0, "save the file as UTF-8 without one")
        try:
            self._read_events()
        except yaml.YAMLError as error:
            self._report(error)
            self._state.reporter.damage(self._state.root, "")
        finally:
            self._loader.dispose()
        root = self._root
        return Node("object", root.offset if root else 0) if root is None or root.kind == "null" else root

    def _read_events(self) -> None:
        documents = 0
        for event in iter(self._loader.get_event, None):
            offset = self._offset(event)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._error("parse.syntax", "a second document begins here", offset, "keep one document a file")
                    return
            elif isinstance(event, yaml.CollectionEndEvent):
                self._end_container()
            elif isinstance(event, yaml.NodeEvent) and not self._node(event, offset):
                return

    def _offset(self, event: Any) -> int:
        return int(event.start_mark.index) + self._shift

    def _node(self, event: Any, offset: int) -> bool:
        """Takes a scalar, an alias or the start of a container; False where it is nested too deep."""
        if isinstance(event, yaml.AliasEvent):
            self._add(self._aliased(event.anchor, offset))
            return True
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, offset)
            if event.anchor is not None:
                self._anchors[event.anchor] = node
            self._add(node)
            return True
        if len(self._stack) >= MAX_CONTAINERS:
            message = f"mappings and lists are nested more than {MAX_CONTAINERS} deep"
            self._error("parse.too_deep", message, offset)
            self._state.reporter.damage(self._state.root, "")
            return False
        node = Node("object" if isinstance(event, yaml.MappingStartEvent) else "array", offset)
        self._check_tag(event.tag, _CONTAINER_TAGS, node)
        self._add(node)
        self._stack.append(_Open(node, event.anchor))
        return True

    def _end_container(self) -> None:
        ended = self._stack.pop()
        if ended.merged:
            self._merge(ended)
        if ended.anchor is not None:
            self._anchors[ended.anchor] = ended.node

    def _add(self, node: Node) -> None:
        """Puts a node where it belongs: into a list, behind a name, or as the next name."""
        if not self._stack:
            self._root = node
            return
        around = self._stack[-1]
        if around.node.kind == "array":
            around.node.items.append(node)
        elif around.key is None:
            if _is_container(node) and not any(o.key and _is_container(o.key) for o in self._stack):
                self._error("parse.syntax", "a name is a string, not a mapping or list", node.offset)
            around.key = node
        else:
            if around.key.kind == "merge":
                around.merged.append(node)
            elif not _is_container(around.key):
                around.node.members.append(Member(around.key.text, around.key.offset, node))
            around.key = None

    def _aliased(self, anchor: str | None, offset: int) -> Node:
        node = self._anchors.get(anchor or "")
        if node is not None:
            return node
        message = f"the alias `*{anchor}` names nothing that is complete before it"
        self._error("parse.syntax", message, offset, f"define `&{anchor}` above")
        return Node("unreadable", offset)

    def _scalar(self, event: yaml.ScalarEvent, offset: int) -> Node:
        node = Node("string", offset, event.value)
        tag = event.tag
        if tag is None:
            resolve: Callable[..., str] = self._loader.resolve
            tag = resolve(yaml.ScalarNode, event.value, event.implicit)
        elif tag == "!":
            tag = f"{_TAG}str"
        kind = _KINDS.get(tag.removeprefix(_TAG))
        if kind is None:
            self._check_tag(tag, frozenset(), node)
            return node
        node.kind = kind
        return node

    def _check_tag(self, tag: str | None, known: frozenset[str], node: Node) -> None:
        if tag is None or tag == "!" or tag.removeprefix(_TAG) in known:
            return
        self._error("parse.syntax", f"the tag `{tag}` has no meaning in a config", node.offset, "remove it")
        node.kind = "unreadable"

    def _merge(self, ended: _Open) -> None:
        """Adds what merge keys bring in: members that the mapping does not name, the first of equals."""
        names = {member.name for member in ended.node.members}
        for source in self._merge_sources(ended):
            for member in source.members:
                if member.name not in names:
                    names.add(member.name)
                    ended.node.members.append(member)
                    self._merged_left -= 1
        if self._merged_left < 0:
            raise TooManyValuesError

    def _merge_sources(self, ended: _Open) -> Iterator[Node]:
        for value in ended.merged:
            for source in value.items if value.kind == "array" else (value,):
                if source.kind == "object":
                    yield source
                    continue
                ended.node.incomplete = True
                if source.kind != "unreadable":
                    self._error("parse.wrong_type", "a merge key takes mappings", source.offset, "write `<<: *anchor`")

    def _report(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            # Only the check of characters has no mark; its position counts bytes.
            position = int(getattr(error, "position", 0))
            offset = len(self._state.text[self._shift :].encode()[:position].decode(errors="ignore"))
            message = "a control character has no place in YAML"
            self._error("parse.not_portable.control_character", message, offset + self._shift, "remove it")
            return
        problem = str(getattr(error, "problem", "")) or "this is not YAML"
        context = getattr(error, "context_mark", None)
        if "end of stream" in problem and context is not None:
            self._error("parse.unterminated", "this is never closed", context.index + self._shift)
            return
        self._error("parse.syntax", f"this is not YAML: {problem}", mark.index + self._shift)

    def _error(self, code: str, message: str, offset: int, suggestion: str | None = None) -> None:
        self._state.reporter.error(code, message, self._state.root, "", offset, suggestion)


def _is_container(node: Node) -> bool:
    return node.kind in {"object", "array"}
