"""Which fields a rule over several fields looks at, read from its expression."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.paths import PathError, descriptor_of, fields_along, is_map, join, message_of, parse
from rankspec.rules import cel_rules, exclusive_groups
from rankspec.source.origins import is_at_or_below, is_below

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

    from rankspec.findings import Finding
    from rankspec.source import Document

_MENTION = re.compile(r"\bthis((?:\.[a-z][a-z0-9_]*)+)(\[)?")


class Mention(NamedTuple):
    """A field that an expression names.

    Attributes:
        path: The field, as it stands in the whole message.
        is_list: Whether it is a list, whose items the expression may look into.
        is_map: Whether it is a map.
        looks_inside: Whether the expression takes entries out of the map, rather than asking for keys.
    """

    path: str
    is_list: bool
    is_map: bool
    looks_inside: bool


def mentions(finding: Finding, root: Descriptor) -> list[Mention]:
    """Lists the fields that the rule of a finding names, in the order of its expression."""
    holder = message_of(fields_along(root, parse(finding.site))[-1]) if finding.site else root
    if holder is None:
        return []
    rule: Any = finding.violation.rule_value
    expression = rule.expression if rule is not None else dict(cel_rules(holder)).get(finding.code, "")
    found: dict[str, Mention] = {}
    for match in _MENTION.finditer(expression):
        mention = _mention(match[1].split(".")[1:], holder, finding.site, subscripted=bool(match[2]))
        if mention is not None:
            looks_inside = mention.looks_inside or (mention.path in found and found[mention.path].looks_inside)
            found[mention.path] = mention._replace(looks_inside=looks_inside)
    return list(found.values())


def _mention(names: list[str], holder: Descriptor, site: str, *, subscripted: bool) -> Mention | None:
    """Drops the functions that an expression calls on a field."""
    for length in range(len(names), 0, -1):
        path = ".".join(names[:length])
        try:
            field = fields_along(holder, parse(path))[-1]
        except PathError:
            continue
        is_list = field.is_repeated and not is_map(field)
        return Mention(join(site, path), is_list, is_map(field), subscripted and length == len(names))
    return None


def is_consequence(finding: Finding, document: Document[Any]) -> bool:
    """Tells whether a finding only follows from a mistake of the text.

    A standard rule does if its field could not be read, a rule over several fields if one that it looks at
    could not. What lies below a block or a map entry does not count unless the rule looks into it: whether it
    is there is known all the same.
    """
    if not document.damaged:
        return False
    if document.is_consequence(finding.path):
        return True
    if finding.code == "message.oneof":
        return any(document.is_damaged_within(path) for path in _exclusive_fields(finding, document))
    if finding.text is None:
        return False
    return any(
        _touches(damaged, mention)
        for mention in mentions(finding, descriptor_of(document.message))
        for damaged in document.damaged
    )


def _exclusive_fields(finding: Finding, document: Document[Any]) -> list[str]:
    """Lists the fields of the groups of which the message at a finding's site takes one."""
    root = descriptor_of(document.message)
    holder = message_of(fields_along(root, parse(finding.site))[-1]) if finding.site else root
    groups = exclusive_groups(holder) if holder is not None else []
    return [join(finding.site, name) for names, _ in groups for name in names]


def _touches(damaged: str, mention: Mention) -> bool:
    if is_at_or_below(mention.path, damaged):
        return True
    if not is_below(damaged, mention.path):
        return False
    if mention.is_list or (mention.is_map and mention.looks_inside):
        return True
    # Only an entry as a whole: its key may be what could not be read.
    return mention.is_map and len(parse(damaged)) == len(parse(mention.path))
