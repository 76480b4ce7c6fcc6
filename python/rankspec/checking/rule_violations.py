"""What the rules object to: protovalidate's violations, one per offending field.

A rule of ours over several fields returns a text of one or more lines. Each begins with the path of the
offending field, relative to the message that the rule stands at, and a colon; each becomes a finding.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.diagnostics.mistake import MistakeError
from rankspec.schema.descriptors import descriptor_of, message_of
from rankspec.schema.field_paths import ROOT, FieldPath, path_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message
    from protovalidate import Violation

    from rankspec.schema.size_limits import TooLong

_LINE = re.compile(r'(?P<path>[A-Za-z_](?:[A-Za-z0-9_.]|\[[0-9]+\]|\["(?:[^"\\]|\\.)*"\])*): (?P<text>.*)', re.DOTALL)


class Reported(NamedTuple):
    """What is known of a violation beside its place and rule.

    Attributes:
        message: What the rule engine says.
        for_key: Whether it is about a map's key.
        field_value: The value that is wrong.
        rule_value: The value of the rule, such as a bound.
    """

    message: str
    for_key: bool
    field_value: Any
    rule_value: Any


class RuleViolation(NamedTuple):
    """One thing that a rule objects to.

    Attributes:
        code: The rule's id.
        path: The offending field.
        text: What a rule of ours says about it, without the path; None for a standard rule.
        site: Path of the message or field that the rule stands at.
        violation: What was reported of it.
    """

    code: str
    path: FieldPath
    text: str | None
    site: FieldPath
    violation: Reported


def from_lengths(found: Sequence[TooLong]) -> list[RuleViolation]:
    """Turns lists and maps that are too long into findings."""
    return [
        RuleViolation(rule, path, None, path, Reported("", False, value, bound)) for rule, path, value, bound in found
    ]


def from_violations(violations: Sequence[Violation], message: Message) -> list[RuleViolation]:
    """Turns violations of a message into findings.

    A number that is not finite is that and nothing else: the ranges it also misses are left out.
    """
    found = [finding for violation in violations for finding in _findings(violation, message)]
    not_finite = {f.path for f in found if _is_finite_rule(f)}
    return [f for f in found if _is_finite_rule(f) or f.text is not None or f.path not in not_finite]


def _is_finite_rule(finding: RuleViolation) -> bool:
    return finding.text is None and finding.code.endswith(".finite")


def _findings(violation: Violation, message: Message) -> list[RuleViolation]:
    proto = violation.proto
    root = descriptor_of(message)
    site = _path(proto.field.elements, root) if proto.field is not None else ROOT
    code, text = proto.rule_id, proto.message
    rule = proto.rule.elements if proto.rule is not None else []
    reported = Reported(proto.message, proto.for_key, violation.field_value, violation.rule_value)
    is_ours = "." in code and (not rule or rule[-1].field_name == "cel") and code != "message.oneof"
    if not is_ours:
        return [RuleViolation(code, site, None, site, reported)]
    holder = (message_of(site.field) if site.field is not None else None) if site else root
    lines = [_split(line, holder) for line in text.split("\n")]
    if any(path is None for path, _ in lines):
        return [RuleViolation(code, site, text, site, reported)]
    return [RuleViolation(code, (path or ROOT).moved(ROOT, site), line, site, reported) for path, line in lines]


def _split(line: str, holder: Descriptor | None) -> tuple[FieldPath | None, str]:
    """Splits a line of a rule's text into a path of the message's and the rest; None if it names no field."""
    match = _LINE.fullmatch(line)
    if match is None or holder is None:
        return None, line
    try:
        return path_of(match["path"], holder), match["text"]
    except MistakeError:
        return None, line


def _path(elements: Any, root: Descriptor) -> FieldPath:
    path = ROOT
    holder: Descriptor | None = root
    for element in elements:
        field = holder.fields_by_name.get(element.field_name) if holder is not None else None
        path = path.to(field) if field is not None else path.to_name(element.field_name)
        if element.subscript is not None:
            path = path.at(element.subscript.value)
        holder = message_of(field) if field is not None else None
    return path
