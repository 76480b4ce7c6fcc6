"""One run lives through accidents in a row; after each of them everything that counts has to be as it should be."""

import hashlib
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.integration.trainer.runs import tensors_of

from rankspec.cli import main
from rankspec.trainer.checkpoints import Checkpoint, best_checkpoint, committed
from rankspec.trainer.finite import not_finite
from rankspec.trainer.journal import read_journal

TINY = Path(__file__).parents[2] / "configs" / "recap" / "tiny.textproto"
_DIVERGES = "optimizer { single_task_learning_rate { constant: 1e30 } adam {} }"
_STEPS = 8
# So many steps into a run, another begins.
_LONGEST = 240
_ERROR = re.compile(r"error: .*\[[a-z_]+\.[a-z_]+\]$", re.MULTILINE)


@dataclass(frozen=True)
class Accident:
    """What happened, and how the command ended."""

    name: str
    status: int
    seconds: float


@dataclass
class Life:
    """A run, its data, and what other people put beside it.

    Attributes:
        folder: everything lies below it.
        chance: draws what happens.
        foreign: files that no run wrote, with their hashes.
    """

    folder: Path
    chance: random.Random
    foreign: dict[Path, str] = field(default_factory=dict)
    _number: int = 0

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begins another run, with data of its own."""
        self._number += 1
        self.run = self.folder / f"run{self._number}"
        self.data = self.folder / f"data{self._number}"
        shutil.copytree(TINY.parent / "tiny_data", self.data)
        self.target = 0
        self.foreign.clear()

    # What a person does beside the run.

    def put(self, path: Path, content: str = "mine") -> None:
        """Writes a file that no run wrote."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        self.foreign[path] = _hash(path)

    # Commands.

    def train(
        self,
        *arguments: str,
        before: Callable[[], None] | None = None,
        during: Callable[[ForkServerProcess], None] | None = None,
        run: Path | None = None,
    ) -> int:
        """Runs `rankspec train` in a process of its own; returns its exit status, a signal's number being negative.

        Args:
            arguments: more of the command line.
            before: called in the process before it begins.
            during: called with the process while it runs.
            run: the run's folder, if it is another.
        """
        save_dir = run or self.run
        command = [
            *("train", str(TINY), *(argument for argument in arguments if not argument.startswith("-"))),
            *(argument for argument in arguments if argument.startswith("-")),
            *("--set", f"training.save_dir={save_dir}", "--set", f"training.num_train_steps={self.target}"),
            *("--set", "training.checkpoint_every_n=4", "--set", "training.eval_log_every_n=4"),
            *("--set", "training.train_log_every_n=2"),
            *("--set", 'training.best_checkpoint={ validation_data: "validation" metric: "loss" }'),
        ]
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.crash.accidents", "rankspec.trainer.run", "rankspec.trainer.trackers"])
        log = self.folder / "output.log"
        log.unlink(missing_ok=True)
        process = context.Process(target=_command, args=(command, str(log), {"RANKSPEC_TINY": str(self.data)}, before))
        process.start()
        if during is not None:
            during(process)
        process.join(120)
        assert process.exitcode is not None, "the command did not end"
        self.output = log.read_text(errors="replace")
        return process.exitcode

    def go_on(self, *arguments: str) -> int:
        """Trains some steps more."""
        self.target += _STEPS
        return self.train(*arguments)

    # What has to hold.

    def check(self, status: int, expected: set[int]) -> None:
        """Looks at everything that an accident must not have harmed.

        Raises:
            AssertionError: with what it has.
        """
        assert status in expected, f"status {status}: {self.output}"
        assert "Traceback" not in self.output, self.output
        assert "this should not happen" not in self.output, self.output
        if status in (1, 75):
            assert len(_ERROR.findall(self.output)) == 1, self.output
        for path, hashed in self.foreign.items():
            assert _hash(path) == hashed, path
        self._check_figures()
        self._check_checkpoints()
        self._check_status(status)

    def _check_figures(self) -> None:
        places = [(record["step"], record["split"]) for record in read_journal(self.run / "metrics.jsonl")]
        assert len(set(places)) == len(places), places
        steps = [step for step, _ in places]
        assert steps == sorted(steps), steps

    def _check_checkpoints(self) -> None:
        whole = [checkpoint for checkpoint in committed(self.run) if checkpoint.damage() is None]
        if not whole:
            return
        best = best_checkpoint(self.run)
        for checkpoint in (whole[-1], *([best] if best in whole else [])):
            assert checkpoint is not None
            assert not_finite(tensors_of(checkpoint)) == [], checkpoint

    def _check_status(self, status: int) -> None:
        path = self.run / "status.json"
        if status == 2 or not path.exists():
            return
        state = json.loads(path.read_text())["state"]
        meant = {0: "ended", 1: "failed", 75: "failed", 130: "stopped", 143: "stopped", -signal.SIGKILL: "running"}
        if status in (-signal.SIGKILL, 130, 143):
            # The signal may come when the run is over, and its process is not.
            assert state in {meant[status], "ended"}, state
        else:
            assert state == meant[status], (state, status, self.output)


