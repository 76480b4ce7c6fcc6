"""`make crash-test`: kills at random moments, then accidents of all kinds in a row."""

import argparse
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.crash.accidents import live_through
from tests.crash.kills import VARIANTS, Kill, crash_test
from tests.integration.trainer.runs import Runs, write_data


def main() -> None:
    """Runs the tests and shows what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--accidents", type=int, default=200)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="of what happens; shown for a repeat")
    arguments = parser.parse_args()
    console = Console()
    console.print(f"{arguments.kills} kills and {arguments.accidents} accidents with seed {arguments.seed}")
    with tempfile.TemporaryDirectory(prefix="rankspec-crash-") as folder:
        if arguments.kills:
            _kill(Path(folder), arguments.kills, arguments.seed, console)
        _live(Path(folder), arguments.accidents, arguments.seed, console)


def _kill(folder: Path, number: int, seed: int, console: Console) -> None:
    kills = []
    write_data(folder)
    for kill in crash_test(Runs(folder, folder), number, seed):
        kills.append(kill)
        where = "while a checkpoint was written" if kill.in_write else "between two checkpoints"
        told = f"{len(kills)}: {kill.variant.name}, killed {where}, went on from step {kill.step}: identical"
        console.print(told, soft_wrap=True)
    console.print(_of_kills(kills))


def _live(folder: Path, number: int, seed: int, console: Console) -> None:
    seconds: dict[str, list[float]] = defaultdict(list)
    lives = folder / "lives"
    lives.mkdir()
    for count, accident in enumerate(live_through(lives, number, seed), 1):
        seconds[accident.name].append(accident.seconds)
        console.print(f"{count}: {accident.name.replace('_', ' ')}: as it should be", soft_wrap=True)
    table = Table("accident", "times", "seconds each")
    for name, each in sorted(seconds.items()):
        table.add_row(name.replace("_", " "), str(len(each)), f"{sum(each) / len(each):.1f}")
    table.add_section()
    table.add_row("all", str(sum(map(len, seconds.values()))), "")
    console.print(table)


def _of_kills(kills: list[Kill]) -> Table:
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


if __name__ == "__main__":
    main()
