"""How a verb ends that cannot do what it is asked: one line, and an exit status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rankspec.cli import statuses


class VerbError(Exception):
    """Ends a verb.

    Attributes:
        status: The exit status.
    """

    def __init__(self, line: str, status: int = statuses.WRONG) -> None:
        """Takes the line that says why, for the standard error."""
        super().__init__(line)
        self.status = status


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Says of a library that is not installed what installs it.

    Args:
        extra: The part of the package that what is done within asks for.

    Raises:
        VerbError: Something was not there to import.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        remedy = f"`pip install 'rankspec[{extra}]'` installs what this takes"
        raise VerbError(f"error: {error.name} is not installed; {remedy}") from error
