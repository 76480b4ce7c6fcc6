"""Puts a tree of values, read from JSON or YAML, into a message, telling every mistake apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankspec.diagnostics.mistake import MistakeError
from rankspec.formats.blocks import Block
from rankspec.formats.field_suggestions import field_words
from rankspec.formats.json_yaml.scalars import read_json_scalar, read_map_key
from rankspec.formats.reading_state import MAX_DEPTH

if TYPE_CHECKING:
    from rankspec.formats.field_plans import FieldPlan
    from rankspec.formats.json_yaml.tree import Member, Node
    from rankspec.formats.reporter import Reporter

# Aliases let a short YAML text stand for a tree without end.
MAX_VALUES = 100_000


class TooManyValuesError(Exception):
    """Ends the reading of a text whose aliases stand for more values than any config has."""


class TreeReader:
    """Reads objects into messages."""

    def __init__(self, reporter: Reporter, *, max_values: int = MAX_VALUES) -> None:
        self._reporter = reporter
        self._values_left = max_values

    def read(self, block: Block, node: Node, depth: int = 0) -> None:
        """Reads an object's members into a block's message.

        Args:
            block: What to read into.
            node: An object.
            depth: How many messages contain this one.

        Raises:
            TooManyValuesError: Aliases stand for too many values.
        """
        if node.incomplete:
            self._reporter.damage(block, "")
        for member in node.members:
            self._count()
            field = block.plan.by_json_name.get(member.name)
            if field is None:
                self._unknown(block, member, depth)
                continue
            first = block.seen.get(field.exclusive)
            if first is not None:
                self._reporter.given_before(block, field, member.offset, first)
            elif member.value.kind == "null":
                # Null is the same as leaving the field out, but it takes the place in a oneof.
                block.seen[field.exclusive] = (field, member.offset, member.value.offset, None)
            else:
                self._field(block, field, member, depth)

    def _count(self) -> None:
        self._values_left -= 1
        if self._values_left < 0:
            raise TooManyValuesError

    def _unknown(self, block: Block, member: Member, depth: int) -> None:
        name = member.name
        meant = self._reporter.unknown_field(block, name, member.offset)
        if meant is None or meant.kind != "message" or meant.repeated or meant.is_map:
            return
        if member.value.kind == "object" and depth < MAX_DEPTH:
            message = meant.new_message()
            detached = Block(meant.message_plan, message, parent=block, field=meant, attached=False, label=name)
            self.read(detached, member.value, depth + 1)

    def _field(self, block: Block, field: FieldPlan, member: Member, depth: int) -> None:
        node = member.value
        entry = (field, member.offset, node.offset, None)
        block.seen[field.exclusive] = entry
        if node.kind == "unreadable":
            self._reporter.damage(block, field.name)
        elif field.is_map:
            block.entries.append(entry)
            self._map(block, field, node, depth)
        elif field.repeated:
            self._list(block, field, member, depth)
        elif field.kind == "message":
            self._singular_message(block, field, member, depth)
        else:
            block.entries.append(entry)
            value = self._scalar(block, field, node, field.name)
            if value is not None:
                setattr(block.message, field.name, value)

    def _singular_message(self, block: Block, field: FieldPlan, member: Member, depth: int) -> None:
        message = getattr(block.message, field.name)
        message.SetInParent()
        inner = Block(field.message_plan, message, parent=block, field=field, opener=member.value.offset)
        block.entries.append((field, member.offset, member.value.offset, inner))
        self._message(inner, field, member.value, depth)

    def _message(self, inner: Block, field: FieldPlan, node: Node, depth: int) -> None:
        if node.kind != "object":
            self._wrong_shape(inner, "", field, node, field_words(field).replace("block", "object"))
        elif depth >= MAX_DEPTH:
            message = f"messages are nested more than {MAX_DEPTH} deep"
            self._reporter.error("parse.too_deep", message, inner, "", node.offset)
            self._reporter.damage(inner, "")
        else:
            self.read(inner, node, depth + 1)

    def _wrong_shape(self, block: Block, name: str, field: FieldPlan, node: Node, wanted: str) -> None:
        found = {"object": "an object", "array": "a list", "string": f'"{node.text[:40]}"'}.get(node.kind, node.text)
        if node.kind != "unreadable":
            message = f"`{field.name}` takes {wanted}, not {found[:60]}"
            self._reporter.error("parse.wrong_type", message, block, name, node.offset)
        self._reporter.damage(block, name)

    def _scalar(self, block: Block, field: FieldPlan, node: Node, path: str) -> object:
        """Reads a scalar; None, after a report, if the field cannot take it."""
        self._count()
        if node.kind == "unreadable":
            self._reporter.damage(block, path)
            return None
        try:
            return read_json_scalar(field, node)
        except MistakeError as error:
            self._reporter.literal(error, block, path, node.offset)
            return None

    def _list(self, block: Block, field: FieldPlan, member: Member, depth: int) -> None:
        node = member.value
        if node.kind != "array":
            block.entries.append((field, member.offset, node.offset, []))
            self._wrong_shape(block, field.name, field, node, "a list")
            return
        container = getattr(block.message, field.name)
        if field.kind != "message":
            block.entries.append((field, member.offset, node.offset, [item.offset for item in node.items]))
        elif not node.items:
            block.entries.append((field, member.offset, node.offset, []))
        for index, item in enumerate(node.items):
            path = f"{field.name}[{index}]"
            if field.kind == "message":
                self._count()
                inner = Block(field.message_plan, container.add(), parent=block, field=field, index=index)
                block.entries.append((field, member.offset, item.offset, inner))
                self._message(inner, field, item, depth)
                continue
            value = self._scalar(block, field, item, path)
            container.append(field.placeholder if value is None else value)

    def _map(self, block: Block, field: FieldPlan, node: Node, depth: int) -> None:
        if node.kind != "object":
            self._wrong_shape(block, field.name, field, node, "an object")
            return
        for member in node.members:
            self._count()
            self._map_entry(block, field, member, depth)

    def _map_entry(self, block: Block, field: FieldPlan, member: Member, depth: int) -> None:
        entry = Block(field.message_plan, field.new_message(), parent=block, field=field, opener=member.offset)
        try:
            entry.message.key = read_map_key(field.key, member.name)
        except MistakeError as error:
            self._reporter.literal(error, block, field.name, member.offset)
            return
        entry.seen["key"] = (field.key, member.offset, member.offset, None)
        block.entries.append((field, member.offset, member.value.offset, entry))
        keys = block.keys.setdefault(field.name, {})
        if entry.message.key in keys:
            message = f"the key `{member.name}` of `{field.name}` is given twice"
            first = keys[entry.message.key]
            self._reporter.error("parse.duplicate_key", message, entry, "", member.offset, "keep one", (first,))
            self._reporter.damage(entry, "")
            return
        keys[entry.message.key] = member.offset
        self._map_value(block, entry, field, member.value, depth)

    def _map_value(self, block: Block, entry: Block, field: FieldPlan, node: Node, depth: int) -> None:
        container = getattr(block.message, field.name)
        key = entry.message.key
        if field.item.kind == "message":
            inner = Block(field.item.message_plan, container[key], parent=entry, field=field.item)
            entry.seen["value"] = (field.item, node.offset, node.offset, inner)
            self._message(inner, field, node, depth + 1)
            return
        entry.seen["value"] = (field.item, node.offset, node.offset, None)
        value = self._scalar(entry, field.item, node, "value")
        if value is not None:
            container[key] = value
