"""The light tree that a reader leaves behind, and the places of its paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from rankspec.formats.origins import LineIndex, Mark
from rankspec.schema.field_paths import ROOT, FieldPath

if TYPE_CHECKING:
    from rankspec.formats.field_plans import FieldPlan, MessagePlan

    # What a value consists of: a message or map entry, the offsets of the elements of a list of scalars, or nothing for
    # a scalar.
    Child: TypeAlias = "Block | list[int] | None"
    # Field, offset of its name, offset of its value, and what the value consists of.
    Entry: TypeAlias = "tuple[FieldPlan, int, int, Child]"


class Block:
    """A message in the source: its fields in the order in which they were written.

    Attributes:
        parent: The block around it; None for the whole source.
        field: The field whose value it is; None for the whole source.
        message: The message that its fields are read into, of the type that the descriptor makes.
        plan: How to read its fields.
        entries: The fields that were read.
        seen: The entry that first set each singular field or oneof.
        index: Its index in a list.
        keys: Map keys that were read, per map field, with the offset of each.
        attached: Whether the message is part of the result; one that is read for its mistakes only is not.
        opener: Offset of its first character.
        closer: The punctuation that ends it.
        in_list: Whether it stands between brackets.
        label: The name as written, where that is not the field's.
    """

    __slots__ = (
        "attached", "closer", "entries", "field", "in_list", "index", "keys", "label", "message", "opener",
        "parent", "plan", "seen",
    )  # fmt: skip

    def __init__(
        self,
        plan: MessagePlan,
        message: Any,
        *,
        parent: Block | None = None,
        field: FieldPlan | None = None,
        index: int | None = None,
        opener: int = 0,
        closer: str = "",
        attached: bool = True,
        label: str | None = None,
    ) -> None:
        self.plan = plan
        self.message = message
        self.parent = parent
        self.field = field
        self.index = index
        self.opener = opener
        self.closer = closer
        self.entries: list[Entry] = []
        self.seen: dict[str, Entry] = {}
        self.keys: dict[str, dict[object, int]] = {}
        self.attached = attached
        self.in_list = False
        self.label = label

    @property
    def is_map_entry(self) -> bool:
        """Whether the block is an entry of a map."""
        return self.field is not None and self.field.is_map

    @property
    def bracket(self) -> str:
        """The punctuation that begins it."""
        return "<" if self.closer == ">" else "{"

    def path(self) -> FieldPath:
        """Returns the path of the block's message, once a map entry's key has been read."""
        if self.parent is None or self.field is None:
            return ROOT
        around = self.parent.path()
        if self.parent.is_map_entry and self.label is None and self.field.name == "value":
            return around
        path = around.to(self.field.descriptor) if self.label is None else around.to_name(self.label)
        key = self.index
        if self.is_map_entry:
            key = self.message.key if "key" in self.seen else None
        return path if key is None else path.at(key)

    def path_of(self, name: str) -> FieldPath:
        """Returns the path of a field of the block's message, or of the block itself if `name` is empty."""
        if self.is_map_entry or not name:
            return self.path()
        field = self.plan.fields.get(name)
        return self.path().to(field.descriptor) if field is not None else self.path().to_name(name)

    def plans_around(self) -> Iterator[MessagePlan]:
        """Yields the types of the messages that contain this one, innermost first."""
        outer = self.parent
        while outer is not None:
            if not outer.is_map_entry:
                yield outer.plan
            outer = outer.parent

    def description(self) -> str:
        """Names the kind of message for a person."""
        return f"an entry of `{self.field.name}`" if self.field and self.field.is_map else self.plan.name


def marks(block: Block, lines: LineIndex, above: FieldPath = ROOT) -> Iterator[Mark]:
    """Yields the places of all paths below a block, in the order of the source; those of a list once for each part."""
    counts: dict[str, int] = {}
    for field, name_offset, value_offset, child in block.entries:
        path = above.to(field.descriptor)
        yield Mark(path, lines, name_offset, value_offset)
        if field.is_map:
            if isinstance(child, Block):
                yield from _entry_marks(child, path, value_offset, lines)
        elif not field.repeated:
            if isinstance(child, Block):
                yield from marks(child, lines, path)
        else:
            for index, offset in enumerate(child if isinstance(child, list) else [value_offset], counts.get(path, 0)):
                counts[path] = index + 1
                item = above.to(field.descriptor, index)
                yield Mark(item, lines, offset, offset)
                if isinstance(child, Block):
                    yield from marks(child, lines, item)


def _entry_marks(entry: Block, path: FieldPath, offset: int, lines: LineIndex) -> Iterator[Mark]:
    """The places of one map entry: its key's is the name's place, its value's the value's."""
    path = path.at(entry.message.key)
    key, item = entry.seen.get("key"), entry.seen.get("value")
    yield Mark(path, lines, key[2] if key else offset, item[2] if item else offset)
    if item is not None and isinstance(item[3], Block):
        yield from marks(item[3], lines, path)
