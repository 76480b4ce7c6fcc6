"""Multi-layer perceptrons."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.model.dropout import RandomPosition, build_dropout
from rankspec.families.recap.program.model.normalization import build_batch_norm
from rankspec.recap.v1.layers_pb2 import DenseLayerConfig, DropoutConfig, MlpConfig


class Mlp(nn.Sequential):
    """Linear layers with what belongs between them, `[B, in_features]` to `[B, out_features]`.

    Attributes:
        out_features: width of the last layer.
    """

    def __init__(self, layers: dict[str, nn.Module], out_features: int) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.out_features = out_features


def linear(in_features: int, out_features: int, *, bias: bool = True) -> nn.Linear:
    """A linear layer without values yet: `initialize` draws them, each from a generator of its own."""
    return nn.utils.skip_init(nn.Linear, in_features, out_features, bias=bias)


@obeys(MlpConfig, "batch_norm", "final_layer_activation")
def build_mlp(config: MlpConfig, in_features: int, path: str, position: RandomPosition) -> Mlp:
    """A perceptron: hidden layers are linear, batch norm, ReLU, dropout; the last is linear and perhaps ReLU.

    Args:
        config: widths by `layer_sizes`, or by `layers` with a dropout each.
        in_features: width of the input.
        path: path of `config` in the spec; keys the random numbers of the dropout layers.
        position: where in the run a forward pass is.
    """
    modules: dict[str, nn.Module] = {}
    widths = list(_layers(config))
    for index, (width, dropout) in enumerate(widths):
        is_hidden = index + 1 < len(widths)
        modules[f"linear_{index}"] = linear(in_features, width)
        if is_hidden and config.HasField("batch_norm"):
            modules[f"batch_norm_{index}"] = build_batch_norm(config.batch_norm, width)
        if is_hidden or config.final_layer_activation:
            modules[f"relu_{index}"] = nn.ReLU()
        if is_hidden and dropout is not None:
            modules[f"dropout_{index}"] = build_dropout(dropout, f"{path}[{index}]", position)
        in_features = width
    return Mlp(modules, in_features)


@obeys(MlpConfig, "layer_sizes", "layers", "dropout")
@obeys(DenseLayerConfig, "layer_size", "dropout")
def _layers(config: MlpConfig) -> Iterator[tuple[int, DropoutConfig | None]]:
    """Width and dropout of every layer, from either way to state them."""
    for layer in config.layers:
        yield layer.layer_size, layer.dropout if layer.HasField("dropout") else None
    for width in config.layer_sizes:
        yield width, config.dropout if config.HasField("dropout") else None
