"""The short form of `make crash-test`."""

from pathlib import Path

import pytest
from tests.crash.accidents import ACCIDENTS, live_through
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


@pytest.mark.slow
def test_run_lives_through_accidents_of_every_kind(tmp_path: Path) -> None:
    happened = list(live_through(tmp_path, len(ACCIDENTS), seed=1))

    assert sorted(accident.name for accident in happened) == sorted(accident.__name__ for accident in ACCIDENTS)
