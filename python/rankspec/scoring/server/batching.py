"""Joins requests that wait into batches, which are scored one after the other."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rankspec.scoring.errors import ScoringError
from rankspec.scoring.server.refusals import Kind, Refusal, of_scoring

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rankspec.scoring.server.settings import Limits

    Inputs = Mapping[str, NDArray[Any]]
    Outputs = Mapping[str, NDArray[np.float32]]


class WaitingRoom:
    """How much waits, over all bundles, and how much may."""

    def __init__(self, limits: Limits) -> None:
        """Starts with nothing."""
        self.requests = 0
        self.rows = 0
        self._limits = limits
        # Rows a second of late; None until something has been scored.
        self._speed: float | None = None

    def enter(self, rows: int) -> None:
        """Takes a request in.

        Raises:
            Refusal: BUSY, if there is no room.
        """
        limits = self._limits
        if self.requests >= limits.max_waiting_requests or (
            self.requests and self.rows + rows > limits.max_waiting_rows
        ):
            raise Refusal(
                Kind.BUSY, "QUEUE_FULL", "too many requests wait; try again later", retry_after=self._seconds()
            )
        self.requests += 1
        self.rows += rows

    def leave(self, rows: int) -> None:
        """Lets a request go."""
        self.requests -= 1
        self.rows -= rows

    def scored(self, rows: int, seconds: float) -> None:
        """Learns how fast rows are scored."""
        speed = rows / max(seconds, 1e-6)
        self._speed = speed if self._speed is None else 0.9 * self._speed + 0.1 * speed

    def _seconds(self) -> int:
        """When the half of what waits will have been scored, in whole seconds, at least 1."""
        return min(60, math.ceil(self.rows / 2 / self._speed)) or 1 if self._speed else 1


@dataclass(frozen=True)
class _Waiting:
    inputs: Inputs
    rows: int
    deadline: float
    since: float
    answer: asyncio.Future[Outputs]


class Batcher:
    """Scores requests of one bundle. To be used in one event loop."""

    def __init__(
        self,
        score: Callable[[Inputs], Outputs],
        executor: Executor,
        limits: Limits,
        room: WaitingRoom,
        observe: Callable[[Inputs, Outputs, int, int], None],
    ) -> None:
        """Starts with nothing to do.

        Args:
            score: scores inputs `[rows, width]` by name, in a thread.
            executor: of that thread.
            limits: of batches.
            room: where requests wait.
            observe: told of each batch's inputs, outputs, requests and rows.
        """
        self._score = score
        self._executor = executor
        self._limits = limits
        self._room = room
        self._observe = observe
        self._waiting: deque[_Waiting] = deque()
        self._rows = 0
        self._arrived = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    async def score(self, inputs: Inputs, deadline: float) -> Outputs:
        """Scores a request, by itself or with others.

        Args:
            inputs: as the scorer has placed them.
            deadline: of `time.monotonic`, after which nobody waits for the answer.

        Raises:
            Refusal: BUSY, LATE or what the scorer says.
        """
        now = time.monotonic()
        if deadline <= now:
            raise _late()
        rows = len(next(iter(inputs.values())))
        self._room.enter(rows)
        answer: asyncio.Future[Outputs] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(inputs, rows, deadline, now, answer))
        self._rows += rows
        self._arrived.set()
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._wait_for_others()
                if batch := self._taken():
                    await self._answer(batch)
        finally:
            self._worker = None

    async def _wait_for_others(self) -> None:
        """Waits until the batch is full or its first request has waited long enough."""
        until = self._waiting[0].since + self._limits.max_delay_s
        while self._rows < self._limits.max_batch_rows and (left := until - time.monotonic()) > 0:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), left)
            except TimeoutError:
                return

    def _taken(self) -> list[_Waiting]:
        """The next batch: at least one request, and more as far as they fit. What nobody waits for is left out."""
        batch: list[_Waiting] = []
        rows, now = 0, time.monotonic()
        while self._waiting and (not batch or rows + self._waiting[0].rows <= self._limits.max_batch_rows):
            item = self._waiting.popleft()
            self._rows -= item.rows
            self._room.leave(item.rows)
            if item.answer.done():
                continue
            if item.deadline <= now:
                item.answer.set_exception(_late())
                continue
            batch.append(item)
            rows += item.rows
        return batch

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        rows = sum(item.rows for item in batch)
        begin = time.monotonic()
        try:
            inputs = _joined(batch)
            outputs = await asyncio.get_running_loop().run_in_executor(self._executor, self._score, inputs)
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits has to hear of it
            refusal = of_scoring(error) if isinstance(error, ScoringError) else _failed(error)
            for item in batch:
                if not item.answer.done():
                    item.answer.set_exception(refusal)
            return
        self._room.scored(rows, time.monotonic() - begin)
        start = 0
        for item in batch:
            if not item.answer.done():
                item.answer.set_result({name: values[start : start + item.rows] for name, values in outputs.items()})
            start += item.rows
        self._observe(inputs, outputs, len(batch), rows)


def _joined(batch: Sequence[_Waiting]) -> Inputs:
    if len(batch) == 1:
        return batch[0].inputs
    return {name: np.concatenate([item.inputs[name] for item in batch]) for name in batch[0].inputs}


def _late() -> Refusal:
    return Refusal(Kind.LATE, "DEADLINE_EXCEEDED", "the time that the request gives is over; nothing was scored")


def _failed(error: Exception) -> Refusal:
    """Our own mistake, or a lack of memory."""
    refusal = Refusal(Kind.FAILED, "SCORING_FAILED", "the rows could not be scored")
    refusal.__cause__ = error
    return refusal
