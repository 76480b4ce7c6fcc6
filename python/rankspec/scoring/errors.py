"""What is wrong with a bundle or a request, as data that every language's scorer gives alike."""

from __future__ import annotations

from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import ErrorCode

_PREFIX = "ERROR_CODE_"


class ScoringError(Exception):
    """A bundle that is not opened, or a request that is not scored.

    Values of a request are never in it: ids are personal data.

    Attributes:
        number: the value of `rankspec.serving.v1.ErrorCode`.
        input: name of the input, or of the file of a bundle; empty if it is about none.
        row: row of the request, from 0; None if it is about no single one.
        expectation: what should have been there.
    """

    def __init__(self, number: ErrorCode, expectation: str, *, input: str = "", row: int | None = None) -> None:  # noqa: A002 - the field's name in every language
        self.number = number
        self.input = input
        self.row = row
        self.expectation = expectation
        place = f" {input}" if input else ""
        place += f", row {row}" if row is not None else ""
        super().__init__(f"{self.code}{place}: {expectation}")

    @property
    def code(self) -> str:
        """The code's name without what all have, such as `ID_OUT_OF_RANGE`."""
        return bundle_pb2.ErrorCode.Name(self.number).removeprefix(_PREFIX)
