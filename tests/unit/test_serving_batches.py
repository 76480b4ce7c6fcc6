"""How requests are joined, how long they wait, and when there is no more room."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rankspec.serving.v1 import bundle_pb2

from rankspec.scoring.errors import ScoringError
from rankspec.scoring.server import batching
from rankspec.scoring.server.batching import Batcher, WaitingRoom
from rankspec.scoring.server.logs import Log
from rankspec.scoring.server.metrics import Metrics
from rankspec.scoring.server.models import Registry
from rankspec.scoring.server.refusals import Kind, Refusal
from rankspec.scoring.server.requests import ScoreRequest
from rankspec.scoring.server.service import Asked, Service
from rankspec.scoring.server.settings import Address, Limits, Settings
from rankspec.scoring.server.worker import Worker

Inputs = Mapping[str, np.ndarray]


class _Model:
    """Doubles `x`; waits for `may_go` first, and keeps how many rows came at once."""

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.batches: list[int] = []

    def __call__(self, inputs: Inputs) -> Inputs:
        assert self.may_go.wait(30)
        self.batches.append(len(inputs["x"]))
        return {"y": inputs["x"][:, 0] * 2}


def _run(
    limits: Limits, model: Callable[[Inputs], Inputs], work: Callable[[Batcher, WaitingRoom], Awaitable[None]]
) -> None:
    async def within() -> None:
        room = WaitingRoom(limits)
        worker = Worker("scoring")
        await work(Batcher(model, worker, limits, room, lambda *_: None), room)
        worker.close()
        assert (room.requests, room.rows) == (0, 0), "all have left"

    asyncio.run(within())


async def _until_scored(batcher: Batcher, room: WaitingRoom) -> None:
    """Waits until what was asked is being scored."""
    while room.requests or not batcher.is_scoring:  # noqa: ASYNC110 - the batcher has no event for it
        await asyncio.sleep(0)


def _rows(values: list[float]) -> Inputs:
    return {"x": np.array(values, np.float32).reshape(-1, 1)}


@given(st.lists(st.lists(st.floats(-9, 9, width=32), max_size=5), min_size=1, max_size=12), st.integers(1, 9))
@settings(deadline=None, max_examples=30)
def test_everybody_gets_the_scores_of_their_own_rows(requests: list[list[float]], most: int) -> None:
    model = _Model()

    async def work(batcher: Batcher, _: WaitingRoom) -> None:
        asked = [asyncio.create_task(batcher.score(_rows(values), math.inf)) for values in requests]
        await asyncio.sleep(0)
        model.may_go.set()
        for values, answer in zip(requests, await asyncio.gather(*asked), strict=True):
            np.testing.assert_array_equal(answer["y"], np.array(values, np.float32) * 2)

    _run(Limits(max_batch_rows=most), model, work)
    longest = max(map(len, requests))
    assert max(model.batches) <= max(most, longest)


def test_requests_that_come_while_others_are_scored_are_joined() -> None:
    model = _Model()

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        first = asyncio.create_task(batcher.score(_rows([1]), math.inf))
        await _until_scored(batcher, room)
        others = [asyncio.create_task(batcher.score(_rows([1, 2]), math.inf)) for _ in range(3)]
        await asyncio.sleep(0.01)
        model.may_go.set()
        await asyncio.gather(first, *others)

    _run(Limits(), model, work)
    assert model.batches == [1, 6]


def test_the_first_waits_for_others_no_longer_than_it_may() -> None:
    model = _Model()
    model.may_go.set()

    async def work(batcher: Batcher, _: WaitingRoom) -> None:
        first = asyncio.create_task(batcher.score(_rows([1]), math.inf))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(batcher.score(_rows([2]), math.inf))
        await asyncio.gather(first, second)

    _run(Limits(max_delay_s=5.0, max_batch_rows=2), model, work)
    assert model.batches == [2], "a full batch does not wait"
    begin = time.monotonic()
    _run(Limits(max_delay_s=0.05), model, work)
    assert model.batches == [2, 2]
    assert time.monotonic() - begin >= 0.05


def test_a_full_queue_refuses_and_says_when_to_come_again() -> None:
    model = _Model()

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        asked = [asyncio.create_task(batcher.score(_rows([1, 2]), math.inf))]
        await _until_scored(batcher, room)
        asked += [asyncio.create_task(batcher.score(_rows([1, 2]), math.inf)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal) as refused:
            await batcher.score(_rows([1]), math.inf)
        assert (refused.value.kind, refused.value.code, refused.value.retry_after) == (Kind.BUSY, "QUEUE_FULL", 1)
        model.may_go.set()
        await asyncio.gather(*asked)
        await batcher.score(_rows([1]), math.inf)

    _run(Limits(max_waiting_requests=2), model, work)
    model.may_go.clear()
    _run(Limits(max_waiting_rows=4), model, work)


def test_who_does_not_wait_any_more_is_not_scored() -> None:
    model = _Model()

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        first = asyncio.create_task(batcher.score(_rows([1]), math.inf))
        await _until_scored(batcher, room)
        late = asyncio.create_task(batcher.score(_rows([1] * 10), time.monotonic() + 0.01))
        gone = asyncio.create_task(batcher.score(_rows([1] * 100), math.inf))
        await asyncio.sleep(0.02)
        gone.cancel()
        model.may_go.set()
        await first
        with pytest.raises(Refusal) as refused:
            await late
        assert refused.value.code == "DEADLINE_EXCEEDED"

    _run(Limits(), model, work)
    assert model.batches == [1]


@pytest.mark.parametrize(
    "error",
    [ScoringError(bundle_pb2.ERROR_CODE_SCORING_FAILED, "rows"), MemoryError("no room")],
    ids=["of_scoring", "of_memory"],
)
def test_when_scoring_fails_everybody_hears_of_it_and_the_next_are_scored(error: Exception) -> None:
    model = _Model()

    def score(inputs: Inputs) -> Inputs:
        outputs = model(inputs)
        if len(model.batches) == 2:
            raise error
        return outputs

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        first = asyncio.create_task(batcher.score(_rows([1]), math.inf))
        await _until_scored(batcher, room)
        others = [asyncio.create_task(batcher.score(_rows([1]), math.inf)) for _ in range(3)]
        await asyncio.sleep(0.01)
        model.may_go.set()
        found = await asyncio.gather(*others, return_exceptions=True)
        assert [getattr(one, "code", None) for one in found] == ["SCORING_FAILED"] * 3
        assert (await first)["y"] == [2]
        assert (await batcher.score(_rows([3]), math.inf))["y"] == [6]

    _run(Limits(), score, work)
    assert model.batches == [1, 3, 1]


class _Places:
    """Doubles `x`, and keeps of each batch where it was scored: `here`, in the event loop's thread, or `there`."""

    def __init__(self, limits: Limits | None = None, lists: Sequence[str] = ()) -> None:
        self.found: list[str] = []
        self.observed: list[int] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self._limits = limits or Limits()
        self._lists = lists
        self._loop_thread = threading.get_ident()

    def score(self, inputs: Inputs) -> Inputs:
        self.found.append("here" if threading.get_ident() == self._loop_thread else "there")
        assert self.may_go.wait(30)
        return {"y": inputs["x"][:, 0] * 2}

    def run(self, work: Callable[[Batcher, WaitingRoom], Awaitable[None]]) -> None:
        def observe(_inputs: Inputs, _outputs: Inputs, requests: int, rows: int) -> None:
            self.observed += [requests, rows]

        async def within() -> None:
            room, worker = WaitingRoom(self._limits), Worker("scoring")
            await work(Batcher(self.score, worker, self._limits, room, observe, self._lists), room)
            worker.close()

        asyncio.run(within())


