"""The weights that a run begins with, taken from a checkpoint of another run."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rankspec.trainer.best_link import is_best_link
from rankspec.trainer.checkpoints import STATE_FILE, Checkpoint, committed
from rankspec.trainer.errors import TrainError
from rankspec.trainer.home_folder import expanded
from rankspec.trainer.inputs import signature_differences
from rankspec.trainer.program import Program
from rankspec.trainer.resume import inputs_of, model_changes
from rankspec.trainer.setup import Setup
from rankspec.trainer.state import WarmStart, telling_what_is_replaced, warm_start

PATH = "training.initial_checkpoint_dir"
# Changes of the model that an error names.
_MOST_TOLD = 5


def take_first_weights(setup: Setup, say: Callable[[str], None]) -> Checkpoint:
    """Takes over what fits of the checkpoint that `training.initial_checkpoint_dir` names, and says what does.

    Args:
        setup: the run, which begins.
        say: takes a line for each kind of tensors, and for inputs that are not those of the checkpoint.

    Returns:
        The checkpoint.

    Raises:
        TrainError: there is no whole checkpoint, or nothing of it fits.
    """
    checkpoint = _named(Path(expanded(setup.program.training.initial_checkpoint_dir, PATH)))
    program = setup.program
    with checkpoint.interpreting(STATE_FILE):
        program.check_identity(checkpoint.state, checkpoint.folder)
    for line in _other_inputs(checkpoint, program):
        say(line)
    with telling_what_is_replaced(program.model, program.buffers_from_files(), say):
        started = warm_start(checkpoint, program.model)
    if not started.loaded:
        raise TrainError(_nothing_fits(checkpoint, started, model_changes(checkpoint, setup)), PATH)
    for line in started.lines():
        say(line)
    return checkpoint


def _named(folder: Path) -> Checkpoint:
    if is_best_link(folder):
        folder = folder.parent / folder.readlink()
    found = [checkpoint for checkpoint in committed(folder.parent) if checkpoint.folder.name == folder.name]
    damage = found[0].damage() if found else "there is no checkpoint of that name"
    if damage is not None:
        raise TrainError(
            f"{folder} cannot be started from: {damage}; name a folder save_dir/<step> of an earlier run, or its "
            "save_dir/best",
            PATH,
        )
    return found[0]


def _other_inputs(checkpoint: Checkpoint, program: Program[Any]) -> Iterator[str]:
    """Says which inputs are not those that the weights were trained on, be they as wide."""
    before = inputs_of(checkpoint)
    columns = {item.name: item.column for item in before}
    differences = [
        *signature_differences(before, program.inputs),
        *(
            f'"{item.name}" is the column "{item.column}" instead of "{columns[item.name]}"'
            for item in program.inputs
            if columns.get(item.name, item.column) != item.column
        ),
    ]
    if differences:
        yield (
            f"warning: {checkpoint.folder} was trained on other inputs, and weights mean what they meant there: "
            f"{'; '.join(differences)}"
        )


def _nothing_fits(checkpoint: Checkpoint, started: WarmStart, changes: list[str]) -> str:
    if started.reshaped:
        found = f"tensors of the same names have other shapes, such as {started.reshaped[0]}"
    else:
        found = f"it holds {started.left_over[0]} and the like, and the model has {started.new[0]}"
    told = "".join(f"; {change}" for change in changes[:_MOST_TOLD])
    return (
        f"nothing in {checkpoint.folder} fits this model: {found}{told}. Give the model what that run's "
        "resolved.textproto has, name another checkpoint, or drop this to begin at random"
    )
