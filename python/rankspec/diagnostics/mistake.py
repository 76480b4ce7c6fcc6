"""A user's mistake on its way from where it shows to where its place is known."""

from __future__ import annotations

from rankspec.diagnostics.diagnostic import Diagnostic, Position


class MistakeError(ValueError):
    """Something that a person wrote and that cannot be taken; whoever knows where it stands makes a diagnostic of it.

    Attributes:
        code: The diagnostic's code.
        message: What is wrong.
        suggestion: What to write instead, if that is known.
        at: Offset of the offending character from the beginning of what was written.
    """

    def __init__(self, code: str, message: str, suggestion: str | None = None, at: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.suggestion = suggestion
        self.at = at

    def diagnostic(self, path: str, position: Position | None) -> Diagnostic:
        """The mistake at its place."""
        return Diagnostic(self.code, self.message, path, position, "error", self.suggestion)
