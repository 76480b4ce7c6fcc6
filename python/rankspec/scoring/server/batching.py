"""Joins requests that wait into batches, which are scored one after the other."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.encoding.lists import joined_padded
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.server.refusals import Kind, Refusal, of_scoring
from rankspec.scoring.server.sizes import Size, joined_size, size_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rankspec.scoring.server.settings import Limits
    from rankspec.scoring.server.worker import Worker

    Inputs = Mapping[str, NDArray[Any]]
    Outputs = Mapping[str, NDArray[np.float32]]


# A request that is by itself is scored in the event loop's thread if that takes less time. The loop may be held up so
# long anyway: it is how long Python lets another thread run on (`sys.getswitchinterval`).
_QUICK_S = 0.005
# In so many turns of the event loop, whatever has come while it was held up is an open request: the loop hears of it,
# gRPC takes it, makes a task of it, and the task begins.
_TURNS_TO_COME = 4


class WaitingRoom:
    """How many requests are open, how much waits, over all bundles, and how much may."""

    def __init__(self, limits: Limits) -> None:
        """Starts with nothing."""
        self.requests = 0
        self.rows = 0
        self.ids = 0
        self._limits = limits
        self._open: Counter[object] = Counter()
        # How many of the last requests came one after the other, each while no other was open.
        self._in_a_row = 0
        # Rows a second of late; None until something has been scored.
        self._speed: float | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether one request is open, and came, as the one before it did, while no other was.

        Of several clients that ask again and again one comes alone now and then, but hardly one after the other: what
        comes while a request holds up the event loop counts as open with it.
        """
        return self._in_a_row > 1

    @contextmanager
    def opened(self, by: object) -> Iterator[None]:
        """A request is open inside of it, and a few turns of the event loop longer.

        Args:
            by: who asks and has one request at a time: two requests of the same are not open together.
        """
        others = len(self._open) - (by in self._open)
        self._in_a_row = 0 if others else self._in_a_row + 1
        self._open[by] += 1
        try:
            yield
        finally:
            self._close(by, _TURNS_TO_COME)

    def _close(self, by: object, turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._close, by, turns - 1)
        elif self._open[by] > 1:
            self._open[by] -= 1
        else:
            del self._open[by]

    def enter(self, size: Size) -> None:
        """Takes a request in.

        Raises:
            Refusal: BUSY, if there is no room.
        """
        limits = self._limits
        if self.requests >= limits.max_waiting_requests or (
            self.requests
            and (self.rows + size.rows > limits.max_waiting_rows or self.ids + size.ids > limits.max_waiting_ids)
        ):
            raise Refusal(
                Kind.BUSY, "QUEUE_FULL", "too many requests wait; try again later", retry_after=self._seconds()
            )
        self.requests += 1
        self.rows += size.rows
        self.ids += size.ids

    def leave(self, size: Size) -> None:
        """Lets a request go."""
        self.requests -= 1
        self.rows -= size.rows
        self.ids -= size.ids

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
    size: Size
    deadline: float
    since: float
    answer: asyncio.Future[Outputs]


class _Scored(NamedTuple):
    """A batch that has been scored, or could not be."""

    inputs: Inputs
    outputs: Outputs
    seconds: float


