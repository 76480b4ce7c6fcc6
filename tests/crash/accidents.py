"""The accidents that a run lives through; each ends with the run able to go on."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.crash.checks import check_end
from tests.crash.command import Ended
from tests.crash.damage import change_a_file, drop_hidden_names, make_old
from tests.crash.scene import SAVE_EVERY, Scene
from tests.integration.trainer.runs import Plan

from rankspec.cli import statuses
from rankspec.trainer.checkpoints import MANIFEST_FILE

Accident = Callable[[Scene], str]

_FAR = 10**7


def killed(scene: Scene) -> str:
    """`kill -9` at a random moment, every third time while a checkpoint is written."""
    in_write = scene.source.random() < 1 / 3
    ended = _signalled(scene, signal.SIGKILL, in_write=in_write)
    check_end(scene, ended, -signal.SIGKILL, statuses.FINE)
    return "while writing" if in_write else ""


def terminated(scene: Scene) -> str:
    """SIGTERM at a random moment; before training is set up it ends the process as it does any."""
    ended = _signalled(scene, signal.SIGTERM)
    check_end(scene, ended, statuses.ASKED_TO_END, -signal.SIGTERM, statuses.FINE)
    return f"exit {ended.status}"


def interrupted(scene: Scene) -> str:
    """Ctrl-C at a random moment."""
    ended = _signalled(scene, signal.SIGINT)
    check_end(scene, ended, statuses.INTERRUPTED, statuses.FINE)
    return f"exit {ended.status}"


def _signalled(scene: Scene, number: signal.Signals, *, in_write: bool = False) -> Ended:
    command = scene.start()
    moment = command.begin + scene.source.uniform(0, 0.9 * scene.seconds)
    while command.is_alive and (time.monotonic() < moment or (in_write and not _is_writing(scene))):
        time.sleep(0.001)
    command.send(number)
    return command.end()


def _is_writing(scene: Scene) -> bool:
    return next(scene.run.glob(".saving-*/*"), None) is not None


def prediction_killed(scene: Scene) -> str:
    """`kill -9` of a prediction: the same command then gives the file that it gives undisturbed."""
    if not scene.newest:
        return "no checkpoint yet"
    whole, cut = scene.data / "whole.parquet", scene.data / "cut.parquet"
    command = scene.start_prediction(whole)
    ended = command.end()
    assert ended.status == statuses.FINE, ended.output
    seconds = time.monotonic() - command.begin
    command = scene.start_prediction(cut)
    time.sleep(scene.source.uniform(0, seconds))
    command.send(signal.SIGKILL)
    was_killed = command.end().status == -signal.SIGKILL
    if was_killed:
        cut.unlink(missing_ok=True)
        ended = scene.start_prediction(cut).end()
        assert ended.status == statuses.FINE, ended.output
    assert pq.read_table(cut).equals(pq.read_table(whole)), "predictions differ after a kill"
    for file in (whole, cut):
        file.unlink()
    return "" if was_killed else "it had ended"


def disk_full(scene: Scene) -> str:
    """The disk takes nothing more from some moment on."""
    writes = scene.source.randrange(1, 40)
    ended = scene.train(plan=Plan(_full_from, [writes]))
    check_end(scene, ended, statuses.TRY_AGAIN, statuses.FINE)
    return f"from call {writes} on, exit {ended.status}"


def _full_from(number: int) -> None:
    """Lets every call that brings something to the disk fail from the given one on."""
    sync, calls = os.fsync, []

    def watched(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) >= number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    pytest.MonkeyPatch().setattr(os, "fsync", watched)


def file_limit(scene: Scene) -> str:
    """No file may grow beyond some size."""
    size = scene.source.randrange(1, 60_000)
    ended = scene.train(plan=Plan(_limit_files_to, [size]))
    check_end(scene, ended, statuses.WRONG, statuses.TRY_AGAIN, statuses.FINE)
    return f"{size} bytes, exit {ended.status}"


def _limit_files_to(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def not_a_number(scene: Scene) -> str:
    """A learning rate with which the loss is no number any more, for a while."""
    rate = scene.source.choice(("1e20", "1e15", "1e10"))
    path = "optimizer.multi_task_learning_rates.backbone_learning_rate.constant"
    ended = scene.train("--set", f"{path}={rate}")
    code = check_end(scene, ended, statuses.WRONG, statuses.FINE)
    assert code in ("train.not_finite", ""), code
    if rate == "1e20":
        assert code, "the loss stayed finite at a rate of 1e20"
    _go_back_until_finite(scene)
    return f"rate {rate}, exit {ended.status}"


def _go_back_until_finite(scene: Scene) -> None:
    """Trains on with the old rate, from an earlier checkpoint if the newest has weights that have grown too much."""
    while check_end(scene, ended := scene.train(), statuses.FINE, statuses.WRONG):
        if not scene.newest:
            assert "[checkpoint.damaged]" in ended.output, ended.output
            _restart(scene)
            return
        assert "[train.not_finite]" in ended.output, ended.output
        newest = next(scene.whole())
        scene.move_aside(newest.folder)
        scene.lost.add(newest.step)
        scene.kept = scene.newest


def foreign_folder(scene: Scene) -> str:
    """Something of somebody else's under a name that a checkpoint has or gets."""
    start, ahead = scene.newest, scene.source.randrange(1, 2 * SAVE_EVERY)
    names = [str(start + ahead), str(_FAR + start), f".saving-{start + ahead}", f"damaged-{start + ahead}", "7.old"]
    name = scene.source.choice(names)
    place = scene.run / name
    if os.path.lexists(place):
        return f"{name} is there already"
    is_file = scene.source.random() < 1 / 3
    scene.foreign.write(place if is_file else place / "notes.txt", scene.source)
    ended = scene.train(steps=3 * SAVE_EVERY)
    if name == names[0] or (name == names[2] and _is_due(start, ahead)):
        assert check_end(scene, ended, statuses.WRONG) == "train.refused"
        assert name in ended.output, ended.output
    else:
        check_end(scene, ended, statuses.FINE)
    if name in (names[0], names[2]):
        scene.move_aside(place)
    return f"{'file' if is_file else 'folder'} {name}, exit {ended.status}"


