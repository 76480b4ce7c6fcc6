"""Which checkpoint of a run is meant: the best, the newest, or that of a step."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rankspec.trainer.checkpoints import Checkpoint, best_checkpoint, committed
from rankspec.trainer.errors import TrainError
from rankspec.trainer.setup import Setup

NEWEST = "newest"
# Steps that an error names before it counts the rest.
_NAMED = 8


@dataclass(frozen=True)
class Chosen:
    """A checkpoint, and why it is this one.

    Attributes:
        checkpoint: the checkpoint.
        why: the reason, such as "the best".
    """

    checkpoint: Checkpoint
    why: str

    def __str__(self) -> str:
        return f"checkpoint {self.checkpoint.step}, {self.why}"


# A name of a choice, a step, or what was chosen before.
Which = str | int | Chosen


def choose_checkpoint(folder: Path, which: Which | None = None) -> Chosen:
    """The checkpoint of a run's folder that is meant; whether it is whole is not looked at.

    Args:
        folder: the run's.
        which: "best", "newest" or a step; None takes the best where the run keeps one, and else the newest. What was
            chosen before is that step, for the same reason.

    Raises:
        TrainError: there is no such checkpoint; the text says which there are.
    """
    there = committed(folder)
    if not there:
        raise _none_at_all(folder)
    match which:
        case int():
            return Chosen(_of_step(folder, there, which), "as asked for")
        case Chosen():
            return Chosen(_of_step(folder, there, which.checkpoint.step), which.why)
        case "newest":
            return Chosen(there[-1], "the newest")
        case None | "best":
            best = best_checkpoint(folder)
            if best is not None:
                return Chosen(best, "the best")
            if which is None:
                return Chosen(there[-1], "the newest, as none is known to be the best")
            raise _none("best is known, as the run follows no metric (training.best_checkpoint)", folder, there)
        case _:
            raise _none(f"is called {which!r}", folder, there)


@contextmanager
def chosen_checkpoint(folder: Path, which: Which | None = None) -> Iterator[Chosen]:
    """Chooses as `choose_checkpoint`, and keeps the checkpoint from being deleted for the time of the context.

    Raises:
        TrainError: there is no such checkpoint, or its files are not as they were written.
    """
    with ExitStack() as stack:
        yield _kept(folder, which, stack)


def choose_together(setup: Setup, which: Which | None, stack: ExitStack) -> Checkpoint:
    """Chooses for all processes of a setup, and says what was chosen; the checkpoint is kept until the stack ends.

    Raises:
        TrainError: as `chosen_checkpoint`, on every process.
    """
    folder = setup.program.training.folder
    chosen = setup.processes.of_first(lambda: stack.enter_context(chosen_checkpoint(folder, which)))
    setup.console.say(f"{folder}: {chosen}")
    return chosen.checkpoint


def _kept(folder: Path, which: Which | None, stack: ExitStack) -> Chosen:
    while True:
        chosen = choose_checkpoint(folder, which)
        try:
            stack.enter_context(chosen.checkpoint.kept())
        except FileNotFoundError:
            if not chosen.checkpoint.folder.exists():
                continue  # The run that is under way has rotated it away meanwhile.
        if damage := chosen.checkpoint.damage():
            raise _damaged(chosen, damage)
        return chosen


def _of_step(folder: Path, there: list[Checkpoint], step: int) -> Checkpoint:
    found = next((checkpoint for checkpoint in there if checkpoint.step == step), None)
    if found is None:
        raise _none(f"of step {step} is there", folder, there)
    return found


def _none_at_all(folder: Path) -> TrainError:
    """Says that there is no checkpoint, and where there are some if a run's folder lies right in this one."""
    inside = sorted(one for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
    run = next((one for one in inside if committed(one)), None)
    remedy = "train first" if run is None else f"{run} has: name that folder"
    return TrainError(f"{folder} has no checkpoint; {remedy}", "training.save_dir", code="checkpoint.none")


def _none(what: str, folder: Path, there: list[Checkpoint]) -> TrainError:
    return TrainError(
        f"no checkpoint of {folder} {what}; name {_listed(there)}, or {NEWEST}",
        "training.save_dir",
        code="checkpoint.none",
    )


def _listed(there: list[Checkpoint]) -> str:
    steps = [str(checkpoint.step) for checkpoint in there[-_NAMED:]]
    earlier = len(there) - len(steps)
    return ", ".join(steps) + (f" (or one of {earlier} earlier ones)" if earlier else "")


def _damaged(chosen: Chosen, damage: str) -> TrainError:
    checkpoint = chosen.checkpoint
    others = [one for one in committed(checkpoint.folder.parent) if one.step != checkpoint.step]
    remedy = f"choose another one: {_listed(others)}" if others else "there is no other one; bring back what is missing"
    return TrainError(
        f"{checkpoint.folder}, {chosen.why}, is damaged ({damage}); {remedy}",
        "training.save_dir",
        code="checkpoint.damaged",
    )