async def _turns() -> None:
    """Lets what was answered be over."""
    for _ in range(10):
        await asyncio.sleep(0)


async def _ask(batcher: Batcher, room: WaitingRoom, rows: int, by: object = None) -> None:
    with room.opened(by or object()):
        answer = await batcher.score(_rows([3.0] * rows), math.inf)
    np.testing.assert_array_equal(answer["y"], [6.0] * rows)


async def _ask_alone(batcher: Batcher, room: WaitingRoom, *rows: int) -> None:
    for number in rows:
        await _ask(batcher, room, number)
        await _turns()


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        ([5, 5, 5], ["there", "here", "here"]),
        ([5, 1, 6, 6, 5], ["there", "here", "there", "here", "here"]),
        ([0, 0, 1, 1], ["there", "here", "there", "here"]),
    ],
    ids=["first", "larger", "without_rows"],
)
def test_a_request_by_itself_no_larger_than_one_that_was_quick_is_scored_here(
    rows: list[int], places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "_QUICK_S", math.inf)
    seen = _Places()
    seen.run(lambda batcher, room: _ask_alone(batcher, room, *rows))
    assert seen.found == places


def test_what_takes_long_is_scored_by_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _Places()

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        monkeypatch.setattr(batching, "_QUICK_S", 0.0)
        await _ask_alone(batcher, room, 5, 5, 1)
        assert seen.found == ["there"] * 3
        monkeypatch.setattr(batching, "_QUICK_S", math.inf)
        await _ask_alone(batcher, room, 5, 5)
        # It takes long once, and is not tried again until it is quick elsewhere.
        monkeypatch.setattr(batching, "_QUICK_S", 0.0)
        await _ask_alone(batcher, room, 5, 5, 5)
        monkeypatch.setattr(batching, "_QUICK_S", math.inf)
        await _ask_alone(batcher, room, 5, 5)

    seen.run(work)
    assert seen.found[3:] == ["there", "here", "here", "there", "there", "there", "here"]


