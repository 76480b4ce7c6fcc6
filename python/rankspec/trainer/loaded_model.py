"""Takes a checkpoint's weights into the model, to apply it."""

from rankspec.trainer.checkpoints import Checkpoint
from rankspec.trainer.finite import not_finite
from rankspec.trainer.resume import check_evaluation
from rankspec.trainer.setup import Setup
from rankspec.trainer.state import telling_what_is_replaced


def load_model(checkpoint: Checkpoint, setup: Setup) -> list[str]:
    """Loads the weights of a checkpoint that is kept meanwhile; returns the names of those that are not finite.

    Raises:
        ConfigError: the config describes another model, or other inputs.
        TrainError: the checkpoint was trained on other inputs, or in another order, or cannot be read.
    """
    check_evaluation(checkpoint, setup)
    program = setup.program
    tensors = program.model.state_dict()
    with telling_what_is_replaced(program.model, program.buffers_from_files(), setup.console.say):
        checkpoint.load({f"model.{name}": tensor for name, tensor in tensors.items()})
    return not_finite(tensors)
