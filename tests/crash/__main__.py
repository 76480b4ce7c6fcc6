"""`make crash-test`: many kills at random moments; every run must end as if there had been none."""

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.crash.kills import VARIANTS, Kill, crash_test
from tests.integration.trainer.runs import Runs, write_data


def main() -> None:
    """Runs the test and shows what was killed where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="of the moments; shown for a repeat")
    arguments = parser.parse_args()
    console = Console()
    console.print(f"{arguments.kills} kills with seed {arguments.seed}")
    kills = []
    with tempfile.TemporaryDirectory(prefix="rankspec-crash-") as folder:
        write_data(Path(folder))
        for kill in crash_test(Runs(Path(folder), Path(folder)), arguments.kills, arguments.seed):
            kills.append(kill)
            where = "while a checkpoint was written" if kill.in_write else "between two checkpoints"
            told = f"{len(kills)}: {kill.variant.name}, killed {where}, went on from step {kill.step}: identical"
            console.print(told, soft_wrap=True)
    console.print(_summary(kills))


def _summary(kills: list[Kill]) -> Table:
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
