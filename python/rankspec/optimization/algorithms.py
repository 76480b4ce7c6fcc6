"""Optimizers as configs ask for them, said in torch's words but without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.claims.registry import obeys
from rankspec.claims.views import whole_message
from rankspec.optim.v1.optimizer_pb2 import AdagradConfig, AdamConfig, OptimizerConfig, SgdConfig
from rankspec.schema.defaults import items_or_default

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.message import Message

# Float32's smallest positive number is 2^-149. A gradient below the root of it squares to 0, so that this epsilon
# bounds what it is divided by, and a gradient of 0 moves nothing.
_SMALLEST_ADAGRAD_EPSILON = (2.0**-149) ** 0.5


class Algorithm(NamedTuple):
    """An algorithm with its options, the learning rate excepted.

    Attributes:
        config: The message that asks for it.
        optimizer: The class in `torch.optim`.
        options: Its arguments; parameter groups of one algorithm may differ in them.
    """

    config: Message
    optimizer: str
    options: Mapping[str, Any]


@obeys(OptimizerConfig, "adam", "sgd", "adagrad")
def algorithm_of(config: OptimizerConfig) -> Algorithm:
    """Reads the algorithm that an optimizer's config chooses."""
    chosen = config.WhichOneof("optimizer")
    assert chosen is not None, "the spec's rules ask for an algorithm"
    return _ALGORITHMS[chosen](getattr(config, chosen))


@obeys(AdamConfig, "betas", "eps", "weight_decay")
def _adam(config: AdamConfig) -> Algorithm:
    beta_1, beta_2 = (float(item) for item in items_or_default(config, "betas"))
    options = {"betas": (beta_1, beta_2), "eps": config.eps, "weight_decay": config.weight_decay}
    return Algorithm(whole_message(config), "AdamW", options)


@obeys(SgdConfig, "momentum", "weight_decay")
def _sgd(config: SgdConfig) -> Algorithm:
    options = {"momentum": config.momentum, "weight_decay": config.weight_decay}
    return Algorithm(whole_message(config), "SGD", options)


@obeys(AdagradConfig, "eps", "weight_decay")
def _adagrad(config: AdagradConfig) -> Algorithm:
    options = {"eps": config.eps or _SMALLEST_ADAGRAD_EPSILON, "weight_decay": config.weight_decay}
    return Algorithm(whole_message(config), "Adagrad", options)


# By the member of `OptimizerConfig.optimizer`.
_ALGORITHMS: Mapping[str, Callable[[Any], Algorithm]] = {"adam": _adam, "sgd": _sgd, "adagrad": _adagrad}