def _is_due(start: int, ahead: int) -> bool:
    """Whether a checkpoint is due so many steps ahead."""
    return (start + ahead) % SAVE_EVERY == 0


def own_file_inside(scene: Scene) -> str:
    """A file of one's own inside a checkpoint, which therefore stays."""
    checkpoints = scene.checkpoints()
    if not checkpoints:
        return "no checkpoint yet"
    chosen = scene.source.choice(checkpoints)
    scene.foreign.write(chosen.folder / f"my-notes-{scene.source.randrange(10**6)}.txt", scene.source)
    check_end(scene, scene.train(), statuses.FINE)
    return f"in {chosen.step}"


def data_changed(scene: Scene) -> str:
    """A file of training data is added, or another is put in its place; somebody insists or brings the old one back."""
    name = scene.source.choice(("train-00001.parquet", "train-00002.parquet"))
    before = (scene.data / name).read_bytes() if (scene.data / name).exists() else None
    start = scene.newest
    scene.add_training_file(name)
    ended = scene.train()
    code = check_end(scene, ended, statuses.FINE, statuses.WRONG)
    if ended.status == statuses.FINE:
        assert start == 0 or "an epoch was over" in ended.output, ended.output
        return f"{name}, at an epoch's end"
    assert code == "resume.data_changed", code
    if scene.source.random() < 1 / 2:
        check_end(scene, scene.train("--force"), statuses.FINE)
        return f"{name}, --force"
    (scene.data / name).unlink() if before is None else (scene.data / name).write_bytes(before)
    check_end(scene, scene.train(), statuses.FINE)
    return f"{name}, brought back"


def validation_changed(scene: Scene) -> str:
    """A file is added to the validation data, so that the best so far begins anew."""
    name = f"validation-{scene.source.randrange(1, 10**5):05}.parquet"
    shutil.copy(scene.data / "validation-00000.parquet", scene.data / name)
    start = scene.newest
    ended = scene.train()
    check_end(scene, ended, statuses.FINE)
    assert start == 0 or f"{name} added" in ended.output, ended.output
    return name


def moved(scene: Scene) -> str:
    """The run's folder is moved."""
    scene.move_run()
    check_end(scene, scene.train(), statuses.FINE)
    return str(scene.run.parent.name)


