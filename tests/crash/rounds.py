"""Runs that live through random accidents in a row, and are looked at after each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.crash.accidents import KINDS
from tests.crash.checks import check, check_end
from tests.crash.scene import Scene

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


def accidents(folder: Path, number: int, seed: int, *, jobs: int = 1) -> Iterator[Happened]:
    """Lets runs live through accidents, some runs at a time.

    Args:
        folder: for the runs.
        number: of accidents in all.
        seed: of everything that is random but the machine's speed.
        jobs: runs at a time.

    Yields:
        The accidents, run by run, as the runs end.

    Raises:
        AssertionError: if something does not hold after one; the run's folder stays as it is then.
    """
    sizes = [min(_ACCIDENTS_OF_A_RUN, number - begin) for begin in range(0, number, _ACCIDENTS_OF_A_RUN)]
    with ThreadPoolExecutor(jobs) as pool:
        runs = [pool.submit(_live, folder / f"run{run}", run, size, seed) for run, size in enumerate(sizes)]
        for done in as_completed(runs):
            yield from done.result()


def _live(folder: Path, run: int, number: int, seed: int) -> list[Happened]:
    source = random.Random(f"{seed} {run}")  # noqa: S311 - accidents are no secret
    scene = Scene(folder, source)
    happened: list[Happened] = []
    # All kinds come before one comes again; the runs begin at different places of the order.
    kinds = _in_random_order(random.Random(seed), run * _ACCIDENTS_OF_A_RUN)  # noqa: S311
    check_end(scene, scene.begin(), 0)
    for kind in (next(kinds) for _ in range(number)):
        try:
            detail = KINDS[kind](scene)
            check(scene)
        except Exception as error:
            raise AssertionError(_story(scene, happened, kind, error)) from error
        happened.append(Happened(run, kind, detail, scene.newest))
    return happened


def _in_random_order(source: random.Random, skipped: int) -> Iterator[str]:
    count = 0
    while True:
        for kind in source.sample(list(KINDS), len(KINDS)):
            count += 1
            if count > skipped:
                yield kind


def _story(scene: Scene, happened: list[Happened], kind: str, error: Exception) -> str:
    before = "\n".join(f"  {one.kind}: {one.detail}; checkpoint {one.step}" for one in happened)
    output = scene.output.read_text(errors="replace")
    return (
        f"after `{kind}` in {scene.run}: {type(error).__name__}: {error}\nbefore it:\n{before}\nlast output:\n{output}"
    )
