from __future__ import annotations

from typing import Any

import pytest
import torch
from google.protobuf import text_format
from rankspec.recap.v1.architecture_pb2 import TaskModel
from torch import Tensor, nn
from torch.nn import functional

from rankspec.families.recap.program.model.dropout import RandomPosition
from rankspec.families.recap.program.model.initialization import initialize
from rankspec.families.recap.program.model.networks import build_network
from rankspec.trainer.errors import TrainError

torch.set_num_threads(1)

INPUTS = torch.randn(5, 6, generator=torch.Generator().manual_seed(0))


def _built(text: str) -> Any:
    config = text_format.Parse(text, TaskModel())
    position = RandomPosition(seed=0, step=0, global_rows=len(INPUTS))
    network = build_network(config, {"inputs": INPUTS.shape[1]}, "model.backbone", position)
    initialize(network, seed=0)
    return network


def _names(network: nn.Sequential) -> list[str]:
    return [name for name, _ in network.named_children()]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("layer_sizes: 1", ["linear_0"], id="one_layer"),
        pytest.param("layers { layer_size: 1 }", ["linear_0"], id="one_layer_of_layers"),
        pytest.param("layer_sizes: 3 final_layer_activation: true", ["linear_0", "relu_0"], id="one_layer_with_relu"),
        pytest.param("layer_sizes: [4, 1]", ["linear_0", "relu_0", "linear_1"], id="plain"),
        pytest.param(
            "layer_sizes: [4, 1] batch_norm {} dropout {}",
            ["linear_0", "batch_norm_0", "relu_0", "dropout_0", "linear_1"],
            id="only_hidden_layers_have_more",
        ),
        pytest.param(
            "layers { layer_size: 4 } layers { layer_size: 3 dropout {} } layers { layer_size: 1 }",
            ["linear_0", "relu_0", "linear_1", "relu_1", "dropout_1", "linear_2"],
            id="dropout_of_its_own",
        ),
    ],
)
def test_layers_of_a_perceptron(text: str, names: list[str]) -> None:
    assert _names(_built(f"mlp_config {{ {text} }}")) == names


def test_both_ways_to_state_a_perceptron_give_the_same() -> None:
    by_sizes = _built("mlp_config { layer_sizes: [4, 3] }")
    by_layers = _built("mlp_config { layers { layer_size: 4 } layers { layer_size: 3 } }")
    assert torch.equal(by_sizes(INPUTS), by_layers(INPUTS))
    assert by_sizes.out_features == by_layers.out_features == 3


def test_a_perceptron_computes_its_definition() -> None:
    network = _built("mlp_config { layer_sizes: [4, 3] final_layer_activation: true }")
    hidden = (INPUTS @ network.linear_0.weight.T + network.linear_0.bias).clamp(min=0)
    expected = (hidden @ network.linear_1.weight.T + network.linear_1.bias).clamp(min=0)
    torch.testing.assert_close(network(INPUTS), expected)


def test_dropout_layers_draw_apart() -> None:
    network = _built(
        "mlp_config { layers { layer_size: 9 dropout {} } layers { layer_size: 9 dropout {} } "
        "layers { layer_size: 1 } }"
    )
    assert network.dropout_0.key != network.dropout_1.key


def _block(block: Any, values: Tensor, mask_input: Tensor) -> Tensor:
    """A mask block, written out."""
    if not isinstance(block.input_norm, nn.Identity):
        values = functional.layer_norm(values, values.shape[1:], block.input_norm.weight, block.input_norm.bias)
    first, _, second = block.mask
    mask = functional.relu(mask_input @ first.weight.T + first.bias) @ second.weight.T + second.bias
    hidden = (values * mask) @ block.hidden.weight.T + block.hidden.bias
    return functional.layer_norm(hidden, hidden.shape[1:], block.output_norm.weight, block.output_norm.bias)


BLOCKS = """
mask_blocks { output_size: 4 aggregation_size: 3 input_layer_norm: true }
mask_blocks { output_size: 2 reduction_factor: 0.5 input_layer_norm: false }
"""


