"""Chooses the network of a tower or backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rankspec.recap.v1.architecture_pb2 import TaskModel
from rankspec.trainer.claims import obeys
from rankspec.trainer.model.dcn import build_dcn
from rankspec.trainer.model.mask_net import build_mask_net
from rankspec.trainer.model.mlp import build_mlp

if TYPE_CHECKING:
    from torch import Tensor

    from rankspec.trainer.model.dropout import RandomPosition


class Network(Protocol):
    """What towers and backbones are: a module that maps `[B, in_features]` to `[B, out_features]`."""

    out_features: int

    def __call__(self, inputs: Tensor) -> Tensor:
        """Runs the network."""


_BUILDERS = {
    "mlp_config": build_mlp,
    "mask_net_config": build_mask_net,
    "dcn_config": build_dcn,
}


@obeys(TaskModel, *_BUILDERS)
def build_network(config: TaskModel, in_features: int, path: str, position: RandomPosition) -> Network:
    """The network that the spec chooses.

    Args:
        config: the choice.
        in_features: width of the network's input.
        path: path of `config` in the spec.
        position: where in the run a forward pass is.
    """
    chosen = config.WhichOneof("architecture")
    assert chosen in _BUILDERS, f"unclaimed fields are refused before a model is built: {chosen}"
    return _BUILDERS[chosen](getattr(config, chosen), in_features, f"{path}.{chosen}", position)
