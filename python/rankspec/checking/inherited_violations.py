"""Leaves out what is wrong with a value only because the value it inherits is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rankspec.composition.inheritance import Copy
from rankspec.schema.field_paths import is_at_or_below

if TYPE_CHECKING:
    from rankspec.checking.rule_violations import RuleViolation


def without_repeats(findings: list[RuleViolation], copies: Sequence[Copy]) -> list[RuleViolation]:
    """Leaves out what is said of a value that was filled in and of the one it came from alike.

    Where there is nothing to inherit from, that is what is missing, and nothing else.
    """
    if not copies:
        return findings
    said = {(finding.path, finding.code) for finding in findings}

    def is_repeat(finding: RuleViolation) -> bool:
        return any(
            is_at_or_below(finding.path, copy.path)
            and ((copy.base, "required") in said or (finding.path.moved(copy.path, copy.source), finding.code) in said)
            for copy in copies
        )

    return [finding for finding in findings if not is_repeat(finding)]
