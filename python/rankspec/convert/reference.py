"""Turns a configuration in the form of the public reference trainer into a RankSpec message.

The reference writes YAML: the same field names as ours, `null` for what is not set, `$VAR` for variables and lower-case
enum values. So the message's descriptor is all the knowledge of its form; what its fields really did is a table in
`rankspec.convert.inert`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.message import Message

from rankspec.checking.validation import find, validate
from rankspec.convert.inert import DROPPED, Effect
from rankspec.convert.tree import Note, Rewriter
from rankspec.diagnostics.diagnostic import Diagnostic, in_order
from rankspec.formats.document import Document
from rankspec.formats.field_positions import place_of
from rankspec.formats.json_yaml.tree import Node
from rankspec.formats.json_yaml.tree_document import read_tree
from rankspec.formats.json_yaml.tree_reader import MAX_VALUES
from rankspec.formats.json_yaml.yaml_reader import scan_yaml
from rankspec.formats.origins import LineIndex
from rankspec.formats.writing import literal
from rankspec.schema.descriptors import descriptor_of, is_message, message_of
from rankspec.schema.leaves import leaves, value_at
from rankspec.schema.message_types import DEFAULT_MESSAGE, message_class

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

    from rankspec.formats.reading_state import State
    from rankspec.schema.field_paths import FieldPath

ROOTS = (DEFAULT_MESSAGE, "rankspec.twhin.v1.TwhinConfig")
_WHAT_HAPPENED: dict[Effect, tuple[str, str]] = {
    "none": ("convert.no_effect", "had no effect in the reference"),
    "other": ("convert.other_effect", "did something else in the reference"),
    "failure": ("convert.failed", "ended the run in the reference"),
}


class Conversion(NamedTuple):
    """A file that was converted.

    Attributes:
        document: The message, its variables not replaced, and the places of its fields in the file.
        mistakes: What keeps it from being a valid config, in the order of the file.
        notes: Warnings: the fields that had no effect, or another one, and what was left out.
    """

    document: Document[Message]
    mistakes: list[Diagnostic]
    notes: list[Diagnostic]


def convert(text: str | bytes, file: str, message: str | None = None) -> Conversion:
    """Converts a YAML file of the reference.

    Args:
        text: Its content.
        file: Its name, for places.
        message: Name of the message it stands for; None chooses by its content.

    Returns:
        The message, judged by all rules, and what is to be said about it.

    Raises:
        MistakeError: There is no such message.
    """
    tree, document, notes = _read(text, file, message_class(message or DEFAULT_MESSAGE))
    if message is None and (fitting := _fitting(tree)) != DEFAULT_MESSAGE:
        _, document, notes = _read(text, file, message_class(fitting))
    notes += _drop_without_effect(document, file)
    # What a variable stands for is judged when it is replaced.
    unknown = {leaf.path for leaf in leaves(document.message) if isinstance(leaf.value, str) and "${" in leaf.value}
    mistakes = document.diagnostics + [mistake for mistake in validate(document, file) if mistake.path not in unknown]
    return Conversion(document, in_order(mistakes), in_order(notes))


def _read(text: str | bytes, file: str, wanted: type[Message]) -> tuple[Node, Document[Message], list[Diagnostic]]:
    """Reads a file as a message, with its tree and what its fields did."""
    trees: list[Node] = []
    notes: list[Diagnostic] = []

    def scan(state: State) -> Node:
        tree = scan_yaml(state)
        trees.append(tree)
        rewriter = Rewriter(max(MAX_VALUES, len(state.text)))
        rewritten = rewriter.message(tree, descriptor_of(wanted))
        lines = LineIndex(file, state.text)
        notes.extend(_diagnostic(note, lines) for note in rewriter.notes)
        return rewritten

    document = read_tree(text, wanted, file, scan)
    return trees[0] if trees else Node("unreadable", 0), document, notes


def _diagnostic(note: Note, lines: LineIndex) -> Diagnostic:
    code, what = _WHAT_HAPPENED[note.effect]
    return Diagnostic(
        code, f"`{note.path}` {what}: {note.text}", note.path, lines.position(note.offset), "warning", None
    )


def _fitting(tree: Node) -> str:
    """Returns the name of the message that has most of the names in a tree's first two levels."""
    return max(ROOTS, key=lambda name: _num_known(tree, descriptor_of(message_class(name)), levels=2))


def _num_known(node: Node, descriptor: Descriptor, *, levels: int) -> int:
    known = 0
    for member in node.members:
        field = descriptor.fields_by_name.get(member.name)
        known += field is not None
        inner = message_of(field) if field is not None and not field.is_repeated else None
        if inner is not None and levels > 1:
            known += _num_known(member.value, inner, levels=levels - 1)
    return known


def _drop_without_effect(document: Document[Message], file: str) -> list[Diagnostic]:
    """Leaves out, in place, what our rules refuse because it has no effect."""
    notes: list[Diagnostic] = []
    # A rule tells one field at a time; each round leaves out at least one, so this ends.
    while dropped := _drop_once(document, file):
        notes += dropped
    return notes


def _drop_once(document: Document[Message], file: str) -> list[Diagnostic]:
    notes = []
    for finding in find(document.message):
        names, why = DROPPED.get(finding.code, ("", ""))
        if (
            finding.path
            and finding.path.name in names.split()
            and (value := _clear(document.message, finding.path)) is not None
        ):
            place = place_of(finding.path, document, file)
            text = f"`{finding.path}`{value} is left out: {why}"
            notes.append(Diagnostic("convert.dropped", text, finding.path, place, "warning", None))
    return notes


def _clear(message: Message, path: FieldPath) -> str | None:
    """Clears a singular field and says which value it had, if it is a scalar; None if it was not set."""
    field, value = path.field, value_at(message, path)
    if field is None or value is None:
        return None
    value_at(message, path.around).ClearField(field.name)
    return "" if is_message(field) else f", {literal(field, value)},"