def _command(command: list[str], log: str, environment: dict[str, str], before: Callable[[], None] | None) -> None:
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if before is not None:
        before()
    raise SystemExit(main(command))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# The accidents: each takes the life, does what it is called for, and checks.


def killed(life: Life) -> int:
    """The process is killed at a random moment; it goes on."""
    life.target += _STEPS
    status = life.train(during=_signal(life, signal.SIGKILL))
    life.check(status, {-signal.SIGKILL, 0})
    return _goes_on(life)


def asked_to_end(life: Life) -> int:
    """SIGTERM at a random moment."""
    life.target += _STEPS
    status = life.train(during=_signal(life, signal.SIGTERM))
    # Before the loop begins, the signal ends the process as it does any other.
    life.check(status, {143, 0}) if status != -signal.SIGTERM else None
    return _goes_on(life)


def interrupted(life: Life) -> int:
    """SIGINT at a random moment."""
    life.target += _STEPS
    status = life.train(during=_signal(life, signal.SIGINT))
    life.check(status, {130, 0}) if status != 1 or "KeyboardInterrupt" not in life.output else None
    return _goes_on(life)


def full_disk(life: Life) -> int:
    """Files may not grow beyond a random size."""
    life.target += _STEPS
    size = life.chance.choice([300, 1_000, 5_000, 20_000, 60_000, 200_000])
    status = life.train(before=_Limit(size))
    life.check(status, {0, 1, 75})
    return _goes_on(life)


def step_of_nan(life: Life) -> int:
    """A learning rate that makes weights overflow, for a while."""
    overlay = life.folder / "diverges.textproto"
    overlay.write_text(_DIVERGES)
    _goes_on(life)
    life.target += _STEPS
    status = life.train(str(overlay), "--force")
    life.check(status, {1})
    assert "[train.not_finite]" in life.output, life.output
    return _goes_on(life)


def foreign_files(life: Life) -> int:
    """Folders and files of somebody else, named as a run's own."""
    _goes_on(life)
    done = life.target
    unused = next(step for step in range(1, done + 2) if not os.path.lexists(life.run / str(step)))
    if unused <= done:
        life.put(life.run / str(unused) / "notes.txt")
    life.put(life.run / f".saving-{life.chance.randint(1, 3)}" / "novel.txt")
    life.put(life.run / "damaged-4" / "evidence.txt")
    life.put(life.run / "notes.txt")
    oldest = committed(life.run)[0]
    if not oldest.folder.is_symlink():
        life.put(oldest.folder / "my-note.txt")
    return _goes_on(life)


def foreign_folder_in_the_way(life: Life) -> int:
    """A folder of somebody else where a checkpoint goes."""
    _goes_on(life)
    there = life.run / str(life.target + 4)
    life.put(there / "notes.txt")
    life.target += _STEPS
    status = life.train()
    life.check(status, {1})
    assert "move it away" in life.output, life.output
    life.foreign.pop(there / "notes.txt")
    shutil.move(there, life.folder / f"moved-{life.target}-{time.monotonic_ns()}")
    return _goes_on(life)


def changed_data(life: Life) -> int:
    """A file of the training data is added, or goes away."""
    _goes_on(life)
    added = life.data / "train-added.parquet"
    if added.exists():
        added.unlink()
    else:
        shutil.copy(next(life.data.glob("train*.parquet")), added)
    life.target += _STEPS
    status = life.train()
    life.check(status, {0, 1})
    if status == 1:
        assert "[resume.data_changed]" in life.output, life.output
        status = life.train("--force")
        life.check(status, {0})
    return status


def moved_run(life: Life) -> int:
    """The run's folder is moved elsewhere."""
    _goes_on(life)
    elsewhere = life.folder / f"moved-run-{time.monotonic_ns()}"
    life.run.rename(elsewhere)
    life.foreign = {_moved(path, life.run, elsewhere): hashed for path, hashed in life.foreign.items()}
    life.run = elsewhere
    return _goes_on(life)


def linked_checkpoint(life: Life) -> int:
    """The newest checkpoint is moved to another place and linked."""
    _goes_on(life)
    newest = committed(life.run)[-1]
    if newest.folder.is_symlink():
        return 0
    elsewhere = life.folder / f"linked-{time.monotonic_ns()}"
    newest.folder.rename(elsewhere)
    newest.folder.symlink_to(elsewhere)
    life.foreign |= {path: _hash(path) for path in elsewhere.iterdir()}
    return _goes_on(life)


