"""MaskNet (Wang et al., 2021, "MaskNet: Introducing Feature-Wise Multiplication to CTR Ranking Models")."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.model.dropout import RandomPosition
from rankspec.families.recap.program.model.mlp import Mlp, build_mlp, linear
from rankspec.families.recap.program.model.normalization import LayerNorm
from rankspec.recap.v1.architecture_pb2 import MaskBlockConfig, MaskNetConfig
from rankspec.trainer.errors import TrainError


class MaskBlock(nn.Module):
    """Its input times a mask computed from the model's inputs, through a linear layer and layer norm.

    Args:
        in_features: width of the block's input.
        mask_features: width of the inputs that the mask is computed from.
        aggregation_size: width of the mask's hidden layer.
        output_size: width of the output.
        input_layer_norm: normalizes the block's input first.
    """

    def __init__(
        self,
        in_features: int,
        mask_features: int,
        aggregation_size: int,
        output_size: int,
        *,
        input_layer_norm: bool,
    ) -> None:
        super().__init__()
        self.input_norm = LayerNorm(in_features) if input_layer_norm else nn.Identity()
        self.mask = nn.Sequential(
            linear(mask_features, aggregation_size), nn.ReLU(), linear(aggregation_size, in_features)
        )
        self.hidden = linear(in_features, output_size)
        self.output_norm = LayerNorm(output_size)
        self.out_features = output_size

    def forward(self, values: Tensor, mask_input: Tensor) -> Tensor:
        """Masks `values` `[B, in_features]`; the mask comes from `mask_input` `[B, mask_features]`."""
        return self.output_norm(self.hidden(self.input_norm(values) * self.mask(mask_input)))


class MaskNet(nn.Module):
    """Mask blocks side by side or one after the other, and perhaps a perceptron on top.

    Args:
        blocks: the mask blocks.
        mlp: the perceptron, or none.
        parallel: every block reads the inputs and the outputs are joined; otherwise each reads the one before.

    Attributes:
        out_features: width of the output.
    """

    def __init__(self, blocks: list[MaskBlock], mlp: Mlp | None, *, parallel: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.mlp = mlp if mlp is not None else nn.Identity()
        self.parallel = parallel
        self.out_features = mlp.out_features if mlp is not None else blocks_width(blocks, parallel=parallel)

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps `[B, in_features]` to `[B, out_features]`; masks always come from the inputs themselves."""
        if self.parallel:
            return self.mlp(torch.cat([block(inputs, inputs) for block in self.blocks], dim=1))
        values = inputs
        for block in self.blocks:
            values = block(values, inputs)
        return self.mlp(values)


def blocks_width(blocks: list[MaskBlock], *, parallel: bool) -> int:
    """Width of what the blocks give together."""
    return sum(block.out_features for block in blocks) if parallel else blocks[-1].out_features


@obeys(MaskNetConfig, "mask_blocks", "mlp", "use_parallel")
def build_mask_net(config: MaskNetConfig, in_features: int, path: str, position: RandomPosition) -> MaskNet:
    """A MaskNet over `[B, in_features]`.

    Args:
        config: blocks and perceptron.
        in_features: width of the inputs.
        path: path of `config` in the spec.
        position: where in the run a forward pass is.

    Raises:
        TrainError: if a block's `reduction_factor` leaves no width for its mask.
    """
    blocks: list[MaskBlock] = []
    width = in_features
    for index, block_config in enumerate(config.mask_blocks):
        blocks.append(_build_block(block_config, width, in_features, f"{path}.mask_blocks[{index}]"))
        width = in_features if config.use_parallel else blocks[-1].out_features
    joined = blocks_width(blocks, parallel=config.use_parallel)
    mlp = build_mlp(config.mlp, joined, f"{path}.mlp", position) if config.HasField("mlp") else None
    return MaskNet(blocks, mlp, parallel=config.use_parallel)


@obeys(MaskBlockConfig, "output_size", "reduction_factor", "aggregation_size", "input_layer_norm")
def _build_block(config: MaskBlockConfig, in_features: int, mask_features: int, path: str) -> MaskBlock:
    match config.WhichOneof("aggregation"):
        case "aggregation_size":
            aggregation_size = config.aggregation_size
        case "reduction_factor":
            aggregation_size = int(mask_features * config.reduction_factor)
        case other:
            raise AssertionError(f"no width for the aggregation {other!r}")
    if aggregation_size == 0:
        raise TrainError(
            f"{config.reduction_factor:g} of the {mask_features} inputs is less than one feature, so the mask would "
            f"be empty; use at least {1 / mask_features:.3g}, or aggregation_size",
            f"{path}.reduction_factor",
        )
    return MaskBlock(
        in_features,
        mask_features,
        aggregation_size,
        config.output_size,
        input_layer_norm=config.input_layer_norm,
    )
