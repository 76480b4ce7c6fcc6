"""Layer norm and batch norm as the spec has them, batch norm over the rows of all processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional

from rankspec.claims.registry import obeys
from rankspec.recap.v1.layers_pb2 import BatchNormConfig, LayerNormConfig


class LayerNorm(nn.Module):
    """Layer normalization (Ba et al., 2016) whose offset and factor come or go independently.

    Args:
        width: features of a row.
        epsilon: added to the variance; 0 is allowed.
        center: adds a trained offset per feature.
        scale: multiplies by a trained factor per feature.
    """

    def __init__(self, width: int, epsilon: float = 1e-5, *, center: bool = True, scale: bool = True) -> None:
        super().__init__()
        self.width = width
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.ones(width)) if scale else None
        self.bias = nn.Parameter(torch.zeros(width)) if center else None

    def forward(self, values: Tensor) -> Tensor:
        """Normalizes every row of `[B, width]`."""
        return functional.layer_norm(values, (self.width,), self.weight, self.bias, self.epsilon)


@obeys(LayerNormConfig, "epsilon", "axis", "center", "scale")
def build_layer_norm(config: LayerNormConfig, width: int) -> LayerNorm:
    """A layer norm over the axis that the spec names."""
    assert config.axis in (-1, 1), "both name the last axis of [B, width]"
    return LayerNorm(width, config.epsilon, center=config.center, scale=config.scale)


class BatchNorm(nn.BatchNorm1d):
    """Batch normalization (Ioffe and Szegedy, 2015) over the batch of all processes together.

    With one process this is torch's own. With several, the statistics are those of the whole batch, every row
    counting alike however the rows are spread, and running statistics come out the same on every process.
    A batch of a single row has no variance to estimate: it normalizes to 0, and the running variance stays.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Normalizes every column of `[B, width]`, B being the rows of this process."""
        world_size = _world_size()
        if not self.training or (world_size == 1 and values.shape[0] > 1):
            return super().forward(values)
        return self._normalize(values, world_size)

    def _normalize(self, values: Tensor, world_size: int) -> Tensor:
        # Sums over many rows need float32 at least, whatever autocast made of the values.
        precise = values.to(torch.promote_types(values.dtype, torch.float32))
        count, mean, squares = _global_moments(precise, world_size)
        variance = squares / count
        normalized = self._corrected((precise - mean) * torch.rsqrt(variance + self.eps), mean, variance)
        self._update_running_statistics(count.detach(), mean.detach(), squares.detach())
        if self.affine:
            normalized = normalized * self.weight + self.bias
        return normalized.to(values.dtype)

    def _corrected(self, normalized: Tensor, _mean: Tensor, _variance: Tensor) -> Tensor:
        """What is made of rows `[B, width]` that were normalized by this mean and variance of the batch, `[width]`."""
        return normalized

    @torch.no_grad()
    def _update_running_statistics(self, count: Tensor, mean: Tensor, squares: Tensor) -> None:
        assert self.momentum is not None
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        variance = torch.where(count > 1, squares / (count - 1).clamp(min=1), self.running_var)
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype), self.momentum)


class BatchRenorm(BatchNorm):
    """Batch renormalization (Ioffe, 2017, algorithm 1) over the batch of all processes together.

    In training a batch is normalized by its own statistics and then corrected towards what the running statistics would
    have given: by a factor r of at most 3 and at least 1/3, and an offset d of at most 5 deviations. No gradient flows
    through either. Those are the limits that the paper ends with. Its warm-up, which begins as batch norm, is for
    running statistics that begin far from the data; ours begin at mean 0 and variance 1, which is what standardized
    features have.

    Args:
        width: features of a row.
        momentum: weight of the newest batch in the running statistics; the paper's.
    """

    max_factor = 3.0
    max_offset = 5.0

    def __init__(self, width: int, momentum: float = 0.01) -> None:
        super().__init__(width, momentum=momentum)

    def forward(self, values: Tensor) -> Tensor:
        """Normalizes every column of `[B, width]`, B being the rows of this process."""
        return self._normalize(values, _world_size()) if self.training else super().forward(values)

    def _corrected(self, normalized: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        assert self.running_mean is not None
        assert self.running_var is not None
        with torch.no_grad():
            running = torch.rsqrt(self.running_var + self.eps)
            factor = (variance + self.eps).sqrt() * running
            offset = (mean - self.running_mean) * running
        factor = factor.clamp(1 / self.max_factor, self.max_factor)
        return normalized * factor + offset.clamp(-self.max_offset, self.max_offset)


@obeys(BatchNormConfig, "affine", "momentum")
def build_batch_norm(config: BatchNormConfig, width: int) -> BatchNorm:
    """A batch norm over the columns of `[B, width]`."""
    return BatchNorm(width, affine=config.affine, momentum=config.momentum)


def _world_size() -> int:
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_world_size()
    return 1


def _global_moments(values: Tensor, world_size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Count `[1]`, mean `[width]` and sum of squared deviations `[width]` over the rows of all processes.

    Each process sums around its own mean, and the parts are joined by the formula of Chan et al. (1979): sums of
    plain squares would cancel where a mean is large beside its deviation.
    """
    rows, width = values.shape
    own_mean = values.sum(0) / max(rows, 1)
    own = torch.cat([values.new_full((1,), rows), own_mean, (values - own_mean).square().sum(0)])
    if world_size == 1:
        parts = own.unsqueeze(0)
    else:
        # Each process fills its own row and adds: a gather that every backend has, exact and differentiable.
        place = torch.arange(world_size, device=own.device) == distributed.get_rank()
        parts = _sum_over_processes(place.unsqueeze(1) * own)
    counts, means, squares = parts.split([1, width, width], dim=1)
    count = counts.sum(0)
    mean = (counts * means).sum(0) / count
    return count, mean, (squares + counts * (means - mean).square()).sum(0)


class _SumOverProcesses(torch.autograd.Function):
    """Sums a tensor over all processes; so does its gradient, as every process's loss depends on every part."""

    @staticmethod
    def forward(_ctx: FunctionCtx, values: Tensor) -> Tensor:
        return _summed(values)

    @staticmethod
    def backward(_ctx: FunctionCtx, *gradients: Any) -> Tensor:
        return _summed(gradients[0])


_sum_over_processes: Callable[[Tensor], Tensor] = _SumOverProcesses.apply


def _summed(values: Tensor) -> Tensor:
    total = values.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total