def damaged_checkpoint(life: Life) -> int:
    """A file of the newest checkpoint is cut off, changed or gone."""
    _goes_on(life)
    newest = committed(life.run)[-1]
    if newest.folder.is_symlink():
        return 0
    names = ["__0_0.distcp", "state.json", ".metadata", "resolved.textproto"]
    victim = newest.folder / life.chance.choice(names)
    match life.chance.randrange(3):
        case 0:
            victim.unlink()
        case 1:
            os.truncate(victim, victim.stat().st_size // 2)
        case _:
            content = bytearray(victim.read_bytes())
            content[life.chance.randrange(len(content))] ^= 1
            victim.write_bytes(content)
    life.target += _STEPS
    status = life.train()
    life.check(status, {0, 1})
    if status == 1:
        assert "[checkpoint.damaged]" in life.output, life.output
        status = life.train("--restart")
        life.check(status, {0})
    return status


def copied_without_dot_files(life: Life) -> int:
    """A copy of the run lacks the files whose names begin with a dot."""
    _goes_on(life)
    copy = life.folder / f"copy-{time.monotonic_ns()}"
    shutil.copytree(life.run, copy, ignore=lambda _folder, names: [n for n in names if n.startswith(".")])
    status = life.train(run=copy)
    assert status == 1, life.output
    assert "[checkpoint.damaged]" in life.output, life.output
    assert not list(copy.glob("damaged-[0-9]*")) or list(life.run.glob("damaged-[0-9]*"))
    shutil.rmtree(copy)
    return _goes_on(life)


def checkpoint_of_release_0_1(life: Life) -> int:
    """The newest checkpoint says no more than those of release 0.1 did."""
    _goes_on(life)
    newest = committed(life.run)[-1]
    if newest.folder.is_symlink():
        return 0
    state = newest.state
    for name in ("data", "data_offset"):
        del state[name]
    del state["best"]["of"]
    _rewrite(newest, "state.json", json.dumps(state))
    (life.run / "committed.jsonl").unlink(missing_ok=True)
    (life.run / "status.json").unlink(missing_ok=True)
    return _goes_on(life)


def begun_anew(life: Life) -> int:
    """--restart."""
    life.target = _STEPS
    # What lies where a checkpoint of the new run goes has to be moved away by a person.
    for step in range(1, life.target + 1):
        there = life.run / str(step)
        is_foreign = there in {path.parent for path in life.foreign} and not (there / "files.json").exists()
        if os.path.lexists(there) and is_foreign:
            elsewhere = life.folder / f"away-{time.monotonic_ns()}"
            there.rename(elsewhere)
            life.foreign = {_moved(path, there, elsewhere): hashed for path, hashed in life.foreign.items()}
    before = {step.step for step in committed(life.run)}
    status = life.train("--restart")
    aside = sorted(life.run.glob("set-aside-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    if aside and before:
        assert {checkpoint.step for checkpoint in committed(aside[-1])} == before
        moved = {path: _moved(path, life.run, aside[-1]) for path in life.foreign}
        life.foreign = {new if new.exists() else old: life.foreign[old] for old, new in moved.items()}
    life.check(status, {0})
    return status


ACCIDENTS = (
    killed,
    asked_to_end,
    interrupted,
    full_disk,
    step_of_nan,
    foreign_files,
    foreign_folder_in_the_way,
    changed_data,
    moved_run,
    linked_checkpoint,
    damaged_checkpoint,
    copied_without_dot_files,
    checkpoint_of_release_0_1,
    begun_anew,
)


def live_through(folder: Path, number: int, seed: int) -> Iterator[Accident]:
    """Lets so many accidents happen: each kind in turn, in an order that the seed gives."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    life = Life(folder, chance)
    happen: list[Callable[[Life], int]] = []
    for _ in range(number):
        if life.target > _LONGEST:
            life.begin()
        if not happen:
            happen = list(ACCIDENTS)
            chance.shuffle(happen)
        accident = happen.pop()
        begin = time.monotonic()
        status = accident(life)
        yield Accident(accident.__name__, status, time.monotonic() - begin)


def _goes_on(life: Life) -> int:
    status = life.go_on()
    if status == 1 and "[resume.data_changed]" in life.output:
        # The epoch that the data changed in was not over.
        status = life.train("--force")
    life.check(status, {0})
    return status


class _Limit:
    """Keeps the files of a process from growing beyond a size."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __call__(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._size, self._size))


def _signal(life: Life, number: signal.Signals) -> Callable[[ForkServerProcess], None]:
    """Sends a signal at a random moment after the run's first figures, or a little before."""
    delay = life.chance.uniform(0.1, 0.9)

    def send(process: ForkServerProcess) -> None:
        time.sleep(delay)
        if process.is_alive() and process.pid is not None:
            os.kill(process.pid, number)

    return send


def _moved(path: Path, old: Path, new: Path) -> Path:
    return new / path.relative_to(old) if path.is_relative_to(old) else path


def _rewrite(checkpoint: Checkpoint, name: str, text: str) -> None:
    path = checkpoint.folder / name
    path.write_text(text)
    manifest = checkpoint.manifest() | {name: _hash(path)}
    (checkpoint.folder / "files.json").write_text(json.dumps(manifest))
