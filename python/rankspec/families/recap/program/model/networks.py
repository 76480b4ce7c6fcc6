"""Chooses the network of a tower or backbone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.model.blocks import Blocks
from rankspec.families.recap.program.model.dcn import Dcn, build_dcn
from rankspec.families.recap.program.model.dlrm import Dlrm, build_dlrm
from rankspec.families.recap.program.model.dropout import RandomPosition
from rankspec.families.recap.program.model.mask_net import MaskNet, build_mask_net
from rankspec.families.recap.program.model.mlp import Mlp, build_mlp
from rankspec.recap.v1.architecture_pb2 import TaskModel
from rankspec.trainer.memory import allocating

# What towers and backbones are: modules that map a network's input to `[B, out_features]`.
Network = Mlp | MaskNet | Dcn | Dlrm

# Each takes all blocks side by side, whose width its builder gets.
_OF_JOINED: dict[str, Callable[[Any, int, str, RandomPosition], Network]] = {
    "mlp_config": build_mlp,
    "mask_net_config": build_mask_net,
    "dcn_config": build_dcn,
}
# Takes the blocks themselves, whose widths its builder gets.
_OF_BLOCKS: dict[str, Callable[[Any, Mapping[str, int], str, RandomPosition], Network]] = {"dlrm_config": build_dlrm}


@obeys(TaskModel, *_OF_JOINED, *_OF_BLOCKS)
def build_network(config: TaskModel, widths: Mapping[str, int], path: str, position: RandomPosition) -> Network:
    """The network that the spec chooses.

    Args:
        config: the choice.
        widths: columns of each block of the network's input, by name.
        path: path of `config` in the spec.
        position: where in the run a forward pass is.
    """
    chosen = config.WhichOneof("architecture")
    assert chosen is not None, "the spec's rules ask for an architecture"
    own, path = getattr(config, chosen), f"{path}.{chosen}"
    with allocating(path):
        if chosen in _OF_BLOCKS:
            return _OF_BLOCKS[chosen](own, widths, path, position)
        return _OF_JOINED[chosen](own, sum(widths.values()), path, position)


def applied(network: Network, inputs: Blocks) -> Tensor:
    """What a network makes of its input, `[B, out_features]`."""
    outputs: Tensor = network(inputs if isinstance(network, Dlrm) else inputs.joined)
    return outputs
