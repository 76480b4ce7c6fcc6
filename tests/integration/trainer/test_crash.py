"""The short form of `make crash-test`."""

import pytest
from tests.crash.kills import VARIANTS, CrashTest
from tests.integration.trainer.runs import Runs


@pytest.mark.slow
def test_runs_killed_at_random_moments_end_as_if_they_had_not_been(runs: Runs) -> None:
    by_name = {variant.name: variant for variant in VARIANTS}
    test = CrashTest(runs, seed=0)

    kills = [
        test.kill(by_name["float32"], in_write=True),
        test.kill(by_name["float16"], in_write=False),
        test.kill(by_name["2 processes"], in_write=False),
    ]

    assert [kill.variant.name for kill in kills] == ["float32", "float16", "2 processes"]
    assert kills[0].in_write
