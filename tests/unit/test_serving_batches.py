"""How requests are joined, how long they wait, and when there is no more room."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Awaitable, Callable, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rankspec.serving.v1 import bundle_pb2

from rankspec.scoring.errors import ScoringError
from rankspec.scoring.server.batching import Batcher, WaitingRoom
from rankspec.scoring.server.refusals import Kind, Refusal
from rankspec.scoring.server.settings import Limits
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