def test_a_larger_request_that_takes_long_says_nothing_of_smaller_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _Places()

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        monkeypatch.setattr(batching, "_QUICK_S", math.inf)
        await _ask_alone(batcher, room, 5)
        monkeypatch.setattr(batching, "_QUICK_S", 0.0)
        await _ask_alone(batcher, room, 6)
        monkeypatch.setattr(batching, "_QUICK_S", math.inf)
        await _ask_alone(batcher, room, 5)

    seen.run(work)
    assert seen.found == ["there", "there", "here"]


def test_longer_lists_than_were_quick_are_scored_by_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "_QUICK_S", math.inf)
    seen = _Places(lists=["ids"])

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        for rows, longest in ((4, 2), (4, 2), (2, 4), (2, 5)):
            with room.opened(object()):
                inputs = {**_rows([1.0] * rows), "ids": np.zeros((rows, longest), np.int64)}
                await batcher.score(inputs, math.inf)
            await _turns()

    seen.run(work)
    assert seen.found == ["there", "here", "here", "there"]


def test_while_others_are_open_requests_are_scored_by_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "_QUICK_S", math.inf)
    seen = _Places()

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        await _ask_alone(batcher, room, 1, 1)
        # One whose rows are still to come.
        with room.opened(object()):
            await _ask(batcher, room, 1)
        await _turns()
        # The next has been alone, but not the one before it.
        await _ask_alone(batcher, room, 1, 1)
        # What comes while the loop is held up is told of only afterwards: it counts as being there at once.
        await _ask(batcher, room, 1)
        await _ask(batcher, room, 1)

    seen.run(work)
    assert seen.found == ["there", "here", "there", "there", "here", "here", "there"]


def test_the_next_request_of_the_same_connection_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "_QUICK_S", math.inf)
    seen = _Places()

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        connection = object()
        for _ in range(3):
            await _ask(batcher, room, 1, connection)
        # Until here it has been open three times, and it is still.
        with room.opened(connection):
            await _turns()
            await _ask(batcher, room, 1)

    seen.run(work)
    assert seen.found == ["there", "here", "here", "there"]


def test_a_request_that_may_wait_for_others_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "_QUICK_S", math.inf)
    seen = _Places(Limits(max_delay_s=0.001))
    seen.run(lambda batcher, room: _ask_alone(batcher, room, 1, 1, 1))
    assert seen.found == ["there"] * 3


def test_while_something_is_scored_that_nobody_waits_for_the_next_request_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batching, "_QUICK_S", math.inf)
    seen = _Places()

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        await _ask_alone(batcher, room, 1, 1)
        seen.may_go.clear()
        gone = asyncio.create_task(_ask(batcher, room, 2))
        await _until_scored(batcher, room)
        gone.cancel()
        await _turns()
        waiting = asyncio.create_task(_ask(batcher, room, 1))
        await _turns()
        assert (room.is_quiet, room.requests) == (True, 1)
        seen.may_go.set()
        await waiting

    seen.run(work)
    assert seen.found == ["there", "here", "there", "there"]


def test_what_is_scored_here_is_observed_after_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "_QUICK_S", math.inf)
    seen = _Places()

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        await _ask_alone(batcher, room, 4)
        assert seen.observed == [1, 4]
        await _ask(batcher, room, 3)
        assert seen.observed == [1, 4]
        await _turns()
        assert seen.observed == [1, 4, 1, 3]

    seen.run(work)
    assert seen.found == ["there", "here"]


def test_what_fails_here_is_told_and_the_next_is_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "_QUICK_S", math.inf)
    seen = _Places()

    async def work(batcher: Batcher, room: WaitingRoom) -> None:
        await _ask_alone(batcher, room, 1)
        with room.opened(object()), pytest.raises(Refusal) as refused:
            await batcher.score({"x": np.zeros(1, np.float32)}, math.inf)
        assert (refused.value.code, type(refused.value.__cause__)) == ("SCORING_FAILED", IndexError)
        await _turns()
        with room.opened(object()), pytest.raises(Refusal) as refused:
            await batcher.score(_rows([1.0]), time.monotonic() - 1)
        assert refused.value.code == "DEADLINE_EXCEEDED"
        await _turns()
        await _ask_alone(batcher, room, 1)

    seen.run(work)
    assert seen.found == ["there", "here", "here"]


def test_the_deadline_holds_for_what_is_scored_here(tmp_path: Path) -> None:
    class Model:
        step = 1

        async def score(self, _request: ScoreRequest, deadline: float) -> None:
            # As what is scored here, it holds up the loop, so that no timer ends it.
            while time.monotonic() <= deadline:
                pass

    address, room = Address("127.0.0.1", 0), WaitingRoom(Limits())
    settings_ = Settings(tmp_path, "bundle", address, address, address)
    registry: Any = Registry("bundle")
    registry.current = Model()
    service = Service(settings_, registry, Metrics(room), room, Log())

    with pytest.raises(Refusal) as refused:
        asyncio.run(service.score(ScoreRequest("bundle", "", "", {}, None, 0.01, None), Asked()))

    assert refused.value.code == "DEADLINE_EXCEEDED"
