"""Chooses the network of a tower or backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.model.dcn import Dcn, build_dcn
from rankspec.families.recap.program.model.mask_net import MaskNet, build_mask_net
from rankspec.families.recap.program.model.mlp import Mlp, build_mlp
from rankspec.recap.v1.architecture_pb2 import TaskModel
from rankspec.trainer.memory import allocating

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from rankspec.families.recap.program.model.blocks import Blocks
    from rankspec.families.recap.program.model.dropout import RandomPosition

# What towers and backbones are: modules that map `[B, in_features]` to `[B, out_features]`.
Network = Mlp | MaskNet | Dcn

# Each takes all blocks side by side, whose width its builder gets.
_BUILDERS: dict[str, Callable[[Any, int, str, RandomPosition], Network]] = {
    "mlp_config": build_mlp,
    "mask_net_config": build_mask_net,
    "dcn_config": build_dcn,
}


@obeys(TaskModel, *_BUILDERS)
def build_network(config: TaskModel, widths: Mapping[str, int], path: str, position: RandomPosition) -> Network:
    """The network that the spec chooses.

    Args:
        config: the choice.
        widths: columns of each block of the network's input, by name.
        path: path of `config` in the spec.
        position: where in the run a forward pass is.
    """
    chosen = config.WhichOneof("architecture")
    assert chosen in _BUILDERS, f"unclaimed fields are refused before a model is built: {chosen}"
    with allocating(f"{path}.{chosen}"):
        return _BUILDERS[chosen](getattr(config, chosen), sum(widths.values()), f"{path}.{chosen}", position)


def applied(network: Network, inputs: Blocks) -> Tensor:
    """What a network makes of its input, `[B, out_features]`."""
    outputs: Tensor = network(inputs.joined)
    return outputs