class Batcher:
    """Scores requests of one bundle. To be used in one event loop.

    It has no task of its own: whoever comes, and whatever ends, starts the next batch. Each turn of the event loop that
    an answer does not wait for is some tens of microseconds less.
    """

    def __init__(
        self,
        score: Callable[[Inputs], Outputs],
        worker: Worker,
        limits: Limits,
        room: WaitingRoom,
        observe: Callable[[Inputs, Outputs, int, int], None],
        lists: Collection[str] = (),
    ) -> None:
        """Starts with nothing to do.

        Args:
            score: scores inputs `[rows, width]` by name, in a thread.
            worker: of that thread.
            limits: of batches.
            room: where requests wait.
            observe: told of each batch's inputs, outputs, requests and rows, once those who wait have been told.
            lists: names of the inputs that are lists.
        """
        self.is_scoring = False
        self._score = score
        self._worker = worker
        self._limits = limits
        self._room = room
        self._observe = observe
        self._lists = lists
        self._waiting: deque[_Waiting] = deque()
        self._together = Size()
        # A size of which requests were scored quickly when last they were, and so are smaller ones.
        self._quick: Size | None = None
        self._timer: asyncio.TimerHandle | None = None

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
        size = size_of(inputs, self._lists)
        if self._is_scored_here(size):
            found = self._found([inputs])
            if isinstance(found, Refusal):
                raise found
            self._learn(found, [size])
            return found.outputs
        self._room.enter(size)
        answer: asyncio.Future[Outputs] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(inputs, size, deadline, now, answer))
        self._together = self._together.joined(size)
        self._go_on()
        return await answer

    def _is_scored_here(self, size: Size) -> bool:
        """Whether a request is scored in the event loop's thread: the way to another and back takes time, too.

        It is if it is by itself, and no larger than one that was scored quickly: who comes meanwhile waits for the loop
        no longer than `_QUICK_S`. A bundle's first request never is, nor one of a model that takes long.
        """
        return (
            self._is_quick(size)
            and self._room.is_quiet
            and not (self.is_scoring or self._waiting or self._limits.max_delay_s)
        )

    def _is_quick(self, size: Size) -> bool:
        return self._quick is not None and size.is_within(self._quick)

    def _go_on(self) -> None:
        """Has the next batch scored, unless one is, or its first request is to wait for others."""
        while self._waiting and not self.is_scoring:
            if self._waits_for_others():
                return
            if batch := self._taken():
                self._begin(batch)

    def _waits_for_others(self) -> bool:
        """Whether the batch is not full, and its first request has not waited long enough; then it is seen to later."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_full():
            return False
        left = self._waiting[0].since + self._limits.max_delay_s - time.monotonic()
        if left <= 0:
            return False
        self._timer = asyncio.get_running_loop().call_later(left, self._go_on)
        return True

    def _is_full(self) -> bool:
        """Whether what waits is a whole batch, or more."""
        limits = self._limits
        return self._together.rows >= limits.max_batch_rows or self._together.ids >= limits.max_batch_ids

    def _taken(self) -> list[_Waiting]:
        """The next batch: at least one request, and more as far as they fit. What nobody waits for is left out."""
        batch: list[_Waiting] = []
        size, now = Size(), time.monotonic()
        while self._waiting:
            together = size.joined(self._waiting[0].size)
            if batch and not together.fits(self._limits):
                break
            item = self._waiting.popleft()
            self._room.leave(item.size)
            if item.answer.done():
                continue
            if item.deadline <= now:
                item.answer.set_exception(_late())
                continue
            batch.append(item)
            size = together
        self._together = joined_size(item.size for item in self._waiting)
        return batch

    def _begin(self, batch: Sequence[_Waiting]) -> None:
        self.is_scoring = True
        loop = asyncio.get_running_loop()
        self._worker.submit(lambda: self._work(batch, lambda found: loop.call_soon_threadsafe(self._end, batch, found)))

    def _work(self, batch: Sequence[_Waiting], end: Callable[[_Scored | Refusal], object]) -> None:
        """Scores a batch, in the thread for it."""
        end(self._found([item.inputs for item in batch]))

    def _found(self, requests: Sequence[Inputs]) -> _Scored | Refusal:
        """Scores requests, in whichever thread."""
        begin = time.monotonic()
        try:
            inputs = _joined(requests)
            outputs = self._score(inputs)
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits has to hear of it
            return of_scoring(error) if isinstance(error, ScoringError) else _failed(error)
        return _Scored(inputs, outputs, time.monotonic() - begin)

    def _end(self, batch: Sequence[_Waiting], found: _Scored | Refusal) -> None:
        """Answers those who wait, while the next batch is being scored."""
        self.is_scoring = False
        self._go_on()
        if isinstance(found, Refusal):
            for item in batch:
                if not item.answer.done():
                    item.answer.set_exception(found)
            return
        start = 0
        for item in batch:
            if not item.answer.done():
                rows = slice(start, start + item.size.rows)
                item.answer.set_result({name: values[rows] for name, values in found.outputs.items()})
            start += item.size.rows
        self._learn(found, [item.size for item in batch])

    def _learn(self, found: _Scored, sizes: Sequence[Size]) -> None:
        """Keeps what requests that were scored tell of those to come, and has them observed."""
        size = joined_size(sizes)
        self._room.scored(size.rows, found.seconds)
        was_quick = found.seconds < _QUICK_S
        if was_quick is not self._is_quick(size):
            self._quick = size if was_quick else None
        asyncio.get_running_loop().call_soon(self._observe, found.inputs, found.outputs, len(sizes), size.rows)


def _joined(requests: Sequence[Inputs]) -> Inputs:
    if len(requests) == 1:
        return requests[0]
    return {name: joined_padded([inputs[name] for inputs in requests]) for name in requests[0]}


def _late() -> Refusal:
    return Refusal(Kind.LATE, "DEADLINE_EXCEEDED", "the time that the request gives is over; nothing was scored")


def _failed(error: Exception) -> Refusal:
    """Our own mistake, or a lack of memory."""
    refusal = Refusal(Kind.FAILED, "SCORING_FAILED", "the rows could not be scored")
    refusal.__cause__ = error
    return refusal