def linked(scene: Scene) -> str:
    """A checkpoint is kept elsewhere, with a link in its place."""
    checkpoints = [one for one in scene.checkpoints() if not one.folder.is_symlink()]
    if not checkpoints:
        return "no checkpoint yet"
    chosen = scene.source.choice(checkpoints)
    place = scene.move_aside(chosen.folder)
    chosen.folder.symlink_to(place)
    scene.foreign.follow(place)
    check_end(scene, scene.train(), statuses.FINE)
    assert chosen.folder.is_symlink(), f"the link {chosen.folder} is gone"
    return str(chosen.step)


def damaged(scene: Scene) -> str:
    """The newest checkpoint is cut off or changed."""
    newest = next((one for one in scene.whole() if not one.folder.is_symlink()), None)
    if newest is None or newest.step != scene.newest:
        return "no checkpoint that is no link"
    what = change_a_file(newest.folder, scene.source, scene.foreign)
    scene.kept = scene.newest
    scene.lost.add(newest.step)
    there = scene.kept
    ended = scene.train()
    if there:
        check_end(scene, ended, statuses.FINE)
        assert f"checkpoint {newest.step} is damaged" in ended.output, ended.output
        place = next(scene.run.glob(f"damaged-{newest.step}*"))
        scene.foreign.moved(newest.folder, _newest_of(scene.run, f"damaged-{newest.step}"))
        return f"{what} of {newest.step}, {place.name}"
    assert check_end(scene, ended, statuses.WRONG) == "checkpoint.damaged"
    _restart(scene)
    return f"{what} of {newest.step}, the only one: restarted"


def _newest_of(folder: Path, name: str) -> Path:
    """The last that `free_place` gave."""
    places = [folder / name, *(folder / f"{name}.{number}" for number in range(2, 100))]
    return [place for place in places if place.exists()][-1]


def copied_without_hidden(scene: Scene) -> str:
    """A copy of the run that lacks the files whose names begin with a dot is not gone on with."""
    if not scene.newest:
        return "no checkpoint yet"
    copy = scene.run.parent.with_name("copy") / scene.run.name
    shutil.copytree(scene.run, copy, symlinks=False)
    drop_hidden_names(copy)
    ended = scene.train(runs=copy.parent)
    assert ended.status == statuses.WRONG, ended.status
    assert "[checkpoint.damaged]" in ended.output
    assert "cp -a" in ended.output
    shutil.rmtree(copy.parent)
    return ""


def of_first_release(scene: Scene) -> str:
    """The newest checkpoint is one of release 0.1, which knew less of its run."""
    newest = next((one for one in scene.whole() if not one.folder.is_symlink()), None)
    if newest is None or newest.step != scene.newest:
        return "no checkpoint that is no link"
    make_old(newest.folder)
    ended = scene.train()
    check_end(scene, ended, statuses.FINE)
    assert "does not say which data it was trained on" in ended.output, ended.output
    return str(newest.step)


def restarted(scene: Scene) -> str:
    """`--restart`, which sets aside what there is."""
    return _restart(scene)


def _restart(scene: Scene) -> str:
    before = {one.folder.name: (one.folder / MANIFEST_FILE).read_bytes() for one in scene.checkpoints()}
    scene.kept = 0
    scene.lost.clear()
    last = max(scene.newest, 0) + 20
    in_the_way = [path for path in scene.run.iterdir() if path.name.isdecimal() and path.name not in before]
    for path in in_the_way:
        if int(path.name) <= last:
            scene.move_aside(path)
    ended = scene.train("--restart", steps=20)
    check_end(scene, ended, statuses.FINE)
    places = sorted(scene.run.glob("set-aside-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    for name, manifest in before.items():
        scene.foreign.moved(scene.run / name, places[-1] / name)
        assert (places[-1] / name / MANIFEST_FILE).read_bytes() == manifest, f"checkpoint {name} was not set aside"
    return places[-1].name if before else "nothing to set aside"


KINDS: dict[str, Accident] = {
    "kill -9": killed,
    "killed prediction": prediction_killed,
    "SIGTERM": terminated,
    "SIGINT": interrupted,
    "full disk": disk_full,
    "limited file size": file_limit,
    "NaN step": not_a_number,
    "foreign folder": foreign_folder,
    "own file inside": own_file_inside,
    "changed data": data_changed,
    "changed validation": validation_changed,
    "moved run": moved,
    "linked checkpoint": linked,
    "damaged newest": damaged,
    "copy without dots": copied_without_hidden,
    "checkpoint of 0.1": of_first_release,
    "--restart": restarted,
}
