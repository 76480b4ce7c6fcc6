"""Whether a run may go on from a checkpoint under the config that it is given now."""

from collections.abc import Callable

from rankspec.comparison import Change, compare
from rankspec.diagnostics import Diagnostic, Position, SpecError
from rankspec.loading import load
from rankspec.source import Origins
from rankspec.trainer.checkpoints import Checkpoint
from rankspec.trainer.errors import TrainError
from rankspec.trainer.setup import Setup


def check_resume(checkpoint: Checkpoint, setup: Setup, say: Callable[[str], None], *, force: bool) -> None:
    """Compares the config a checkpoint was written under with the run's, by the fields' `resume` options.

    Args:
        checkpoint: where the run would go on from.
        setup: the run.
        say: takes a line for every change that is allowed with a warning.
        force: whether to go on even where the options forbid it.

    Raises:
        SpecError: a value changed that must not; all such values are in it.
        TrainError: the checkpoint was trained on other inputs, or in another order.
    """
    saved = load(checkpoint.config_file, message=setup.config.DESCRIPTOR.full_name, environment={})
    changes = compare(saved.message, setup.config)
    now = setup.job.origins
    forbidden = [change for change in changes if change.resume == "forbidden" and not force]
    if forbidden:
        raise SpecError(_refusal(change, checkpoint, saved.origins, now) for change in forbidden)
    for change in changes:
        if change.resume != "free":
            place = _place(now, change.path)
            say(f"{place or change.path}: {_difference(change, checkpoint)}; going on with the new value")
    if checkpoint.state["feature_signature"] != setup.signature:
        raise TrainError(
            f"checkpoint {checkpoint.folder} was trained on other inputs, or on the same in another order: "
            f"it has the signature {checkpoint.state['feature_signature'][:12]}, the data {setup.signature[:12]}",
            "train_data.seg_dense_schema",
        )


def _refusal(change: Change, checkpoint: Checkpoint, saved: Origins, now: Origins) -> Diagnostic:
    then = _place(saved, change.path)
    return Diagnostic(
        code="resume.forbidden",
        message=_difference(change, checkpoint),
        path=change.path,
        position=_place(now, change.path),
        severity="error",
        suggestion="go back to the old value, train into another save_dir, or resume with --force",
        related=(then,) if then else (),
    )


def _difference(change: Change, checkpoint: Checkpoint) -> str:
    old, new = ("unset" if value is None else value for value in (change.old, change.new))
    return f"{change.path} was {old} when checkpoint {checkpoint.step} was written, and is {new} now"


def _place(origins: Origins, path: str) -> Position | None:
    found = origins.nearest(path)
    return found[1] if found else None
