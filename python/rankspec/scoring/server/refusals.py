"""Why a request gets no scores, for every protocol: a kind that statuses follow from, a code, and a text."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from rankspec.scoring.errors import ScoringError
from rankspec.serving.v1 import bundle_pb2


class _Statuses(NamedTuple):
    """The same kind of refusal in two protocols; the first is a name of `grpc.StatusCode`."""

    grpc: str
    http: int


class Kind(Enum):
    """Kinds of refusals, each with its statuses."""

    INVALID = _Statuses("INVALID_ARGUMENT", 400)
    UNAUTHENTICATED = _Statuses("UNAUTHENTICATED", 401)
    UNKNOWN = _Statuses("NOT_FOUND", 404)
    METHOD = _Statuses("UNIMPLEMENTED", 405)
    SLOW = _Statuses("CANCELLED", 408)
    TOO_LARGE = _Statuses("OUT_OF_RANGE", 413)
    ENCODING = _Statuses("UNIMPLEMENTED", 415)
    BUSY = _Statuses("RESOURCE_EXHAUSTED", 429)
    FAILED = _Statuses("INTERNAL", 500)
    UNAVAILABLE = _Statuses("UNAVAILABLE", 503)
    LATE = _Statuses("DEADLINE_EXCEEDED", 504)


class Refusal(Exception):  # noqa: N818 - what it is for, not an error of ours
    """A request that is not scored. Values of features are never in it.

    Attributes:
        kind: what statuses follow from.
        code: name for programs, such as `ID_OUT_OF_RANGE`.
        input: the input or column that it is about; empty if it is about none.
        row: the row that it is about, from 0; None if it is about no single one.
        retry_after: seconds after which a repeat may do better; None if it will not.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        text: str,
        *,
        input: str = "",  # noqa: A002 - the field's name in every language
        row: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.kind = kind
        self.code = code
        self.input = input
        self.row = row
        self.retry_after = retry_after
        super().__init__(text)


def invalid(code: str, text: str) -> Refusal:
    """A request that is not what the protocol says."""
    return Refusal(Kind.INVALID, code, text)


def of_scoring(error: ScoringError) -> Refusal:
    """What the scorer says of a request, as a refusal."""
    kind = {
        bundle_pb2.ERROR_CODE_SCORING_FAILED: Kind.FAILED,
        bundle_pb2.ERROR_CODE_CLOSED: Kind.UNAVAILABLE,
    }.get(error.number, Kind.INVALID)
    # A column's name is the client's word, of any length.
    name = error.input[:_MOST_OF_A_NAME]
    return Refusal(kind, error.code, str(error)[: _MOST_OF_A_NAME + 300], input=name, row=error.row)


_MOST_OF_A_NAME = 200
