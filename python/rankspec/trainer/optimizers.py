"""Optimizers and the learning rates they step with."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import torch

from rankspec.optimization.learning_rates import rate_by_step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import nn

    from rankspec.optimization.parameter_group import ParameterGroup

# Types of devices that every supported version of torch has one kernel for.
_FUSED_ON = {
    "AdamW": ("cpu", "cuda"),
    "SGD": ("cpu", "cuda"),
    # For CUDA torch 2.11 takes the argument, has no kernel, and says so in the first step.
    "Adagrad": ("cpu",),
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
    groups: Sequence[ParameterGroup], members: Mapping[str, Sequence[nn.Parameter]], model: nn.Module
) -> ScheduledOptimizer:
    """The optimizers of a model: one for each algorithm among its parameter groups.

    Args:
        groups: the parameter groups.
        members: their parameters, by the groups' names.
        model: the model, on the device it will be trained on; each of its parameters is in exactly one group.
    """
    assert len({group.name for group in groups}) == len(groups), f"groups have names of their own: {groups}"
    assert all(members[group.name] for group in groups), f"no group is empty: {list(members)}"
    stepped = [id(parameter) for group in groups for parameter in members[group.name]]
    assert sorted(stepped) == sorted(map(id, model.parameters())), "every parameter is in one group"
    of_optimizer: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for group in groups:
        parameters = {"name": group.name, "l2": group.l2, "params": list(members[group.name])}
        of_optimizer[group.algorithm.optimizer].append({**parameters, **group.algorithm.options})
    built = [_fused_where_possible(name, options) for name, options in of_optimizer.items()]
    return ScheduledOptimizer(
        [optimizer for optimizer, _ in built],
        {group.name: rate_by_step(group.learning_rate) for group in groups},
        ", ".join(sorted({implementation for _, implementation in built})),
    )


def _fused_where_possible(name: str, groups: list[dict[str, Any]]) -> tuple[torch.optim.Optimizer, str]:
    """An optimizer of torch in one kernel where torch has one for the parameters' device; says which it is.

    The rates given here are overwritten before the first step.
    """
    algorithm: Callable[..., torch.optim.Optimizer] = getattr(torch.optim, name)
    if any(parameter.device.type not in _FUSED_ON[name] for group in groups for parameter in group["params"]):
        return algorithm(groups, lr=0.0), "default"
    try:
        # Copies, as torch writes its options into the groups even where it refuses them.
        return algorithm([dict(group) for group in groups], lr=0.0, fused=True), "fused"
    except (RuntimeError, NotImplementedError):
        return algorithm(groups, lr=0.0), "default"
