"""A short form of the benchmarks of many clients and of reloads under load."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from benchmarks import serving_bundle
from benchmarks.served import running, serve, until
from benchmarks.serving_clients import Tally, ask
from benchmarks.serving_reloads import Asked, Bundles, Clients, Window, _in_windows

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("options", [[], ["--max-waiting=1"]], ids=["with room", "with a queue of one"])
def test_every_client_gets_scores_or_is_told_when_to_come_again(tmp_path: Path, options: list[str]) -> None:
    serving_bundle.write(tmp_path / "bundle")
    with running(serve(tmp_path / "bundle", *options)) as server:
        tally, memory = asyncio.run(ask(server, 30, 30, 3.0))

    assert tally.unanswered == 0
    assert tally.answers["OK"] > 0
    assert (tally.answers["QUEUE_FULL"] > 0) == bool(options)
    assert max(memory) < 2 * memory[0]


def test_what_is_no_answer_is_counted_as_none() -> None:
    tally = Tally()
    tally.answers.update({"OK": 5, "QUEUE_FULL": 3, "ServerDisconnectedError": 2})
    tally.without_time = 1

    assert tally.unanswered == 3


def test_bundles_are_swapped_while_clients_ask_and_none_fails(tmp_path: Path) -> None:
    bundles = Bundles(tmp_path, 6)
    with running(serve(bundles.watched, "--poll=0.02")) as server:
        clients = Clients(server.grpc)
        with clients.asking(2, 0.0):
            for _ in range(5):
                until(partial(clients.serves, bundles.step))
                bundles.put()
            until(partial(clients.serves, bundles.step))

    assert clients.failures == []
    assert {asked.step for asked in clients.asked} == set(range(1, 7))


def test_requests_count_where_they_were_sent() -> None:
    asked = [Asked(begin, begin * 10, 1) for begin in (0.5, 1.0, 1.5, 2.0, 3.5)]

    np.testing.assert_array_equal(_in_windows(asked, [Window(1, 2), Window(3, 4)]), [10, 15, 35])
