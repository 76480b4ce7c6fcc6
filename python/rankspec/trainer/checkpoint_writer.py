"""Writes checkpoints beside the training loop; each is committed whole or not at all."""

import fcntl
import json
import os
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from torch import distributed
from torch.distributed.checkpoint.staging import DefaultStager, StagingOptions
from torch.distributed.checkpoint.state_dict_saver import async_save

from rankspec.files.durable import sync_folder, write_file
from rankspec.trainer.best_link import BestLink
from rankspec.trainer.checkpoints import (
    COMMITTED_FILE,
    CONFIG_FILE,
    MANIFEST_FILE,
    ROTATED_FILE,
    STATE_FILE,
    Checkpoint,
    best_checkpoint,
    committed,
    in_words,
    root_cause,
    sha256,
    strangers,
    unfinished,
)
from rankspec.trainer.errors import TrainError, is_passing, writing
from rankspec.trainer.journal import Journal
from rankspec.trainer.processes import Processes
from rankspec.trainer.removal import Remover, free_place

Tensors = dict[str, Any]


class CheckpointWriter(AbstractContextManager["CheckpointWriter"]):
    """Writes checkpoints of one run, one at a time; a context manager that ends with the last one committed."""

    def __init__(
        self,
        folder: Path,
        max_to_keep: int | None,
        processes: Processes,
        say: Callable[[str], None],
        *,
        start: int,
    ) -> None:
        """Clears away what an earlier process left unfinished.

        Args:
            folder: the run's folder, which exists.
            max_to_keep: newest checkpoints to keep; none keeps all.
            processes: the processes that write together, each its share.
            say: takes a line for what cannot be deleted.
            start: step that the run goes on from. Checkpoints of later steps were found damaged: they are set aside
                as `damaged-<step>`, so that they are neither chosen again nor counted among those to keep.

        Raises:
            TrainError: if a checkpoint could not be set aside.
        """
        self._folder = folder
        self._max_to_keep = max_to_keep
        self._processes = processes
        self._remover = Remover(say)
        self._best_link = BestLink(folder, say)
        self._pending: Future[None] | None = None
        self._pending_step = 0
        # A group of its own: the writer's messages must not mix with those of the training step.
        self._group: distributed.ProcessGroup | None = None
        if processes.world_size > 1:
            group = distributed.new_group(backend="gloo")
            assert isinstance(group, distributed.ProcessGroup), "every process is in a group of all"
            self._group = group
        if processes.is_first:
            with writing(folder):
                _clear_away(folder, start, self._remover)
            best = best_checkpoint(folder)
            self._best_link.point_to(best.step if best else None)

    def save(
        self, step: int, tensors: Tensors, state: dict[str, Any], config_text: str, *, best_step: int | None
    ) -> None:
        """Starts to write a checkpoint; returns once the values are copied, so they may change at once.

        Args:
            step: optimizer steps done.
            tensors: nested dictionaries of tensors.
            state: anything else, as JSON.
            config_text: the resolved config.
            best_step: the checkpoint to keep until a better comes, however old it gets; none keeps none.

        Raises:
            TrainError: if the checkpoint before could not be written; those committed are untouched.
        """
        target = self._folder / f".saving-{step}"
        self._agree(self._finish() or self._in_the_way(target))
        self._pending_step = step
        upload = async_save(
            tensors,
            checkpoint_id=target,
            process_group=self._group,
            # Staged before the call returns: what is staged later can already be the next step's values.
            async_stager=DefaultStager(StagingOptions(False, False, False, False)),
        )

        def commit() -> None:
            self._commit(step, target, state, config_text)
            # Before the one that was the best until now may go.
            self._best_link.point_to(best_step)
            self._rotate(best_step)

        assert isinstance(upload, Future), "staging is done, so there is one future only"
        self._pending = self._then(upload, commit)

    def _then(self, upload: Future[Any], commit: Callable[[], None]) -> "Future[None]":
        """A future that is done when the upload is and, on the first process, committed."""
        done: Future[None] = Future()

        def finish(finished: Future[Any]) -> None:
            try:
                finished.result()
                if self._processes.is_first:
                    commit()
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits, whatever it is
                done.set_exception(error)
            else:
                done.set_result(None)

        upload.add_done_callback(finish)
        return done

    def wait(self) -> None:
        """Waits until the checkpoint under way is committed; every process calls this at the same place.

        Raises:
            TrainError: if it could not be written, on every process.
        """
        self._agree(self._finish())

    def _agree(self, problem: TrainError | None) -> None:
        """Raises what went wrong on any process, on every process."""
        problems = [found for found in self._processes.gather(problem) if found is not None]
        if problems:
            raise self._processes.shared(problems[0])

    def _in_the_way(self, target: Path) -> TrainError | None:
        # torch would write into it.
        if self._processes.is_first and os.path.lexists(target):
            return TrainError(
                f"{target} is in the way, and no run left it; move it away, and the same command goes on",
                "training.save_dir",
            )
        return None

    def _finish(self) -> TrainError | None:
        """Waits for this process's part of the checkpoint under way; returns what went wrong with it."""
        if self._pending is None:
            return None
        pending, self._pending = self._pending, None
        error = pending.exception()
        if error is None:
            return None
        if self._processes.is_first:
            torn = self._folder / f".saving-{self._pending_step}"
            if torn.exists() and self._remover.may_remove(torn):
                self._remover.remove(torn)
        if isinstance(error, TrainError):
            return error
        return TrainError(
            f"checkpoint {self._pending_step} could not be written to {self._folder}: {in_words(error)}; "
            "those before it are whole, and the same command goes on from the newest",
            "training.save_dir",
            restart_helps=is_passing(root_cause(error)),
        )

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self.wait()
        elif (problem := self._finish()) is not None:
            # The processes need not be at the same place any more, and the first error is the one to tell.
            error.add_note(problem.message)

    def _commit(self, step: int, written: Path, state: dict[str, Any], config_text: str) -> None:
        write_file(written, STATE_FILE, json.dumps(state).encode())
        write_file(written, CONFIG_FILE, config_text.encode())
        manifest = {path.name: sha256(path) for path in sorted(written.iterdir())}
        write_file(written, MANIFEST_FILE, json.dumps(manifest, indent=1).encode())
        sync_folder(written)
        # Of this step there is no other checkpoint: what is newer than where the run began has been set aside.
        place = self._folder / str(step)
        if os.path.lexists(place):
            raise TrainError(
                f"{place} has appeared where the checkpoint of step {step} goes; move it away, and the same command "
                "goes on from the newest checkpoint",
                "training.save_dir",
            )
        written.rename(place)
        sync_folder(self._folder)
        _note(self._folder / COMMITTED_FILE, step)

    def _rotate(self, best_step: int | None) -> None:
        if self._max_to_keep is None:
            return
        for old in committed(self._folder)[: -self._max_to_keep]:
            if old.step != best_step and self._remover.may_remove(old.folder):
                try:
                    self._remove(old)
                except OSError as error:
                    self._remover.failed(old.folder, error)

    def _remove(self, old: Checkpoint) -> None:
        with ExitStack() as stack:
            try:
                file = stack.enter_context((old.folder / STATE_FILE).open("r+"))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # It is being evaluated; the next rotation takes it.
            except FileNotFoundError:
                pass  # Damaged: nobody can be evaluating it.
            # Told first: of one that a crash leaves in its place, nobody minds it.
            _note(self._folder / ROTATED_FILE, old.step)
            removed = free_place(self._folder, f".removing-{old.step}")
            old.folder.rename(removed)
        self._remover.remove(removed)


def _clear_away(folder: Path, start: int, remover: Remover) -> None:
    for torn in unfinished(folder):
        if remover.may_remove(torn):
            remover.remove(torn)
    for checkpoint in committed(folder):
        if checkpoint.step > start:
            checkpoint.folder.rename(free_place(folder, f"damaged-{checkpoint.step}"))


def refuse_what_is_in_the_way(folder: Path, start: int, last: int) -> None:
    """Makes sure that there is room for every checkpoint that a run may write from step `start` to step `last`.

    Raises:
        TrainError: if something else lies where one may go.
    """
    for stranger in strangers(folder):
        if start < stranger.step <= last:
            raise TrainError(
                f"{stranger.folder} is no checkpoint (it has no {MANIFEST_FILE} of a run), and lies where the one of "
                f"step {stranger.step} may go; move it away, or choose another save_dir",
                "training.save_dir",
            )


def _note(path: Path, step: int) -> None:
    with Journal(path) as journal:
        journal.append({"step": step})
