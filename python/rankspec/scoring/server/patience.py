"""How long requests may take to come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rankspec.scoring.server.refusals import Kind, Refusal


class Patience:
    """Ends waits that last too long. One task looks after all: a timer for each is a tenth of what a request costs."""

    def __init__(self, seconds: float) -> None:
        """Takes how long a wait may last."""
        self._seconds = seconds
        # Who waits, and since when; a wait that is over for being too long is None.
        self._since: dict[asyncio.Task[object], float | None] = {}

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Waits inside of it.

        Raises:
            Refusal: SLOW, after the seconds, and up to a quarter of them, or a second, later.
        """
        task = asyncio.current_task()
        assert task is not None, "it is called in a task"
        self._since[task] = time.monotonic()
        try:
            yield
        except asyncio.CancelledError:
            if self._since[task] is not None:
                raise
            task.uncancel()
            raise Refusal(Kind.SLOW, "REQUEST_SLOW", "the request did not come in time") from None
        finally:
            del self._since[task]

    async def watch(self) -> None:
        """Ends waits, for as long as it is not cancelled."""
        while True:
            await asyncio.sleep(min(1.0, self._seconds / 4))
            before = time.monotonic() - self._seconds
            for task, since in list(self._since.items()):
                if since is not None and since < before:
                    self._since[task] = None
                    task.cancel()
