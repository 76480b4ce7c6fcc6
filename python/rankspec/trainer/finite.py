"""Notices losses, gradients and weights that are no finite numbers, so that a run ends at the step that made them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from rankspec.trainer.processes import Processes

# Under float16 the scaler skips a step whose gradients overflow and halves the loss's scale, which begins at 2^16.
# After so many skipped steps in a row it is far below 1, and scaling is not what makes them overflow.
MAX_SKIPPED_STEPS = 24
_NEVER = torch.iinfo(torch.int64).max


@dataclass(frozen=True)
class Trouble:
    """The first step that computed something that is no finite number.

    Attributes:
        step: number of the step, from 1.
        parts: those parts of the loss that were not finite; none where it was the gradients alone.
    """

    step: int
    parts: tuple[str, ...]


class FiniteWatch:
    """Keeps the first step whose loss or gradient norm was not finite, on the device.

    A step is not made to wait for its own figures: `trouble` does, and is asked when figures are due anyway.
    """

    def __init__(self, part_names: tuple[str, ...], device: torch.device, *, skips: bool) -> None:
        """Has seen nothing yet.

        Args:
            part_names: names of the parts of the loss, in their order.
            device: where losses are computed.
            skips: whether a loss scaler skips steps that overflow; then single ones are no trouble.
        """
        self._part_names = part_names
        self._skips = skips
        self._is_host = device.type == "cpu"
        # The last entry is the gradient norm's.
        self._first = torch.full((len(part_names) + 1,), _NEVER, dtype=torch.int64, device=device)
        self._sums = torch.zeros(len(part_names) + 1, device=device)
        self._skipped = torch.zeros((), dtype=torch.int64, device=device)

    def add_losses(self, losses: Tensor) -> None:
        """Takes the parts of the loss of a batch of the step, `[P]`."""
        self._sums[:-1] += losses

    def add_norm(self, norm: Tensor) -> None:
        """Takes the norm of the step's gradients, or of those of a part of them."""
        self._sums[-1] += norm

    def end_step(self, step: int) -> None:
        """Looks at what was taken since the last step.

        Args:
            step: number of the step, from 0.
        """
        is_bad = ~torch.isfinite(self._sums)
        if self._skips:
            self._skipped = (self._skipped + 1) * is_bad.any()
            is_bad &= self._skipped > MAX_SKIPPED_STEPS
        self._first[is_bad & (self._first == _NEVER)] = step + 1
        self._sums.zero_()

    @property
    def is_alarmed(self) -> bool:
        """Whether there is trouble, where knowing it costs no wait: on a CPU."""
        return self._is_host and bool((self._first != _NEVER).any())

    def trouble(self, processes: Processes) -> Trouble | None:
        """The first trouble on any process, on every process; waits for the device and for the others."""
        shares = processes.gather(self._first.tolist())
        first = [min(steps) for steps in zip(*shares, strict=True)]
        step = min(first)
        if step == _NEVER:
            return None
        return Trouble(step, tuple(name for name, at in zip(self._part_names, first, strict=False) if at == step))


def not_finite(tensors: Mapping[str, Any]) -> list[str]:
    """Names of the tensors of real numbers with a value that is not finite, in nested dictionaries of tensors."""
    named = dict(_flat(tensors))
    # Optimizer state begins with zeros or a given constant, and every count is an integer: no infinity is meant.
    if not named:
        return []
    verdicts = torch.stack([torch.isfinite(tensor).all().to("cpu", non_blocking=True) for tensor in named.values()])
    if any(tensor.device.type == "cuda" for tensor in named.values()):
        torch.cuda.synchronize()
    return [name for name, is_finite in zip(named, verdicts.tolist(), strict=True) if not is_finite]


def largest_weight(model: nn.Module) -> tuple[str, float]:
    """Name and magnitude of the weight that is farthest from 0, of those that are finite."""
    sizes = {
        name: torch.nan_to_num(parameter.detach().abs(), nan=0.0, posinf=0.0).max().item()
        for name, parameter in model.named_parameters()
        if parameter.numel()
    }
    name = max(sizes, key=lambda of: sizes[of])
    return name, sizes[name]


def _flat(tensors: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    for key, value in tensors.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif value.is_floating_point():
            yield name, value.detach()
