"""A thread that does one thing after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

_Work = Callable[[], None]


class Worker:
    """Does what it is given, in its order, in a thread of its own.

    An executor of `concurrent.futures` keeps account of each piece of work while the event loop waits to go on with its
    result: some tens of microseconds of every request. Here nothing comes after the work but the next.
    """

    def __init__(self, name: str) -> None:
        """Starts the thread."""
        self._work: SimpleQueue[_Work | None] = SimpleQueue()
        # The end of the process does not wait for it: what is still scored then, nobody waits for.
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def submit(self, work: _Work) -> None:
        """Has something done, which raises nothing."""
        self._work.put(work)

    def close(self) -> None:
        """Ends the thread once it has done what it was given."""
        self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            # Not kept until the next comes: it holds the rows of requests.
            del work
