"""Which fields a rule over several fields speaks of, read from its expression, to show a person where to look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rankspec.schema.descriptors import message_of
from rankspec.schema.field_paths import PathError, fields_along, join, parse
from rankspec.schema.rules import cel_rules

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

    from rankspec.checking.rule_violations import RuleViolation

_MENTION = re.compile(r"\bthis((?:\.[a-z][a-z0-9_]*)+)")


def mentions(finding: RuleViolation, root: Descriptor) -> list[str]:
    """Lists the paths of the fields that the rule of a finding names, in the order of its expression."""
    holder = message_of(fields_along(root, parse(finding.site))[-1]) if finding.site else root
    if holder is None:
        return []
    rule: Any = finding.violation.rule_value
    expression = rule.expression if rule is not None else dict(cel_rules(holder)).get(finding.code, "")
    named = (_field(match[1].split(".")[1:], holder) for match in _MENTION.finditer(expression))
    return list(dict.fromkeys(join(finding.site, path) for path in named if path))


def _field(names: list[str], holder: Descriptor) -> str:
    """Drops the functions that an expression calls on a field; empty if there is no field."""
    for length in range(len(names), 0, -1):
        path = ".".join(names[:length])
        try:
            fields_along(holder, parse(path))
        except PathError:
            continue
        return path
    return ""
