"""Deep and cross network, version 2 (Wang et al., 2021, "DCN V2")."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.model.dropout import RandomPosition
from rankspec.families.recap.program.model.mlp import Mlp, build_mlp, linear
from rankspec.recap.v1.architecture_pb2 import DcnConfig


class CrossLayer(nn.Module):
    """x0 * (W x + b) + x (equation 1 of the paper), where W may be a product of two matrices of low rank.

    Args:
        width: features of the inputs.
        projection_dim: rank of W, or None for a full matrix.
    """

    def __init__(self, width: int, projection_dim: int | None) -> None:
        super().__init__()
        self.projection: nn.Module = nn.Identity()
        if projection_dim is not None:
            self.projection = linear(width, projection_dim, bias=False)
        self.linear = linear(width if projection_dim is None else projection_dim, width)

    def forward(self, inputs: Tensor, values: Tensor) -> Tensor:
        """Crosses `values` with the network's `inputs`, both `[B, width]`."""
        return inputs * self.linear(self.projection(values)) + values


class Dcn(nn.Module):
    """Cross layers, perhaps a perceptron beside them, and perhaps one on top.

    Args:
        cross_layers: the cross layers, first to last.
        parallel: perceptron over the inputs whose output is joined to the crosses, or none.
        output: perceptron on top, or none.
        in_features: width of the inputs.

    Attributes:
        out_features: width of the output.
    """

    def __init__(
        self, cross_layers: list[CrossLayer], parallel: Mlp | None, output: Mlp | None, in_features: int
    ) -> None:
        super().__init__()
        self.cross_layers = nn.ModuleList(cross_layers)
        self.parallel = parallel
        self.output = output if output is not None else nn.Identity()
        joined = in_features + (parallel.out_features if parallel is not None else 0)
        self.out_features = output.out_features if output is not None else joined

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps `[B, in_features]` to `[B, out_features]`."""
        values = inputs
        for layer in self.cross_layers:
            values = layer(inputs, values)
        if self.parallel is not None:
            values = torch.cat([values, self.parallel(inputs)], dim=1)
        return self.output(values)


@obeys(DcnConfig, "poly_degree", "projection_dim", "parallel_mlp", "use_parallel", "output_mlp")
def build_dcn(config: DcnConfig, in_features: int, path: str, position: RandomPosition) -> Dcn:
    """A deep and cross network over `[B, in_features]`.

    Args:
        config: cross layers and perceptrons.
        in_features: width of the inputs.
        path: path of `config` in the spec.
        position: where in the run a forward pass is.
    """
    rank = config.projection_dim if config.HasField("projection_dim") else None
    # A cross layer raises the degree by one, and the inputs have degree 1 already.
    crosses = [CrossLayer(in_features, rank) for _ in range(config.poly_degree - 1)]
    parallel, output, joined = None, None, in_features
    if config.use_parallel and config.HasField("parallel_mlp"):
        parallel = build_mlp(config.parallel_mlp, in_features, f"{path}.parallel_mlp", position)
        joined += parallel.out_features
    if config.HasField("output_mlp"):
        output = build_mlp(config.output_mlp, joined, f"{path}.output_mlp", position)
    return Dcn(crosses, parallel, output, in_features)
