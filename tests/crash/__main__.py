"""`make crash-test`: kills and other accidents; runs go on as if there had been none, and nothing is lost or harmed."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.crash.kills import VARIANTS, Kill, crash_test
from tests.crash.rounds import Happened, accidents
from tests.integration.trainer.runs import Runs, write_data

_CONSOLE = Console()


def main() -> int:
    """Runs both parts and shows what happened; 1 if something did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30, help="runs that are compared bit by bit with whole ones")
    parser.add_argument("--accidents", type=int, default=200, help="accidents that runs of `tiny` live through")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="of all of it; shown for a repeat")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 4), help="runs of accidents at a time")
    arguments = parser.parse_args()
    _tell(f"{arguments.accidents} accidents and {arguments.kills} kills with seed {arguments.seed}")
    folder = Path(tempfile.mkdtemp(prefix="rankspec-crash-"))
    try:
        _show_accidents(folder, arguments.accidents, arguments.seed, arguments.jobs)
        _show_kills(folder, arguments.kills, arguments.seed)
    except AssertionError as error:
        sys.stderr.write(f"{error}\n{folder} is left as it was; the seed was {arguments.seed}\n")
        return 1
    shutil.rmtree(folder)
    return 0


def _show_accidents(folder: Path, number: int, seed: int, jobs: int) -> None:
    begin = time.monotonic()
    if happened := accidents(folder, number, seed, _tell_accident, jobs=jobs):
        _CONSOLE.print(_table_of_accidents(happened))
        _tell(f"{len(happened)} accidents in {time.monotonic() - begin:.0f} s, nothing lost")


def _tell_accident(one: Happened) -> None:
    detail = f" ({one.detail})" if one.detail else ""
    _tell(f"run {one.run}: {one.kind}{detail}; newest checkpoint {one.step}")


def _table_of_accidents(happened: Sequence[Happened]) -> Table:
    table = Table("accident", "times")
    for kind, times in sorted(Counter(one.kind for one in happened).items()):
        table.add_row(kind, str(times))
    return table


def _show_kills(folder: Path, number: int, seed: int) -> None:
    write_data(folder)
    kills = []
    for kill in crash_test(Runs(folder, folder), number, seed):
        kills.append(kill)
        where = "while a checkpoint was written" if kill.in_write else "between two checkpoints"
        _tell(f"{len(kills)}: {kill.variant.name}, killed {where}, went on from step {kill.step}: identical")
    if kills:
        _CONSOLE.print(_table_of_kills(kills))


def _table_of_kills(kills: Sequence[Kill]) -> Table:
    table = Table("training", "kills", "while writing", "went on from steps", "same bits and figures")
    for variant in VARIANTS:
        own = [kill for kill in kills if kill.variant == variant]
        if own:
            steps = ", ".join(str(step) for step in sorted(kill.step for kill in own))
            table.add_row(variant.name, str(len(own)), str(sum(kill.in_write for kill in own)), steps, str(len(own)))
    table.add_section()
    in_write = sum(kill.in_write for kill in kills)
    table.add_row("all", str(len(kills)), str(in_write), "", str(len(kills)))
    return table


def _tell(text: str) -> None:
    _CONSOLE.print(text, soft_wrap=True, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
