"""A checkpoint's weights in the model that a config describes: where evaluation, and whoever uses a model, begins."""

from contextlib import ExitStack

from torch import nn

from rankspec.trainer.checkpoints import Checkpoint
from rankspec.trainer.chosen_checkpoint import Which, choose_together
from rankspec.trainer.finite import not_finite
from rankspec.trainer.resume import check_evaluation
from rankspec.trainer.setup import Job, Setup, set_up
from rankspec.trainer.state import telling_what_is_replaced


def load_weights(checkpoint: Checkpoint, setup: Setup) -> list[str]:
    """Loads a checkpoint's weights into a setup's model; returns the names of those that are not finite.

    Raises:
        ConfigError: the config describes another model, or other inputs of it.
        TrainError: the checkpoint was trained on other inputs, or cannot be read.
    """
    check_evaluation(checkpoint, setup)
    program = setup.program
    tensors = program.model.state_dict()
    with telling_what_is_replaced(program.model, program.buffers_from_files(), setup.console.say):
        checkpoint.load({f"model.{name}": tensor for name, tensor in tensors.items()})
    return not_finite(tensors)


def trained_model(job: Job, which: Which | None = None) -> nn.Module:
    """The model of a run with the weights of a checkpoint, on the CPU, in evaluation mode.

    Args:
        job: what to obey.
        which: the checkpoint, as `choose_checkpoint` takes it.

    Raises:
        ConfigError: the config describes another model, or other inputs of it.
        TrainError: there is no such checkpoint, it was trained on other inputs, or it cannot be read.
        DataError: the data's schema is not what the config says.
    """
    with set_up(job) as setup, ExitStack() as stack:
        checkpoint = choose_together(setup, which, stack)
        if names := load_weights(checkpoint, setup):
            setup.console.say(f"warning: in checkpoint {checkpoint.step} {names[0]} is not finite")
        return setup.program.model.cpu().eval()
