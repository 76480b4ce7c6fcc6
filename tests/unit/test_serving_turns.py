"""One of those who come goes on in each turn of the event loop."""

from __future__ import annotations

import asyncio

from rankspec.scoring.server.turns import Turns


def test_each_turn_lets_one_go_on_in_order_and_the_first_at_once() -> None:
    went: list[tuple[int, int]] = []

    async def work() -> None:
        turns, turn = Turns(), 0

        async def come(number: int) -> None:
            await turns.take()
            went.append((number, turn))

        waiting = [asyncio.create_task(come(number)) for number in range(5)]
        gone = asyncio.create_task(come(9))
        for turn in range(1, 12):
            if turn == 2:
                gone.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        await turns.take()

    asyncio.run(work())
    assert [number for number, _ in went] == [0, 1, 2, 3, 4], "who has gone takes nobody's turn"
    taken = [turn for _, turn in went]
    assert len(set(taken)) == len(taken), "one a turn"
    assert taken[-1] - taken[0] <= len(taken)