@pytest.mark.parametrize("mlp", ["", "mlp { layer_sizes: 3 }"], ids=["without_mlp", "with_mlp"])
def test_stacked_mask_net(mlp: str) -> None:
    network = _built(f"mask_net_config {{ {BLOCKS} {mlp} }}")
    first, second = network.blocks
    expected = _block(second, _block(first, INPUTS, INPUTS), INPUTS)
    if mlp:
        expected = expected @ network.mlp.linear_0.weight.T + network.mlp.linear_0.bias
    torch.testing.assert_close(network(INPUTS), expected)
    assert network.out_features == expected.shape[1] == (3 if mlp else 2)


@pytest.mark.parametrize("mlp", ["", "mlp { layer_sizes: 3 }"], ids=["without_mlp", "with_mlp"])
def test_parallel_mask_net(mlp: str) -> None:
    network = _built(f"mask_net_config {{ use_parallel: true {BLOCKS} {mlp} }}")
    expected = torch.cat([_block(block, INPUTS, INPUTS) for block in network.blocks], dim=1)
    if mlp:
        expected = expected @ network.mlp.linear_0.weight.T + network.mlp.linear_0.bias
    torch.testing.assert_close(network(INPUTS), expected)
    assert network.out_features == expected.shape[1] == (3 if mlp else 6)


def test_reduction_factor_is_of_the_inputs_and_rounds_down() -> None:
    network = _built("mask_net_config { mask_blocks { output_size: 2 reduction_factor: 0.99 } }")
    assert network.blocks[0].mask[0].out_features == 5


def test_a_reduction_that_leaves_nothing_is_refused_by_its_path() -> None:
    with pytest.raises(TrainError, match=r"0\.1 of the 6 inputs is less than one feature") as caught:
        _built(
            "mask_net_config { mask_blocks { output_size: 2 aggregation_size: 3 } "
            "mask_blocks { output_size: 2 reduction_factor: 0.1 } }"
        )
    assert caught.value.path == "model.backbone.mask_net_config.mask_blocks[1].reduction_factor"


def _crossed(network: Any) -> Tensor:
    """Cross layers, written out with one matrix each."""
    values = INPUTS
    for layer in network.cross_layers:
        weight = layer.linear.weight
        if not isinstance(layer.projection, nn.Identity):
            weight = weight @ layer.projection.weight
        values = INPUTS * (values @ weight.T + layer.linear.bias) + values
    return values


@pytest.mark.parametrize("rank", ["", "projection_dim: 2"], ids=["full_rank", "low_rank"])
def test_cross_layers(rank: str) -> None:
    network = _built(f"dcn_config {{ poly_degree: 4 {rank} }}")
    with torch.no_grad():
        for layer in network.cross_layers:
            layer.linear.bias.normal_(generator=torch.Generator().manual_seed(1))
    assert len(network.cross_layers) == 3
    torch.testing.assert_close(network(INPUTS), _crossed(network))


def test_cross_layers_have_the_degree_asked_for() -> None:
    network = _built("dcn_config { poly_degree: 3 }").double()
    scales = torch.arange(1.0, 9.0, dtype=torch.float64)
    line = torch.stack([network(scale * INPUTS[:1].double())[0, 0] for scale in scales]).detach()
    differences = [line.diff(n=order).abs().max().item() for order in (3, 4)]
    assert differences[0] > 1e-6
    assert differences[1] < 1e-9


def test_perceptrons_around_cross_layers() -> None:
    network = _built("dcn_config { poly_degree: 2 parallel_mlp { layer_sizes: 3 } output_mlp { layer_sizes: 2 } }")
    joined = torch.cat([_crossed(network), network.parallel(INPUTS)], dim=1)
    torch.testing.assert_close(network(INPUTS), network.output(joined))
    assert network.out_features == 2


def test_cross_layers_alone_where_the_parallel_part_is_off() -> None:
    network = _built("dcn_config { poly_degree: 2 use_parallel: false parallel_mlp { layer_sizes: 3 } }")
    torch.testing.assert_close(network(INPUTS), _crossed(network))
    assert network.out_features == 6
