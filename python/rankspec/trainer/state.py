"""What a checkpoint holds in tensors: model, optimizer, random number generators; and how a run takes it up again."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from rankspec.trainer.checkpoints import Checkpoint
from rankspec.trainer.errors import TrainError
from rankspec.trainer.optimizers import ScheduledOptimizer


@dataclass(frozen=True)
class WarmStart:
    """What became of the tensors when a model started from another run's checkpoint, each by name."""

    loaded: list[str]
    new: list[str]
    reshaped: list[str]
    left_over: list[str]

    def lines(self) -> list[str]:
        """The same for people: a line per kind that occurred."""
        kinds = (
            ("loaded", self.loaded),
            ("new, kept at their random start", self.new),
            ("of another shape, kept at their random start", self.reshaped),
            ("left over in the checkpoint", self.left_over),
        )
        return [f"{len(names)} {kind}: {', '.join(names)}" for kind, names in kinds if names]


def training_tensors(model: nn.Module, optimizer: ScheduledOptimizer, rank: int) -> dict[str, Any]:
    """The live tensors of a run, nested by kind, as `CheckpointWriter.save` takes them."""
    return {
        "model": model.state_dict(),
        "optimizer": {
            name: state for name, parameter in model.named_parameters() if (state := optimizer.state_of(parameter))
        },
        "rng": {str(rank): _generator_states()},
    }


def restore(checkpoint: Checkpoint, model: nn.Module, optimizer: ScheduledOptimizer, rank: int) -> None:
    """Brings model, optimizer and random number generators to where the checkpoint left them.

    Raises:
        TrainError: if the checkpoint belongs to another model.
    """
    saved = checkpoint.empty_tensors("model.")
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    strange = sorted(
        name
        for name in saved.keys() | tensors.keys()
        if name not in saved or name not in tensors or saved[name].shape != tensors[name].shape
    )
    if strange:
        raise TrainError(
            f"checkpoint {checkpoint.folder} is of another model: {', '.join(strange[:5])} differ; "
            "train into another save_dir, or name it as initial_checkpoint_dir to take over what fits",
            "training.save_dir",
        )
    kept = checkpoint.empty_tensors("optimizer.") | checkpoint.empty_tensors(f"rng.{rank}.")
    checkpoint.load(tensors | kept)
    _restore_optimizer(kept, model, optimizer)
    with checkpoint.interpreting("rng"):
        _restore_generators({name.split(".")[-1]: tensor for name, tensor in kept.items() if name.startswith("rng.")})


@contextmanager
def telling_what_is_replaced(
    model: nn.Module, from_files: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[None]:
    """Says for which fields the context loads something else than the files that they name hold.

    Args:
        model: what is loaded into.
        from_files: its buffers that were read from files, by name, each with the field that names the file.
        say: takes a line for each field.
    """
    before = {name: buffer.clone() for name, buffer in model.named_buffers() if name in from_files}
    yield
    loaded = dict(model.named_buffers())
    for field in sorted({from_files[name] for name, buffer in before.items() if not torch.equal(loaded[name], buffer)}):
        say(f"{field}: the file holds something else than the checkpoint was trained with, which is what counts")


def warm_start(checkpoint: Checkpoint, model: nn.Module) -> WarmStart:
    """Takes over every tensor of the checkpoint's model that this model has in the same shape."""
    saved = checkpoint.empty_tensors("model.")
    own = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    fitting = {name: tensor for name, tensor in own.items() if name in saved and saved[name].shape == tensor.shape}
    checkpoint.load(fitting)
    return WarmStart(
        loaded=sorted(fitting),
        new=sorted(own.keys() - saved.keys()),
        reshaped=sorted((own.keys() & saved.keys()) - fitting.keys()),
        left_over=sorted(saved.keys() - own.keys()),
    )


def _restore_optimizer(saved: dict[str, torch.Tensor], model: nn.Module, optimizer: ScheduledOptimizer) -> None:
    for name, parameter in model.named_parameters():
        prefix = f"optimizer.{name}."
        state = {key.removeprefix(prefix): tensor for key, tensor in saved.items() if key.startswith(prefix)}
        if strange := [key for key, tensor in state.items() if tensor.shape not in (parameter.shape, torch.Size())]:
            raise TrainError(
                f"the checkpoint's {prefix}{strange[0]} has another shape than {name}; go back to another checkpoint",
                "training.save_dir",
                code="checkpoint.damaged",
            )
        if state:
            # Adam keeps its step counter where the fused kernel wants it: beside the parameter.
            optimizer.set_state(parameter, {key: tensor.to(parameter.device) for key, tensor in state.items()})


def _generator_states() -> dict[str, torch.Tensor]:
    states = {
        "torch": torch.get_rng_state(),
        "python": _as_bytes(random.getstate()),
        "numpy": _as_bytes(_numpy_state()),
    }
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def _restore_generators(states: dict[str, torch.Tensor]) -> None:
    """A rank that the saved run did not have keeps the state its seed gave it."""
    if "torch" in states:
        torch.set_rng_state(states["torch"])
    if "python" in states:
        version, internal, gauss = _from_bytes(states["python"])
        random.setstate((version, tuple(internal), gauss))
    if "numpy" in states:
        name, keys, *rest = _from_bytes(states["numpy"])
        np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


def _numpy_state() -> list[Any]:
    name, keys, *rest = np.random.get_state(legacy=True)
    return [name, np.asarray(keys).tolist(), *rest]


def _as_bytes(value: object) -> torch.Tensor:
    return torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)


def _from_bytes(tensor: torch.Tensor) -> list[Any]:
    value: list[Any] = json.loads(bytes(tensor.tolist()))
    return value
