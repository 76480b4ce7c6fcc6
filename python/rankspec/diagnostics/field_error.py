"""What ends a command because of what a field of a config asks for."""

from __future__ import annotations

from rankspec.diagnostics.diagnostic import Diagnostic, Position


class FieldError(Exception):
    """Something that cannot be done as a config asks for it.

    Attributes:
        message: What is wrong and what to do about it, without the field's path.
        path: The field of the spec that it is about, such as `train_data.inputs`; "" if none.
        code: Stable name of the kind of error.
    """

    code = "train.refused"

    def __init__(self, message: str, path: str = "", *, code: str | None = None) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.message = message
        self.path = path
        self.code = code or self.code

    def diagnostic(self, position: Position | None, related: tuple[Position, ...] = ()) -> Diagnostic:
        """The error at its place."""
        return Diagnostic(self.code, self.message, self.path, position, "error", None, related)
