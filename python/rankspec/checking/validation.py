"""Judges a message by the rules of its schema and says what is wrong, each mistake at its place.

The rules are the `buf.validate` annotations of the `.proto` files, and protovalidate is what judges by them.
Its violations become diagnostics with the place of the offending field, the value that is there, and what to
write instead; the modules that do so are imported when there is a violation.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from rankspec.schema.size_limits import too_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message
    from protovalidate import Validator

    from rankspec.checking.rule_violations import RuleViolation
    from rankspec.composition.inheritance import Copy
    from rankspec.diagnostics.diagnostic import Diagnostic
    from rankspec.formats.document import Document


@cache
def _validator() -> Validator:
    """Returns the validator, which keeps the compiled rules of every message type it has seen."""
    from protovalidate import Validator

    return Validator()


def find(message: Message, copies: Sequence[Copy] = ()) -> list[RuleViolation]:
    """Judges a message by all rules.

    Args:
        message: What to judge.
        copies: What one part of it took from another: a mistake in that is found where it was made only.

    Returns:
        What the rules object to, as paths and rule ids. Where a list or map is too long, that and nothing else.
    """
    too_long = too_many(message)
    violations = [] if too_long else _validator().collect_violations(message)
    if not (too_long or violations):
        return []
    from rankspec.checking.inherited_violations import without_repeats
    from rankspec.checking.rule_violations import from_lengths, from_violations

    found = from_lengths(too_long) if too_long else from_violations(violations, message)
    return without_repeats(found, copies)


def validate(document: Document[Any], file: str | None = None, copies: Sequence[Copy] = ()) -> list[Diagnostic]:
    """Judges a document's message by all rules.

    Args:
        document: What to judge.
        file: The file to blame for what is missing from the message as a whole.
        copies: What one part of the message took from another.

    Returns:
        The mistakes, leaving out those that only follow from a mistake of the text: what is damaged is not
        also missing.
    """
    found = find(document.message, copies)
    if not found:
        return []
    from rankspec.checking.violation_diagnostics import describe

    described = (describe(f, document, file) for f in found if not _is_consequence(f, document))
    # A rule says the same of each of several equal items of a list.
    return list(dict.fromkeys(described))


def _is_consequence(finding: RuleViolation, document: Document[Any]) -> bool:
    """Tells whether a finding may only follow from a mistake of the text.

    A rule over several fields of a message cannot be trusted where anything in that message could not be read.
    """
    is_over_several = finding.text is not None or finding.code == "message.oneof"
    return document.is_consequence(finding.path) or (is_over_several and document.is_damaged_within(finding.site))
