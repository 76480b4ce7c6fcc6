"""`rankspec evaluate`: evaluates a run's checkpoints, each once, until the run's last one has been seen."""

import time
from pathlib import Path

from rankspec.recap.v1.training_pb2 import TrainingConfig
from rankspec.trainer.checkpoints import Checkpoint, committed
from rankspec.trainer.claims import obeys
from rankspec.trainer.errors import TrainError
from rankspec.trainer.journal import Journal, read_journal
from rankspec.trainer.setup import Job, Setup, set_up

EVALUATION_FILE = "evaluation.jsonl"
_POLL_SECONDS = 2.0


def evaluate(job: Job) -> None:
    """Evaluates every checkpoint of the run on every validation set, each once, however often this is called.

    Waits for further checkpoints of a run that has not come to its last step.

    Raises:
        TrainError: if there is nothing to evaluate on, or no checkpoint came in time.
        DataError: if the data is not what the config says.
    """
    if not job.config.validation_data:
        raise TrainError("there is no validation set to evaluate on; add one", "validation_data")
    with set_up(job) as setup:
        Evaluator(setup).follow()


class Evaluator:
    """Evaluates the checkpoints of one run."""

    def __init__(self, setup: Setup) -> None:
        """Opens the validation sets, and takes up what was evaluated before."""
        self._setup = setup
        self._config = setup.config
        self._processes = setup.processes
        self._console = setup.console
        self._folder = Path(setup.config.training.save_dir)
        self._datasets = setup.open_validation_data()
        records = read_journal(self._folder / EVALUATION_FILE)
        self._done = {(record["step"], record["split"]) for record in records}
        self._newest = {record["split"]: record for record in records}

    @obeys(TrainingConfig, "eval_timeout_in_s")
    def follow(self) -> None:
        """Evaluates checkpoints as they come, and shows the figures of the newest at the end."""
        training = self._config.training
        deadline = time.monotonic() + training.eval_timeout_in_s
        newest = -1
        while True:
            for checkpoint in self._pending():
                self._evaluate(checkpoint)
                deadline = time.monotonic() + training.eval_timeout_in_s
            steps = [checkpoint.step for checkpoint in committed(self._folder)]
            newest = self._processes.broadcast(max([newest, *steps]))
            if newest >= training.num_train_steps:
                break
            if self._processes.broadcast(time.monotonic() > deadline):
                raise TrainError(
                    f"no further checkpoint in {self._folder} for {training.eval_timeout_in_s:g} s, and the last one "
                    f"is at step {newest} of {training.num_train_steps}"
                    if newest >= 0
                    else f"no checkpoint in {self._folder} for {training.eval_timeout_in_s:g} s; train first",
                    "training.eval_timeout_in_s",
                )
            time.sleep(_POLL_SECONDS)
        if self._processes.is_first and self._newest:
            self._console.table(f"{self._folder}, step {newest}", [self._newest[n] for n in sorted(self._newest)])

    def _pending(self) -> list[Checkpoint]:
        """Checkpoints with a validation set left to evaluate; the first process looks, so that all see the same."""
        found = [
            checkpoint
            for checkpoint in committed(self._folder)
            if any((checkpoint.step, name) not in self._done for name in self._datasets)
        ]
        return self._processes.broadcast(found)

    def _evaluate(self, checkpoint: Checkpoint) -> None:
        try:
            with checkpoint.kept():
                self._load(checkpoint)
        except FileNotFoundError:
            self._console.say(f"checkpoint {checkpoint.step} was deleted before it could be evaluated; skipped")
            return
        for name, dataset in self._datasets.items():
            if (checkpoint.step, name) in self._done:
                continue
            figures = self._setup.evaluate(name, dataset)
            self._record({"step": checkpoint.step, "split": name, **figures})

    def _load(self, checkpoint: Checkpoint) -> None:
        state = checkpoint.state
        if state["feature_signature"] != self._setup.signature:
            raise TrainError(
                f"checkpoint {checkpoint.folder} was trained on other inputs than the config names", "train_data"
            )
        checkpoint.load({f"model.{name}": tensor for name, tensor in self._setup.model.state_dict().items()})

    def _record(self, record: dict) -> None:
        self._done.add((record["step"], record["split"]))
        if not self._processes.is_first:
            return
        journal = Journal(self._folder / EVALUATION_FILE)
        journal.append(record)
        journal.sync()
        journal.close()
        self._newest[record["split"]] = record
        self._console.note(f"step {record['step']}  {record['split']}")
