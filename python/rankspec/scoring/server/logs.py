"""The log: a JSON object a line on the standard error. What a request holds is never in it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rankspec.scoring.server.models import ServedModel


class Log:
    """Writes lines that programs read."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Writes to a stream; None takes the standard error."""
        self._stream = sys.stderr if stream is None else stream

    def event(self, event: str, **values: str | float | None) -> None:
        """Writes a line about what the server does.

        Args:
            event: which, in a few words.
            values: of it; None is left out.
        """
        line: dict[str, str | float] = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event}
        line |= {name: value for name, value in values.items() if value is not None}
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()

    def request(self, protocol: str, code: str, seconds: float, model: ServedModel | None) -> None:
        """Writes a line about a request."""
        self.event(
            "request",
            protocol=protocol,
            code=code,
            milliseconds=round(seconds * 1000, 3),
            step=None if model is None else model.step,
            digest=None if model is None else model.digest,
        )

    def failure(self, error: Exception) -> None:
        """Writes a line about a request that failed by our own fault: the error's kind, and not what it says."""
        cause = error.__cause__ or error
        place = cause.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place is not None else None
        self.event("failure", error=type(cause).__name__, place=where)
