"""Being asked to end, by SIGTERM or Ctrl-C: a run saves between two steps, or ends at once before its first."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# torchrun passes on to its processes what the terminal has sent them already.
_ECHO_SECONDS = 1.0


class AskedToEnd(KeyboardInterrupt):
    """The process was asked to end before there was anything to save.

    Attributes:
        number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__("asked to end before the first step")
        self.number = number


class Asked:
    """Whether the process has been asked to end.

    Attributes:
        number: the first signal that asked for it; none if there was no such.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.number: int | None = None
        self._at = 0.0
        self._is_looked_at = False

    def __call__(self) -> bool:
        """Whether a signal has come."""
        return self.number is not None

    def look(self) -> None:
        """Takes that the loop looks for signals from now on: one that comes ends nothing by itself."""
        self._is_looked_at = True

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Takes a signal.

        Raises:
            AskedToEnd: nobody looks for signals yet.
            KeyboardInterrupt: it is another Ctrl-C.
        """
        if not self._is_looked_at:
            raise AskedToEnd(number)
        now = time.monotonic()
        if self.number is None:
            self.number, self._at = number, now
        elif number == signal.SIGINT and now - self._at >= _echo_seconds():
            raise KeyboardInterrupt


@contextmanager
def asked_to_end() -> Iterator[Asked]:
    """Takes SIGTERM and SIGINT for the time of the context, which Python lets the main thread alone do."""
    asked = Asked()
    is_main = threading.current_thread() is threading.main_thread()
    before = [(number, signal.signal(number, asked.note)) for number in _SIGNALS if is_main]
    try:
        yield asked
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _echo_seconds() -> float:
    return _ECHO_SECONDS if int(os.environ.get("WORLD_SIZE", "1")) > 1 else 0.0
