"""Shares the event loop between protocols."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """Lets one of those who come go on in each turn of the event loop, in the order in which they came.

    A turn does all that is ready, be it a thousand requests over HTTP, while gRPC hands over one request a turn.
    Without this, many clients of HTTP would make turns so long that those of gRPC wait for minutes.
    """

    def __init__(self) -> None:
        """Nobody has come yet."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_taken = False

    async def take(self) -> None:
        """Waits for a turn, which is this one if nobody has taken it."""
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._next)
            return
        mine = loop.create_future()
        self._waiting.append(mine)
        await mine

    def _next(self) -> None:
        while self._waiting:
            mine = self._waiting.popleft()
            if not mine.done():
                mine.set_result(None)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._is_taken = False
