"""What a text reader knows at a point of the source: the open block, and how values get into messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankspec.formats.blocks import Block

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from rankspec.formats.blocks import Child, Entry
    from rankspec.formats.field_plans import FieldPlan, MessagePlan
    from rankspec.formats.reporter import Reporter

# As deep as Python, Java and others read the binary form by default.
MAX_DEPTH = 100


class State:
    """The block that is being read, and the mistakes so far.

    Attributes:
        text: The whole source.
        root: The block of the whole source.
        block: The innermost open block.
        depth: How many blocks are open below the root.
        reporter: The mistakes so far.
        unbalanced: Whether an opening and a closing brace could not be paired.
        undecodable: Whether replacement characters stand for bytes that could not be decoded, which was reported.
    """

    def __init__(self, text: str, plan: MessagePlan, message: Message, reporter: Reporter) -> None:
        self.text = text
        self.root = self.block = Block(plan, message)
        self.depth = 0
        self.reporter = reporter
        self.unbalanced = False
        self.undecodable = False

    def record(self, field: FieldPlan, name_offset: int, value_offset: int, child: Child = None) -> None:
        """Notes in the tree that a field was read."""
        entry: Entry = (field, name_offset, value_offset, child)
        self.block.entries.append(entry)
        if not field.repeated and not field.is_map:
            self.block.seen.setdefault(field.exclusive, entry)

    def open(self, field: FieldPlan, name_offset: int, opener: int, closer: str) -> Block:
        """Enters a block whose message is part of the result."""
        outer = self.block
        index = None
        if field.is_map:
            message = field.new_message()
        elif field.repeated:
            container = getattr(outer.message, field.name)
            message = container.add()
            index = len(container) - 1
        else:
            message = getattr(outer.message, field.name)
            message.SetInParent()
        inner = Block(field.message_plan, message, parent=outer, field=field, index=index, opener=opener, closer=closer)
        self.record(field, name_offset, opener, inner)
        self.block = inner
        self.depth += 1
        return inner

    def open_detached(self, field: FieldPlan, label: str, opener: int, closer: str) -> None:
        """Enters a block that is read for its mistakes only: a duplicate, or one whose name is misspelled."""
        self.block = Block(
            field.message_plan,
            field.new_message(),
            parent=self.block,
            field=field,
            opener=opener,
            closer=closer,
            attached=False,
            label=label,
        )
        self.depth += 1

    def close(self) -> None:
        """Leaves the innermost block; a map entry goes into its map."""
        inner = self.block
        assert inner.parent is not None
        self.block = inner.parent
        self.depth -= 1
        if inner.attached and inner.is_map_entry:
            self._insert(inner)

    def _insert(self, entry: Block) -> None:
        field = entry.field
        assert field is not None
        key = entry.message.key
        given = entry.seen.get("key")
        offset = given[2] if given else entry.opener
        keys = self.block.keys.setdefault(field.name, {})
        if key in keys:
            self.reporter.error(
                "parse.duplicate_key",
                f"the key `{key}` of `{field.name}` is given twice",
                entry,
                "",
                offset,
                "keep one of the entries, or rename one",
                (keys[key],),
            )
            self.reporter.damage(entry, "")
            return
        keys[key] = offset
        container = getattr(self.block.message, field.name)
        if field.item.kind == "message":
            container[key].CopyFrom(entry.message.value)
        else:
            container[key] = entry.message.value
