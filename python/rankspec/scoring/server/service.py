"""What both protocols do with a request: scoring it in time, counting it, writing a line about it."""

from __future__ import annotations

import asyncio
import hmac
import math
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from rankspec.scoring.server.refusals import Kind, Refusal

if TYPE_CHECKING:
    from rankspec.scoring.server.batching import WaitingRoom
    from rankspec.scoring.server.logs import Log
    from rankspec.scoring.server.metrics import Metrics
    from rankspec.scoring.server.models import Registry, ServedModel
    from rankspec.scoring.server.requests import ScoreAnswer, ScoreRequest
    from rankspec.scoring.server.settings import Settings

_Given = TypeVar("_Given")


class Asked:
    """A request for scores while it is answered.

    Attributes:
        model: the one that was chosen to score it; None before that.
    """

    model: ServedModel | None = None


class Service:
    """Answers requests, whichever protocol they come by."""

    def __init__(self, settings: Settings, registry: Registry, metrics: Metrics, room: WaitingRoom, log: Log) -> None:
        """Takes what all protocols share."""
        self.settings = settings
        self.registry = registry
        self.metrics = metrics
        self._room = room
        self.log = log
        self._shown = None if settings.token is None else f"Bearer {settings.token}".encode()

    def check_token(self, shown: str | bytes | None) -> None:
        """Makes sure that a client has shown the token.

        Args:
            shown: its `authorization` header.

        Raises:
            Refusal: it has not.
        """
        if self._shown is None:
            return
        given = shown if isinstance(shown, bytes) else (shown or "").encode("utf-8", "surrogateescape")
        # Compared in a time that tells nothing of how much of it is right.
        if not hmac.compare_digest(given, self._shown):
            raise Refusal(Kind.UNAUTHENTICATED, "UNAUTHENTICATED", "show the token: `authorization: Bearer TOKEN`")

    async def score(self, request: ScoreRequest, asked: Asked, timeout_s: float = math.inf) -> ScoreAnswer:
        """Scores a request.

        Args:
            request: what is asked.
            asked: learns which model is chosen.
            timeout_s: the protocol's own, beside the request's.

        Raises:
            Refusal: it is not scored.
        """
        model = asked.model = self.registry.model(request.model, request.version)
        timeout_s = min(timeout_s, request.timeout_s)
        if timeout_s == math.inf:
            return await model.score(request, math.inf)
        deadline = time.monotonic() + timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                answer = await model.score(request, deadline)
        except TimeoutError:
            raise _late() from None
        if time.monotonic() > deadline:
            # What is scored in this thread holds up the timer, too.
            raise _late()
        return answer

    async def counted(self, protocol: str, by: object, answering: Callable[[Asked], Awaitable[_Given]]) -> _Given:
        """Has a request for scores answered, and counts it.

        It is counted to the bundle that was chosen for it, though another may be current by now; one that was refused
        before that, to the current one.

        Args:
            protocol: that it came by.
            by: as `WaitingRoom.opened` takes it.
            answering: gives the answer, by `score` with what it is handed.

        Raises:
            Refusal: it is refused.
        """
        begin = time.monotonic()
        asked = Asked()
        code = "CANCELLED"
        try:
            with self._room.opened(by):
                given = await answering(asked)
            code = "OK"
        except Refusal as refusal:
            code = refusal.code
            if refusal.kind is Kind.FAILED:
                self.log.failure(refusal)
            raise
        except Exception as error:
            code = "SCORING_FAILED"
            self.log.failure(error)
            raise Refusal(Kind.FAILED, code, "the request could not be answered") from error
        finally:
            seconds = time.monotonic() - begin
            model = asked.model or self.registry.current
            self.metrics.request(protocol, code, seconds, model)
            if self.settings.logs_requests:
                self.log.request(protocol, code, seconds, model)
        return given


def _late() -> Refusal:
    return Refusal(Kind.LATE, "DEADLINE_EXCEEDED", "the time that the request gives is over")
