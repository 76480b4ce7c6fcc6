"""What there is to say while rows are read, which happens in threads of its own."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock


class Notices:
    """Lines for people; those that come before somebody listens are kept until then."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._changing = Lock()
        self._say: Callable[[str], None] | None = None
        self._kept: list[str] = []

    def tell(self, line: str) -> None:
        """Says a line, from any thread."""
        with self._changing:
            if self._say is None:
                self._kept.append(line)
            else:
                self._say(line)

    def listen(self, say: Callable[[str], None]) -> None:
        """Has lines said by `say`, those included that came before."""
        with self._changing:
            self._say = say
            for line in self._kept:
                say(line)
            self._kept.clear()
