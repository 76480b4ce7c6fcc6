"""What adapters claim and have read, by message."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rankspec.claims.registry import all_claims

if TYPE_CHECKING:
    from google.protobuf.message import Message


def fields_read() -> dict[str, set[str]]:
    """The fields that adapters have read since `forget_reads` was called last, by the full names of their messages."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for claim in all_claims():
        if claim.is_read:
            found[claim.message].add(claim.field)
    return dict(found)


def claimed_fields(message_class: type[Message]) -> frozenset[str]:
    """The fields of a message that some adapter obeys; complete once the adapters' modules are imported."""
    name = message_class.DESCRIPTOR.full_name
    return frozenset(claim.field for claim in all_claims() if claim.message == name)
