"""Runs that live through random accidents in a row, and are looked at after each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tests.crash.accidents import KINDS
from tests.crash.checks import check, check_end
from tests.crash.scene import Scene

from rankspec.cli import statuses

# Of one run, so that its folder has seen much, and another still begins in time.
_ACCIDENTS_OF_A_RUN = 25


@dataclass(frozen=True)
class Happened:
    """An accident that a run has lived through.

    Attributes:
        run: number of the run.
        kind: of the accident, one of `KINDS`.
        detail: what exactly it was.
        step: the newest whole checkpoint after it; 0 for none.
    """

    run: int
    kind: str
    detail: str
    step: int


def accidents(
    folder: Path, number: int, seed: int, tell: Callable[[Happened], None], *, jobs: int = 1
) -> list[Happened]:
    """Lets runs live through accidents, some runs at a time.

    Args:
        folder: for the runs.
        number: of accidents in all.
        seed: of everything that is random but the machine's speed.
        tell: takes each accident when it is over, from several threads.
        jobs: runs at a time.

    Returns:
        The accidents, run by run.

    Raises:
        AssertionError: if something does not hold after one; the run's folder stays as it is then.
    """
    sizes = [min(_ACCIDENTS_OF_A_RUN, number - begin) for begin in range(0, number, _ACCIDENTS_OF_A_RUN)]
    with ThreadPoolExecutor(jobs) as pool:
        runs = [
            pool.submit(_live, Scene(folder / f"run{run}", f"{seed} {run}"), run, size, seed, tell)
            for run, size in enumerate(sizes)
        ]
        try:
            for run in as_completed(runs):
                run.result()
        except AssertionError:
            pool.shutdown(cancel_futures=True)
            raise
    return [one for run in runs for one in run.result()]


def _live(scene: Scene, run: int, number: int, seed: int, tell: Callable[[Happened], None]) -> list[Happened]:
    check_end(scene, scene.begin(), statuses.FINE)
    happened: list[Happened] = []
    # All kinds come before one comes again; the runs begin at different places of the order.
    for kind in islice(_in_random_order(seed), run * _ACCIDENTS_OF_A_RUN, run * _ACCIDENTS_OF_A_RUN + number):
        try:
            detail = KINDS[kind](scene)
            check(scene)
        except Exception as error:
            raise AssertionError(_story(scene, happened, kind, error)) from error
        happened.append(Happened(run, kind, detail, scene.newest))
        tell(happened[-1])
    return happened


def _in_random_order(seed: int) -> Iterator[str]:
    source = random.Random(seed)  # noqa: S311 - an order is no secret
    while True:
        yield from source.sample(list(KINDS), len(KINDS))


def _story(scene: Scene, happened: list[Happened], kind: str, error: Exception) -> str:
    before = "\n".join(f"  {one.kind}: {one.detail}; checkpoint {one.step}" for one in happened)
    output = scene.output.read_text(errors="replace")
    return (
        f"after `{kind}` in {scene.run}: {type(error).__name__}: {error}\nbefore it:\n{before}\nlast output:\n{output}"
    )
