"""What JSON and YAML have in common: a tree of values, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

# A message of the greatest depth has fewer containers inside of one another, lists and maps included.
MAX_CONTAINERS = 200

Kind = Literal["object", "array", "string", "number", "bool", "null", "merge", "unreadable"]


class Member(NamedTuple):
    """A name and its value in an object."""

    name: str
    offset: int
    value: Node


@dataclass(slots=True)
class Node:
    """A value in the source.

    Attributes:
        kind: What it is; `merge` is YAML's merge key, `unreadable` has been reported already.
        offset: Where it begins.
        text: A string's content; a number, a boolean or null as written.
        members: An object's members, in the order of the source.
        items: An array's items.
        incomplete: Whether members are missing that could not be read, which has been reported.
    """

    kind: Kind
    offset: int
    text: str = ""
    members: list[Member] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    incomplete: bool = False
