"""A run that lives through accidents: where it lies, what it reads, and how it is started."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
from tests.crash.command import Command, Ended
from tests.crash.foreign import Foreign
from tests.integration.trainer.runs import Plan

from rankspec.trainer.checkpoints import Checkpoint, committed

TINY = Path("configs/recap/tiny.textproto")
SAVE_EVERY, LOG_EVERY, EVALUATE_EVERY, KEEP = 5, 5, 10, 3
_OVERLAY = f"""# proto-file: rankspec/recap/v1/recap.proto
# proto-message: rankspec.recap.v1.RecapConfig
training {{
  checkpoint_every_n: {SAVE_EVERY} checkpoint_max_to_keep: {KEEP}
  train_log_every_n: {LOG_EVERY} eval_log_every_n: {EVALUATE_EVERY}
  best_checkpoint {{ validation_data: "validation" metric: "loss" }}
}}
"""
# With it, ten batches of 64 rows are an epoch, so that some checkpoints lie at an epoch's end.
_ROWS_OF_SECOND_FILE = 80


class Scene:
    """One run of `tiny` with data of its own.

    Attributes:
        source: of all that is random.
        data: folder of the run's data.
        aside: folder for what is taken out of the run's.
        foreign: what is not the run's.
        kept: step of the newest whole checkpoint that no accident may take away.
        seconds: that a command took which nothing hindered.
        lost: steps whose checkpoints an accident has damaged or taken away.
    """

    def __init__(self, folder: Path, seed: str) -> None:
        """Makes the data; nothing is trained yet."""
        self.source = random.Random(seed)  # noqa: S311 - accidents are no secret
        self._folder = folder
        self._runs = folder / "runs"
        self._num_moves = 0
        self.data = folder / "data"
        self.aside = folder / "aside"
        self.foreign = Foreign()
        self.kept = 0
        self.seconds = 0.0
        self.lost: set[int] = set()
        self.aside.mkdir(parents=True)
        shutil.copytree(TINY.parent / "tiny_data", self.data)
        self.add_training_file("train-00001.parquet")
        (folder / "overlay.textproto").write_text(_OVERLAY)

    @property
    def run(self) -> Path:
        """The run's folder."""
        return self._runs / "tiny"

    @property
    def output(self) -> Path:
        """What the newest command wrote to its standard streams."""
        return self._folder / "output"

    def add_training_file(self, name: str) -> None:
        """Writes a file of random rows of the first one's, beside it or in another's place."""
        table = pq.read_table(TINY.parent / "tiny_data" / "train-00000.parquet")
        rows = [self.source.randrange(table.num_rows) for _ in range(_ROWS_OF_SECOND_FILE)]
        pq.write_table(table.take(rows), self.data / name)

    def move_run(self) -> None:
        """Moves the run's folder to another place."""
        self._num_moves += 1
        before, self._runs = self._runs, self._folder / f"runs-{self._num_moves}"
        before.rename(self._runs)
        self.foreign.moved(before, self._runs)

    def move_aside(self, path: Path) -> Path:
        """Moves what lies in the run's folder out of it; returns where it is now."""
        place = self.aside / f"{len(list(self.aside.iterdir()))}-{path.name}"
        path.rename(place)
        self.foreign.moved(path, place)
        return place

    def checkpoints(self) -> list[Checkpoint]:
        """All committed checkpoints, oldest first."""
        return committed(self.run)

    def whole(self) -> Iterator[Checkpoint]:
        """The whole checkpoints, newest first."""
        return (checkpoint for checkpoint in reversed(self.checkpoints()) if checkpoint.damage() is None)

    @property
    def newest(self) -> int:
        """The step that the next command goes on from; 0 if there is none."""
        return next((checkpoint.step for checkpoint in self.whole()), 0)

    def start(self, *options: str, steps: int = 0, plan: Plan | None = None, runs: Path | None = None) -> Command:
        """Starts training.

        Args:
            options: of the command.
            steps: to train beyond the newest checkpoint; 0 for a random number.
            plan: what hinders the process.
            runs: the folder that holds the run's; none for the run's own.
        """
        last = self.newest + (steps or self.source.randrange(11, 24))
        arguments = ["train", str(TINY), str(self._folder / "overlay.textproto")]
        arguments += ["--set", f"training.num_train_steps={last}", *options]
        environment = {"RANKSPEC_RUNS": str(runs or self._runs), "RANKSPEC_TINY": str(self.data), "COLUMNS": "100"}
        return Command(arguments, environment, self.output, plan or Plan())

    def train(self, *options: str, steps: int = 0, plan: Plan | None = None, runs: Path | None = None) -> Ended:
        """As `start`, to the command's end."""
        return self.start(*options, steps=steps, plan=plan, runs=runs).end()

    def start_prediction(self, output: Path) -> Command:
        """Starts predicting by the newest whole checkpoint, in a file."""
        arguments = ["predict", str(TINY), str(self._folder / "overlay.textproto"), "-o", str(output)]
        arguments += ["--checkpoint", str(self.newest)]
        environment = {"RANKSPEC_RUNS": str(self._runs), "RANKSPEC_TINY": str(self.data), "COLUMNS": "100"}
        return Command(arguments, environment, self.output, Plan())

    def begin(self) -> Ended:
        """Trains for the first time, and takes the time of a command: one before it starts the server of the forks."""
        self.train()
        command = self.start()
        ended = command.end()
        self.seconds = time.monotonic() - command.begin
        return ended
