"""Whether a checkpoint may be taken up under the config that is given now."""

from collections.abc import Collection, Iterator
from typing import Any

from google.protobuf.message import Message

from rankspec.analysis.comparison import Change, compare
from rankspec.composition.compose import LoadedConfig, compose
from rankspec.diagnostics.diagnostic import ConfigError, Diagnostic, Position
from rankspec.formats.origins import Origins
from rankspec.schema.field_paths import is_at_or_below
from rankspec.trainer.checkpoints import STATE_FILE, Checkpoint
from rankspec.trainer.errors import TrainError
from rankspec.trainer.inputs import Input, signature_differences, signature_hash
from rankspec.trainer.setup import Setup

# Changes that a warning names before it counts the rest.
_MOST_TOLD = 5


def check_resume(checkpoint: Checkpoint, setup: Setup, *, force: bool) -> tuple[Any, list[Change]]:
    """Compares the config a checkpoint was written under with the run's, by the fields' `resume` options.

    Args:
        checkpoint: where the run would go on from.
        setup: the run.
        force: whether to go on even where the options forbid it.

    Returns:
        The config that the checkpoint was written under, and what changed since.

    Raises:
        ConfigError: a value changed that must not; all such values are in it.
        TrainError: the checkpoint was trained on other inputs, or in another order.
    """
    saved = saved_config(checkpoint, setup)
    changes = compare(saved.message, setup.config)
    if not force:
        remedy = "go back to the old value, train into another save_dir, or resume with --force"
        _refuse_forbidden(changes, checkpoint, saved.origins, setup.job.origins, remedy)
    check_inputs(checkpoint, setup)
    _check_processes(checkpoint, setup)
    return saved.message, changes


def going_on(changes: list[Change], checkpoint: Checkpoint, setup: Setup) -> Iterator[str]:
    """What to say of changes that a run goes on with: a line for each that is allowed with a warning."""
    for change in changes:
        if change.resume != "free":
            place = _place(setup.job.origins, change.path)
            yield f"{place or change.path}: {_difference(change, checkpoint)}; going on with the new value"


def without_effect(changes: list[Change], checkpoint: Checkpoint) -> Iterator[str]:
    """What to say of changes where nothing is left to train."""
    if changes:
        told = "; ".join(_difference(change, checkpoint) for change in changes[:_MOST_TOLD])
        rest = f"; and {len(changes) - _MOST_TOLD} more" if len(changes) > _MOST_TOLD else ""
        yield (
            f"warning: what has changed has no effect: {told}{rest}. Raise training.num_train_steps, train into "
            "another save_dir, or begin anew with --restart"
        )


def changes_figures(saved: Message, config: Message, fields: Collection[str]) -> bool:
    """Whether two configs differ in any of these fields, or in what they hold."""
    return any(is_at_or_below(change.path, place) for change in compare(saved, config) for place in fields)


def check_evaluation(checkpoint: Checkpoint, setup: Setup) -> None:
    """Makes sure that the config describes the model of a checkpoint, and the inputs it was trained on.

    Raises:
        ConfigError: a value of the model or of its inputs differs; all such values are in it.
        TrainError: the checkpoint was trained on other inputs, or in another order.
    """
    saved = saved_config(checkpoint, setup)
    changes = compare(saved.message, setup.config)
    # How a model was trained is no matter for evaluation.
    of_the_model = _of_the_model(changes, setup)
    remedy = "go back to the old value: the checkpoint's weights mean nothing under another"
    _refuse_forbidden(of_the_model, checkpoint, saved.origins, setup.job.origins, remedy)
    check_inputs(checkpoint, setup)


def model_changes(checkpoint: Checkpoint, setup: Setup) -> list[str]:
    """In what the config of a checkpoint describes another model, in words."""
    changes = compare(saved_config(checkpoint, setup).message, setup.config)
    return [_difference(change, checkpoint) for change in _of_the_model(changes, setup)]


def _of_the_model(changes: list[Change], setup: Setup) -> list[Change]:
    return [change for change in changes if change.path.startswith(setup.program.model_fields)]


def check_inputs(checkpoint: Checkpoint, setup: Setup) -> None:
    """Makes sure that the data give the inputs that a checkpoint was trained on, in their order.

    Raises:
        TrainError: they do not; the text names the differences.
    """
    state = checkpoint.state
    with checkpoint.interpreting(STATE_FILE):
        setup.program.check_identity(state, checkpoint.folder)
    if state["feature_signature"] == setup.signature:
        return
    trained_on = inputs_of(checkpoint)
    differences = signature_differences(trained_on, setup.program.inputs)
    if not differences and signature_hash(trained_on) == state["feature_signature"]:
        # Only names of features are new or gone.
        return
    raise TrainError(
        f"checkpoint {checkpoint.folder} was trained on other inputs: {'; '.join(differences)}",
        setup.program.inputs_field,
    )


def inputs_of(checkpoint: Checkpoint) -> list[Input]:
    """The inputs that a checkpoint was trained on, in their order.

    Raises:
        TrainError: its state cannot be understood.
    """
    with checkpoint.interpreting(STATE_FILE):
        return [Input.from_json(described) for described in checkpoint.state["inputs"]]


def _check_processes(checkpoint: Checkpoint, setup: Setup) -> None:
    """Makes sure that a batch is as large as it was.

    Raises:
        TrainError: there are other processes than before, and each of them has a batch of its own.
    """
    before, now = checkpoint.state["world_size"], setup.processes.world_size
    if setup.program.is_batch_per_process and before != now:
        raise TrainError(
            f"checkpoint {checkpoint.folder} is of a run with {before} processes, and there are {now} now: the batch, "
            f"and so the order of the rows, is another; go on with {before}, or train into another save_dir",
            setup.program.batch_field,
        )


def saved_config(checkpoint: Checkpoint, setup: Setup) -> LoadedConfig:
    """The config that a checkpoint was written under, which is of the run's message."""
    return compose(checkpoint.config_file, message=setup.config.DESCRIPTOR.full_name, environment={})


def _refuse_forbidden(changes: list[Change], checkpoint: Checkpoint, saved: Origins, now: Origins, remedy: str) -> None:
    forbidden = [change for change in changes if change.resume == "forbidden"]
    if forbidden:
        raise ConfigError(_refusal(change, checkpoint, saved, now, remedy) for change in forbidden)


def _refusal(change: Change, checkpoint: Checkpoint, saved: Origins, now: Origins, remedy: str) -> Diagnostic:
    then = _place(saved, change.path)
    return Diagnostic(
        code="resume.forbidden",
        message=_difference(change, checkpoint),
        path=change.path,
        position=_place(now, change.path),
        severity="error",
        suggestion=remedy,
        related=(then,) if then else (),
    )


def _difference(change: Change, checkpoint: Checkpoint) -> str:
    old, new = ("unset" if value is None else value for value in (change.old, change.new))
    return f"{change.path} was {old} when checkpoint {checkpoint.step} was written, and is {new} now"


def _place(origins: Origins, path: str) -> Position | None:
    found = origins.nearest(path)
    return found[1] if found else None
