"""A checkpoint's weights in the model that a config describes: where evaluation, and whoever uses a model, begins."""

from rankspec.trainer.checkpoints import Checkpoint
from rankspec.trainer.finite import not_finite
from rankspec.trainer.resume import check_evaluation
from rankspec.trainer.setup import Setup
from rankspec.trainer.state import telling_what_is_replaced


def load_weights(checkpoint: Checkpoint, setup: Setup) -> None:
    """Loads a checkpoint's weights into a setup's model; says which values are not finite, if some are.

    Raises:
        ConfigError: the config describes another model, or other inputs of it.
        TrainError: the checkpoint was trained on other inputs, or cannot be read.
    """
    check_evaluation(checkpoint, setup)
    program = setup.program
    tensors = program.model.state_dict()
    with telling_what_is_replaced(program.model, program.buffers_from_files(), setup.console.say):
        checkpoint.load({f"model.{name}": tensor for name, tensor in tensors.items()})
    if names := not_finite(tensors):
        setup.console.say(f"checkpoint {checkpoint.step} has no figures: its {names[0]} is not finite")
