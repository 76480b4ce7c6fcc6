"""Deep learning recommendation model (Naumov et al., 2019, "DLRM")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.model.blocks import Blocks
from rankspec.families.recap.program.model.dropout import RandomPosition
from rankspec.families.recap.program.model.embeddings import TABLE_BLOCKS
from rankspec.families.recap.program.model.mlp import Mlp, build_mlp
from rankspec.recap.v1.architecture_pb2 import DLRMConfig


class Dlrm(nn.Module):
    """Dot products of all pairs of tables' rows and of the dense features, which a perceptron makes as wide as they.

    Args:
        bottom: perceptron over the dense blocks side by side.
        top: perceptron over the bottom's output and the products.
        dense: names of the dense blocks.
        tables: names of the blocks that are rows of tables, each as wide as the bottom's output.

    Attributes:
        out_features: width of the output.
    """

    def __init__(self, bottom: Mlp, top: Mlp, dense: Sequence[str], tables: Sequence[str]) -> None:
        super().__init__()
        self.bottom = bottom
        self.top = top
        self.out_features = top.out_features
        self._dense = tuple(dense)
        self._tables = tuple(tables)
        num_vectors = 1 + len(tables)
        rows, columns = torch.tril_indices(num_vectors, num_vectors, offset=-1)
        # Places of the pairs in a flat matrix of products. Follows from the config, so no checkpoint has it.
        self._pairs: Tensor
        self.register_buffer("_pairs", rows * num_vectors + columns, persistent=False)

    def forward(self, inputs: Blocks) -> Tensor:
        """Maps the blocks, `[B, W]` each, to `[B, out_features]`."""
        dense = self.bottom(torch.cat([inputs[name] for name in self._dense], dim=1))
        vectors = torch.stack([dense, *(inputs[name].to(dense.dtype) for name in self._tables)], dim=1)
        products = torch.bmm(vectors, vectors.transpose(1, 2)).flatten(1).index_select(1, self._pairs)
        return self.top(torch.cat([dense, products], dim=1))


@obeys(DLRMConfig, "bottom_mlp", "top_mlp")
def build_dlrm(config: DLRMConfig, widths: Mapping[str, int], path: str, position: RandomPosition) -> Dlrm:
    """A deep learning recommendation model over named blocks.

    Args:
        config: the two perceptrons.
        widths: columns of each block, by name; the spec's rules see to it that tables are among them and fit.
        path: path of `config` in the spec.
        position: where in the run a forward pass is.
    """
    tables = [name for name in widths if name.startswith(TABLE_BLOCKS)]
    dense = [name for name in widths if name not in tables]
    bottom = build_mlp(config.bottom_mlp, sum(widths[name] for name in dense), f"{path}.bottom_mlp", position)
    assert {widths[name] for name in tables} == {bottom.out_features}, "the spec's rules make the widths equal"
    num_pairs = len(tables) * (len(tables) + 1) // 2
    top = build_mlp(config.top_mlp, bottom.out_features + num_pairs, f"{path}.top_mlp", position)
    return Dlrm(bottom, top, dense, tables)
