"""What has to hold after every accident, whatever it was."""

from __future__ import annotations

import json
import re
from typing import Any

import torch
from tests.crash.command import Ended
from tests.crash.scene import LOG_EVERY, Scene

from rankspec.cli import statuses
from rankspec.trainer.checkpoints import Checkpoint, best_checkpoint
from rankspec.trainer.folder import METRICS_FILE
from rankspec.trainer.status import STATUS_FILE

# What `status.json` says of a command that could say it, by its exit status.
_STATES = {
    statuses.FINE: "ended",
    statuses.WRONG: "failed",
    statuses.TRY_AGAIN: "failed",
    statuses.INTERRUPTED: "stopped",
    statuses.ASKED_TO_END: "stopped",
}
_ERROR = re.compile(r"^(?:.*: )?error: .*$", re.MULTILINE)
_CODE = re.compile(r"\[([a-z]+\.[a-z_]+)\]$")


def check(scene: Scene) -> None:
    """Looks at all that the run's folder holds.

    Raises:
        AssertionError: naming what is not as it has to be.
    """
    changed = scene.foreign.changed()
    assert not changed, f"not the run's, and changed or gone: {', '.join(map(str, changed))}"
    _check_checkpoints(scene)
    _check_metrics(scene)
    json.loads((scene.run / STATUS_FILE).read_text())


def check_end(scene: Scene, ended: Ended, *allowed: int) -> str:
    """Looks at how a command ended.

    Args:
        scene: the run it belongs to.
        ended: the command's end.
        allowed: exit statuses that it may have.

    Returns:
        The error's code; "" if there was none.

    Raises:
        AssertionError: naming what is not as it has to be.
    """
    assert ended.status in allowed, f"exit status {ended.status} is none of {allowed}"
    assert "Traceback" not in ended.output, "there is a traceback"
    errors = _ERROR.findall(ended.output)
    if ended.status not in (statuses.WRONG, statuses.TRY_AGAIN):
        # Before training is set up, nothing is asked to end but interrupted.
        most = 1 if ended.status == statuses.INTERRUPTED else 0
        assert len(errors) <= most, f"exit status {ended.status} with {len(errors)} errors"
        code = ""
    else:
        assert len(errors) == 1, f"{len(errors)} errors instead of one"
        found = _CODE.search(errors[0])
        assert found, f"the error has no code: {errors[0]}"
        code = found[1]
    _check_status(scene, ended, code)
    return code


def _check_status(scene: Scene, ended: Ended, code: str) -> None:
    status: dict[str, Any] = json.loads((scene.run / STATUS_FILE).read_text())
    if ended.status < 0 or status["pid"] != ended.pid:
        # It was killed, or ended before it could take the folder.
        assert ended.status != statuses.FINE, "a run that is done has not said so"
        return
    state = _STATES[ended.status]
    assert status["state"] == state, f"status.json says {status['state']}, and the exit status is {ended.status}"
    if code:
        assert status["code"] == code, f"status.json says {status['code']}, and the error {code}"


def _check_checkpoints(scene: Scene) -> None:
    newest = next(scene.whole(), None)
    step = newest.step if newest else 0
    assert step >= scene.kept, f"checkpoint {scene.kept} was whole, and the newest is {step} now"
    scene.kept = step
    if newest is None:
        return
    _check_finite(newest)
    best = newest.state["best"]["step"]
    found = best_checkpoint(scene.run) if scene.checkpoints()[-1] == newest else None
    if best is not None and best not in scene.lost and scene.checkpoints()[-1] == newest:
        assert found is not None, f"the best checkpoint, {best}, is gone"
    if found is not None and found.damage() is None:
        _check_finite(found)


def _check_finite(checkpoint: Checkpoint) -> None:
    tensors = checkpoint.empty_tensors("")
    checkpoint.load(tensors)
    odd = [name for name, value in tensors.items() if value.is_floating_point() and not torch.isfinite(value).all()]
    assert not odd, f"checkpoint {checkpoint.step} holds values that are not finite: {odd}"


def _check_metrics(scene: Scene) -> None:
    path = scene.run / METRICS_FILE
    text = path.read_bytes() if path.exists() else b""
    # The last line may have been cut short by a kill.
    records = [json.loads(line) for line in text.split(b"\n")[:-1]]
    places = [(record["step"], record["split"]) for record in records]
    assert len(set(places)) == len(places), f"a line stands twice in {METRICS_FILE}: {places}"
    steps = [step for step, _ in places]
    assert steps == sorted(steps), f"{METRICS_FILE} is not in the order of steps: {places}"
    newest = next(scene.whole(), None)
    if newest is not None:
        due = set(range(LOG_EVERY, newest.step + 1, LOG_EVERY))
        missing = due - {step for step, split in places if split == "train"}
        assert not missing, f"{METRICS_FILE} has lost steps {sorted(missing)} of checkpoint {newest.step}"
        assert newest.state["metrics_bytes"] <= len(text), (
            f"{METRICS_FILE} is shorter than checkpoint {newest.step} says"
        )
