"""What two configs do differently: a comparison of their resolved values, path by path."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rankspec.analysis.fingerprint import is_semantic_path
from rankspec.formats.writing import literal
from rankspec.schema.annotations import resume_option
from rankspec.schema.defaults import resolve
from rankspec.schema.descriptors import single
from rankspec.schema.field_paths import is_below
from rankspec.schema.leaves import Leaf, leaves

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

# In the order of the numbers of `Resume`.
RESUME_VERDICTS = ("free", "warn", "forbidden")


class Change(NamedTuple):
    """One value that differs.

    Attributes:
        path: The field.
        old: Its value in the first config, as a config would write it; None where it is absent.
        new: Its value in the second.
        semantic: Whether another function is trained.
        resume: `free`, `warn` or `forbidden`: whether a run may resume from a checkpoint of the other config.
    """

    path: str
    old: str | None
    new: str | None
    semantic: bool
    resume: str


def compare(old: Message, new: Message) -> list[Change]:
    """Compares two configs of one message type.

    Defaults are filled in first, so that writing one out is no change.

    Returns:
        The changes, in the order of the schema. A block that is there in one config only is told by its
        values, or by itself if it has none.
    """
    before: dict[str, Leaf] = {leaf.path: leaf for leaf in leaves(resolve(old))}
    after: dict[str, Leaf] = {leaf.path: leaf for leaf in leaves(resolve(new))}
    changes = []
    for path in _merged_order(list(before), list(after)):
        leaf = before.get(path) or after[path]
        first, second = (_shown(side.get(path)) for side in (before, after))
        if first == second or _told_by_its_values(leaf, before if path in before else after):
            continue
        changes.append(Change(path, first, second, is_semantic_path(leaf.path.fields), resume_of(leaf.path.fields)))
    return changes


def resume_of(fields: tuple[FieldDescriptor, ...]) -> str:
    """Returns whether a path may change when a run resumes: the most permissive option along it holds."""
    return RESUME_VERDICTS[min(resume_option(field) for field in fields) - 1]


def overall(changes: list[Change]) -> str:
    """Returns what all changes together mean for resuming: the strictest of them."""
    return max((change.resume for change in changes), key=RESUME_VERDICTS.index, default="free")


def _shown(leaf: Leaf | None) -> str | None:
    if leaf is None:
        return None
    return "{}" if leaf.is_message else literal(single(leaf.field), leaf.value)


def _told_by_its_values(leaf: Leaf, side: dict[str, Leaf]) -> bool:
    return leaf.is_message and any(is_below(path, leaf.path) for path in side)


def _merged_order(first: list[str], second: list[str]) -> list[str]:
    """Merges two lists of paths, each in the order of the schema, into one in that order."""
    known = set(first)
    # What `second` alone has, by the path of both that it comes after.
    added: dict[str, list[str]] = {"": []}
    anchor = ""
    for path in second:
        if path in known:
            anchor = path
        else:
            added.setdefault(anchor, []).append(path)
    return [*added[""], *(path for both in first for path in (both, *added.get(both, ())))]
