"""What is wrong with a bundle or a request, as data that every language's scorer gives alike."""

from __future__ import annotations

from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import ErrorCode

_PREFIX = "ERROR_CODE_"

_COPY_AGAIN = "copy the bundle again, whole, or export the run again"
_EXPORT_AGAIN = "export the run again with this version of rankspec"
# What the encoder says of a recipe or of raw rows is a sentence of its own.
_OF_ENCODER = {
    bundle_pb2.ERROR_CODE_RECIPE_INVALID,
    bundle_pb2.ERROR_CODE_RECIPE_UNFITTED,
    bundle_pb2.ERROR_CODE_RECIPE_UNKNOWN,
    bundle_pb2.ERROR_CODE_VOCABULARY_INVALID,
    bundle_pb2.ERROR_CODE_COLUMN_MISSING,
    bundle_pb2.ERROR_CODE_COLUMN_TYPE,
    bundle_pb2.ERROR_CODE_VALUE_INVALID,
}
# What to do about a bundle that is not opened.
_REMEDIES: dict[ErrorCode, str] = {
    bundle_pb2.ERROR_CODE_NO_BUNDLE: "give the folder itself that `rankspec export` wrote",
    bundle_pb2.ERROR_CODE_MANIFEST_INVALID: _COPY_AGAIN,
    bundle_pb2.ERROR_CODE_VERSION_UNKNOWN: "install a newer rankspec, or export the run with this one",
    bundle_pb2.ERROR_CODE_DIGEST_MISMATCH: "fetch the bundle of that digest, or expect this one's",
    bundle_pb2.ERROR_CODE_NAME_UNSAFE: _EXPORT_AGAIN,
    bundle_pb2.ERROR_CODE_FILE_UNSAFE: "put the file itself there, with the right to read it",
    bundle_pb2.ERROR_CODE_FILE_UNLISTED: "take it out of the folder",
    bundle_pb2.ERROR_CODE_FILE_MISSING: _COPY_AGAIN,
    bundle_pb2.ERROR_CODE_FILE_TOO_LARGE: (
        "take one that `rankspec export` wrote; `scoring.open` takes a larger max_bytes for all files together"
    ),
    bundle_pb2.ERROR_CODE_FILE_SIZE: _COPY_AGAIN,
    bundle_pb2.ERROR_CODE_FILE_HASH: _COPY_AGAIN,
    bundle_pb2.ERROR_CODE_MODEL_INVALID: _EXPORT_AGAIN,
    bundle_pb2.ERROR_CODE_EXTERNAL_DATA_INVALID: _EXPORT_AGAIN,
    bundle_pb2.ERROR_CODE_GOLDEN_INVALID: _EXPORT_AGAIN,
    bundle_pb2.ERROR_CODE_GOLDEN_MISMATCH: (
        "the model computes something else here than where it was exported: export the run again on a machine like "
        "this one, with its ONNX Runtime"
    ),
    bundle_pb2.ERROR_CODE_RECIPE_INVALID: _EXPORT_AGAIN,
    bundle_pb2.ERROR_CODE_VOCABULARY_INVALID: _EXPORT_AGAIN,
    bundle_pb2.ERROR_CODE_RECIPE_MISSING: "give it those, or export a run on an imported data set",
}


class ScoringError(Exception):
    """A bundle that is not opened, or a request that is not scored.

    Values of a request are never in it: ids are personal data.

    Attributes:
        number: the value of `rankspec.serving.v1.ErrorCode`.
        input: name of the input, or of the file of a bundle; empty if it is about none.
        row: row of the request, from 0; None if it is about no single one.
        expectation: what should have been there.
        found: what is there instead, of a bundle; empty if it is not said.
    """

    def __init__(
        self,
        number: ErrorCode,
        expectation: str,
        *,
        input: str = "",  # noqa: A002 - the field's name in every language
        row: int | None = None,
        found: str = "",
    ) -> None:
        self.number = number
        self.input = input
        self.row = row
        self.expectation = expectation
        self.found = found
        # A name that somebody else chose stays on its line.
        place = f" {input if input.isprintable() else ascii(input)}" if input else ""
        place += f", row {row}" if row is not None else ""
        super().__init__(f"{self.code}{place}: {self._said()}")

    def _said(self) -> str:
        remedy = f"; {_REMEDIES[self.number]}" if self.number in _REMEDIES else ""
        found = f", found {self.found}" if self.found else ""
        expected = "" if self.number in _OF_ENCODER else "expected "
        return f"{expected}{self.expectation}{found}{remedy}"

    @property
    def code(self) -> str:
        """The code's name without what all have, such as `ID_OUT_OF_RANGE`."""
        return bundle_pb2.ErrorCode.Name(self.number).removeprefix(_PREFIX)
