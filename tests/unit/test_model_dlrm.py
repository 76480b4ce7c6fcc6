"""DLRM over the named blocks: what it multiplies, with what precision, and that it can be exported."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from google.protobuf import text_format
from rankspec.recap.v1.architecture_pb2 import TaskModel
from tests.unit.recap_models import FULL, built, random_batch, recap_config
from torch import Tensor

from rankspec.families.recap.program.model.blocks import Blocks
from rankspec.families.recap.program.model.dlrm import Dlrm
from rankspec.families.recap.program.model.dropout import RandomPosition
from rankspec.families.recap.program.model.initialization import initialize
from rankspec.families.recap.program.model.networks import applied, build_network

torch.set_num_threads(1)

WIDTHS = {"continuous": 5, "binary": 2, "small_embeddings/user": 3, "small_embeddings/item": 3, "user_embedding": 4}
DLRM = """
dlrm_config {
  bottom_mlp { layer_sizes: [6, 3] final_layer_activation: true }
  top_mlp { layer_sizes: [7, 1] }
}
"""


def _network() -> Any:
    config = text_format.Parse(DLRM, TaskModel())
    network = build_network(config, WIDTHS, "model.backbone", RandomPosition(seed=0, step=0, global_rows=5))
    initialize(network, seed=0)
    return network


def _blocks() -> Blocks:
    generator = torch.Generator().manual_seed(0)
    return Blocks({name: torch.randn(5, width, generator=generator) for name, width in WIDTHS.items()})


def _written_out(network: Any, blocks: Blocks) -> Tensor:
    """Equation by equation: a dot product per pair, each vector with those before it."""
    dense = network.bottom(torch.cat([blocks["continuous"], blocks["binary"], blocks["user_embedding"]], dim=1))
    user, item = blocks["small_embeddings/user"], blocks["small_embeddings/item"]
    products = [(user * dense).sum(1), (item * dense).sum(1), (item * user).sum(1)]
    outputs: Tensor = network.top(torch.cat([dense, torch.stack(products, dim=1)], dim=1))
    return outputs


def test_it_computes_its_definition() -> None:
    network, blocks = _network(), _blocks()
    torch.testing.assert_close(applied(network, blocks), _written_out(network, blocks))
    assert network.out_features == 1


def test_the_order_in_which_blocks_are_handed_in_does_not_matter() -> None:
    network, blocks = _network(), _blocks()
    turned = Blocks({name: blocks[name] for name in reversed(WIDTHS)})
    assert torch.equal(network(blocks), network(turned))


def test_nothing_but_weights_is_saved() -> None:
    assert {name.split(".")[0] for name in _network().state_dict()} == {"bottom", "top"}


def _everywhere() -> Any:
    """A model whose backbone and first tower are DLRMs."""
    config = recap_config(FULL)
    config.model.small_embeddings.tables[1].embedding_dim = 3
    text_format.Merge(DLRM, config.model.tasks["home.like"])
    text_format.Merge(DLRM.replace("[7, 1]", "[7, 6]"), config.model.backbone)
    return config


def test_a_tower_reads_the_backbone_as_a_dense_block() -> None:
    model = built(_everywhere())
    tower: Any = model.tower("home.like").network
    assert [type(network) for network in (model.backbone, tower)] == [Dlrm, Dlrm]
    assert tower.bottom.linear_0.in_features == model.backbone.bottom.linear_0.in_features + 6


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_mixed_precision_stays_near_and_trains(dtype: torch.dtype) -> None:
    model, batch = built(_everywhere()), random_batch()
    exact = model(batch)
    with torch.autocast("cpu", dtype=dtype):
        logits = model(batch)
    torch.testing.assert_close(logits, exact, atol=0.15, rtol=0.1)
    logits.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
