"""Optimizers and the learning rates they step with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from rankspec.claims.registry import obeys
from rankspec.optim.v1.optimizer_pb2 import AdagradConfig, AdamConfig, SgdConfig
from rankspec.optimization.learning_rates import rate_by_step
from rankspec.schema.defaults import items_or_default

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from google.protobuf.message import Message
    from torch import nn

    from rankspec.optimization.parameter_group import ParameterGroup

# Float32's smallest positive number is 2^-149. A gradient below the root of it squares to 0, so that this epsilon
# bounds what it is divided by, and a gradient of 0 moves nothing.
_SMALLEST_ADAGRAD_EPSILON = (2.0**-149) ** 0.5


class Algorithm(NamedTuple):
    """An algorithm of torch with its options, the learning rate excepted.

    Attributes:
        optimizer: the class.
        options: its arguments; parameter groups of one algorithm may differ in them.
        fused_on: types of devices that it has one kernel for in every supported version of torch.
    """

    optimizer: Callable[..., torch.optim.Optimizer]
    options: dict[str, Any]
    fused_on: tuple[str, ...] = ("cpu", "cuda")


@obeys(AdamConfig, "betas", "eps", "weight_decay")
def _adam(config: AdamConfig) -> Algorithm:
    beta_1, beta_2 = (float(item) for item in items_or_default(config, "betas"))
    options = {"betas": (beta_1, beta_2), "eps": config.eps, "weight_decay": config.weight_decay}
    return Algorithm(torch.optim.AdamW, options)


@obeys(SgdConfig, "momentum", "weight_decay")
def _sgd(config: SgdConfig) -> Algorithm:
    return Algorithm(torch.optim.SGD, {"momentum": config.momentum, "weight_decay": config.weight_decay})


@obeys(AdagradConfig, "eps", "weight_decay")
def _adagrad(config: AdagradConfig) -> Algorithm:
    options = {"eps": config.eps or _SMALLEST_ADAGRAD_EPSILON, "weight_decay": config.weight_decay}
    # For CUDA torch 2.11 takes the argument, has no kernel, and says so in the first step.
    return Algorithm(torch.optim.Adagrad, options, fused_on=("cpu",))


# By the message that holds an algorithm's options. A family that has messages of its own adds them.
ALGORITHMS: Mapping[type[Message], Callable[[Any], Algorithm]] = {
    AdamConfig: _adam,
    SgdConfig: _sgd,
    AdagradConfig: _adagrad,
}


class ScheduledOptimizer:
    """The optimizers of a model's parameters, and the learning rate of each parameter group.

    Attributes:
        optimizers: torch's optimizers, one for each algorithm.
        implementation: how they step: `fused` in one kernel, or torch's own `default`.
    """

    def __init__(
        self,
        optimizers: Sequence[torch.optim.Optimizer],
        schedules: Mapping[str, Callable[[int], float]],
        implementation: str,
    ) -> None:
        self.optimizers = tuple(optimizers)
        self.implementation = implementation
        self._schedules = dict(schedules)
        self._owners = {
            parameter: optimizer
            for optimizer in optimizers
            for group in optimizer.param_groups
            for parameter in group["params"]
        }
        self.set_learning_rates(0)

    def set_learning_rates(self, step: int) -> dict[str, float]:
        """Gives every parameter group the rate of an optimizer step.

        Args:
            step: optimizer steps made before; 0 for the first.

        Returns:
            The rates, by the names of the groups.
        """
        rates = self.learning_rates(step)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rates[group["name"]]
        return rates

    def learning_rates(self, step: int) -> dict[str, float]:
        """The rates of an optimizer step, by the names of the groups; nothing changes."""
        return {name: rate_at(step) for name, rate_at in self._schedules.items()}

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The parameter groups of all optimizers: with `step`, what a gradient scaler needs of an optimizer."""
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    @torch.no_grad()
    def add_penalties(self) -> None:
        """Adds to the gradients of groups with an L2 penalty that of the penalty; after unscaling, before clipping."""
        for group in self.param_groups:
            for parameter in group["params"] if group["l2"] else ():
                if parameter.grad is not None:
                    parameter.grad.add_(parameter, alpha=group["l2"])

    def step(self) -> None:
        """Updates all parameters by their gradients."""
        for optimizer in self.optimizers:
            optimizer.step()

    def zero_grad(self) -> None:
        """Frees the gradients of all parameters."""
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)

    def state_of(self, parameter: nn.Parameter) -> dict[str, Any]:
        """What its optimizer keeps of a parameter, live; empty before the first step of most algorithms."""
        # Not by index: that would make a state where there is none.
        state: dict[str, Any] = self._owners[parameter].state.get(parameter, {})
        return state

    def set_state(self, parameter: nn.Parameter, state: dict[str, Any]) -> None:
        """Replaces what its optimizer keeps of a parameter."""
        self._owners[parameter].state[parameter] = state


def build_optimizer(
    groups: Sequence[ParameterGroup],
    members: Mapping[str, Sequence[nn.Parameter]],
    model: nn.Module,
    algorithms: Mapping[type[Message], Callable[[Any], Algorithm]] = ALGORITHMS,
) -> ScheduledOptimizer:
    """The optimizers of a model: one for each algorithm among its parameter groups.

    Args:
        groups: the parameter groups.
        members: their parameters, by the groups' names.
        model: the model, on the device it will be trained on; each of its parameters is in exactly one group.
        algorithms: what reads the options of a group, by the message that holds them.
    """
    assert len({group.name for group in groups}) == len(groups), f"groups have names of their own: {groups}"
    assert all(members[group.name] for group in groups), f"no group is empty: {list(members)}"
    stepped = [id(parameter) for group in groups for parameter in members[group.name]]
    assert sorted(stepped) == sorted(map(id, model.parameters())), "every parameter is in one group"
    of_algorithm: dict[tuple[Callable[..., torch.optim.Optimizer], tuple[str, ...]], list[dict[str, Any]]] = {}
    for group in groups:
        algorithm = algorithms[type(group.algorithm)](group.algorithm)
        parameters = {"name": group.name, "l2": group.l2, "params": list(members[group.name])}
        kind = algorithm.optimizer, algorithm.fused_on
        of_algorithm.setdefault(kind, []).append(parameters | algorithm.options)
    built = [_fused_where_possible(*kind, options) for kind, options in of_algorithm.items()]
    return ScheduledOptimizer(
        [optimizer for optimizer, _ in built],
        {group.name: rate_by_step(group.learning_rate) for group in groups},
        ", ".join(sorted({implementation for _, implementation in built})),
    )


def _fused_where_possible(
    algorithm: Callable[..., torch.optim.Optimizer], fused_on: tuple[str, ...], groups: list[dict[str, Any]]
) -> tuple[torch.optim.Optimizer, str]:
    """The algorithm in one kernel where torch has one for the parameters' device; says which it is.

    The rates given here are overwritten before the first step.
    """
    if any(parameter.device.type not in fused_on for group in groups for parameter in group["params"]):
        return algorithm(groups, lr=0.0), "default"
    try:
        # Copies, as torch writes its options into the groups even where it refuses them.
        return algorithm([dict(group) for group in groups], lr=0.0, fused=True), "fused"
    except (RuntimeError, NotImplementedError):
        return algorithm(groups, lr=0.0), "default"
