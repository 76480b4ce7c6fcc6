"""What happens to raw features before the model sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.model.blocks import split
from rankspec.families.recap.program.model.normalization import build_batch_norm, build_layer_norm
from rankspec.families.recap.program.model.z_score import build_z_score_log, signed_log
from rankspec.recap.v1.featurization_pb2 import (
    ClipLog1pAbsConfig,
    DoubleNormLogConfig,
    FeaturizationConfig,
    Log1pAbsConfig,
)
from rankspec.schema.defaults import items_or_default
from rankspec.trainer.inputs import Input


@obeys(DoubleNormLogConfig, "batch_norm_config", "clip_magnitude", "layer_norm_config")
class DoubleNormLog(nn.Module):
    """The logarithm between two norms.

    Continuous features: signed logarithm, batch norm, clipping. Then the raw features are joined as they are, and layer
    norm goes over all.

    Args:
        config: norms and clipping.
        continuous: the continuous features, or none.
        raw_width: columns of the features that are joined.
    """

    def __init__(self, config: DoubleNormLogConfig, continuous: Input | None, raw_width: int) -> None:
        super().__init__()
        width = continuous.width if continuous else 0
        self.clip_magnitude = config.clip_magnitude
        self.batch_norm: nn.Module = nn.Identity()
        self.layer_norm: nn.Module = nn.Identity()
        if config.HasField("batch_norm_config"):
            self.batch_norm = build_batch_norm(config.batch_norm_config, width)
        if config.HasField("layer_norm_config"):
            self.layer_norm = build_layer_norm(config.layer_norm_config, width + raw_width)

    def forward(self, continuous: Tensor, raw: Tensor) -> Tensor:
        """Joins `[B, C]` and `[B, R]` to `[B, C + R]`."""
        normalized = self.batch_norm(signed_log(continuous))
        clipped = normalized.clamp(-self.clip_magnitude, self.clip_magnitude)
        return self.layer_norm(torch.cat([clipped, raw], dim=1))


class Log1pAbs(nn.Module):
    """The signed logarithm alone, of values clipped beforehand where a magnitude is given."""

    def __init__(self, clip_magnitude: float | None = None) -> None:
        super().__init__()
        self.clip_magnitude = clip_magnitude

    def forward(self, continuous: Tensor, raw: Tensor) -> Tensor:
        """Joins `[B, C]` and `[B, R]` to `[B, C + R]`."""
        if self.clip_magnitude is not None:
            continuous = continuous.clamp(-self.clip_magnitude, self.clip_magnitude)
        return torch.cat([signed_log(continuous), raw], dim=1)


class Featurization(nn.Module):
    """Turns continuous and raw features into the model's first inputs.

    Args:
        transform: what is done to the continuous features and the joined raw ones.
        raw_names: inputs joined as they are, in this order.
        widths: columns of the continuous features, if there are any, and of these inputs, by their names.

    Attributes:
        widths: columns of the blocks that come out, by name; none where there is nothing of either.
    """

    def __init__(self, transform: nn.Module, raw_names: list[str], widths: Mapping[str, int]) -> None:
        super().__init__()
        self.transform = transform
        self.raw_names = raw_names
        self.widths = {name: widths[name] for name in ("continuous", *raw_names) if name in widths}

    def forward(self, batch: RecapBatch) -> dict[str, Tensor]:
        """The features of the batch by name, float32."""
        if not self.widths:
            return {}
        continuous = batch.continuous
        if not self.raw_names:
            return split(self.transform(continuous, continuous[:, :0]), self.widths)
        raw = [getattr(batch, name).to(continuous.dtype) for name in self.raw_names]
        features = self.transform(continuous, raw[0] if len(raw) == 1 else torch.cat(raw, dim=1))
        return split(features, self.widths)


def _log1p_abs(_config: Log1pAbsConfig, _continuous: Input | None, _raw_width: int) -> nn.Module:
    return Log1pAbs()


@obeys(ClipLog1pAbsConfig, "clip_magnitude")
def _clip_log1p_abs(config: ClipLog1pAbsConfig, _continuous: Input | None, _raw_width: int) -> nn.Module:
    return Log1pAbs(config.clip_magnitude)


_TRANSFORMS: dict[str, Callable[[Any, Input | None, int], nn.Module]] = {
    "double_norm_log_config": DoubleNormLog,
    "log1p_abs_config": _log1p_abs,
    "clip_log1p_abs_config": _clip_log1p_abs,
    "z_score_log_config": build_z_score_log,
}


@obeys(FeaturizationConfig, "feature_names_to_concat", *_TRANSFORMS)
def build_featurization(config: FeaturizationConfig, inputs: Sequence[Input]) -> Featurization:
    """The featurization that the spec chooses.

    Args:
        config: the choice.
        inputs: the inputs of the model.

    Raises:
        DataError: it takes statistics, and they cannot be read or are not of these inputs.
    """
    chosen = config.WhichOneof("featurization")
    assert chosen in _TRANSFORMS, "the spec's rules ask for a featurization, and every one is claimed"
    by_name = {item.name: item for item in inputs}
    # binary is the default, which is for data without it too.
    raw_names = [name for name in items_or_default(config, "feature_names_to_concat") if name in by_name]
    raw_width = sum(by_name[name].width for name in raw_names)
    transform = _TRANSFORMS[chosen](getattr(config, chosen), by_name.get("continuous"), raw_width)
    return Featurization(transform, raw_names, {name: item.width for name, item in by_name.items()})
