"""What happens to raw features before the model sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.model.blocks import split
from rankspec.families.recap.program.model.normalization import build_batch_norm, build_layer_norm
from rankspec.recap.v1.featurization_pb2 import (
    ClipLog1pAbsConfig,
    DoubleNormLogConfig,
    FeaturizationConfig,
    Log1pAbsConfig,
)
from rankspec.schema.defaults import items_or_default

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rankspec.families.recap.program.batch import RecapBatch


def signed_log(values: Tensor) -> Tensor:
    """sign(x) * log(1 + |x|), element by element."""
    return values.sign() * values.abs().log1p()


@obeys(DoubleNormLogConfig, "batch_norm_config", "clip_magnitude", "layer_norm_config")
class DoubleNormLog(nn.Module):
    """The logarithm between two norms.

    Continuous features: signed logarithm, batch norm, clipping. Then the raw features are joined as they are, and layer
    norm goes over all.

    Args:
        config: norms and clipping.
        continuous_width: columns of the continuous features.
        raw_width: columns of the features that are joined.
    """

    def __init__(self, config: DoubleNormLogConfig, continuous_width: int, raw_width: int) -> None:
        super().__init__()
        self.clip_magnitude = config.clip_magnitude
        self.batch_norm: nn.Module = nn.Identity()
        self.layer_norm: nn.Module = nn.Identity()
        if config.HasField("batch_norm_config"):
            self.batch_norm = build_batch_norm(config.batch_norm_config, continuous_width)
        if config.HasField("layer_norm_config"):
            self.layer_norm = build_layer_norm(config.layer_norm_config, continuous_width + raw_width)

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
        widths: columns of the continuous features and of these inputs, by their names.

    Attributes:
        widths: columns of the blocks that come out, by name.
    """

    def __init__(self, transform: nn.Module, raw_names: list[str], widths: Mapping[str, int]) -> None:
        super().__init__()
        self.transform = transform
        self.raw_names = raw_names
        self.widths = {name: widths[name] for name in ("continuous", *raw_names)}

    def forward(self, batch: RecapBatch) -> dict[str, Tensor]:
        """The features of the batch by name, float32."""
        continuous = batch.continuous
        raw = [getattr(batch, name).to(continuous.dtype) for name in self.raw_names]
        features = self.transform(continuous, raw[0] if len(raw) == 1 else torch.cat(raw, dim=1))
        return split(features, self.widths)


def _log1p_abs(_config: Log1pAbsConfig, _continuous_width: int, _raw_width: int) -> nn.Module:
    return Log1pAbs()


@obeys(ClipLog1pAbsConfig, "clip_magnitude")
def _clip_log1p_abs(config: ClipLog1pAbsConfig, _continuous_width: int, _raw_width: int) -> nn.Module:
    return Log1pAbs(config.clip_magnitude)


_TRANSFORMS: dict[str, Callable[[Any, int, int], nn.Module]] = {
    "double_norm_log_config": DoubleNormLog,
    "log1p_abs_config": _log1p_abs,
    "clip_log1p_abs_config": _clip_log1p_abs,
}


@obeys(FeaturizationConfig, "feature_names_to_concat", *_TRANSFORMS)
def build_featurization(config: FeaturizationConfig, widths: Mapping[str, int]) -> Featurization:
    """The featurization that the spec chooses.

    Args:
        config: the choice.
        widths: columns of every input of the model, by its name.
    """
    chosen = config.WhichOneof("featurization")
    assert chosen in _TRANSFORMS, f"unclaimed fields are refused before a model is built: {chosen}"
    raw_names = items_or_default(config, "feature_names_to_concat")
    raw_width = sum(widths[name] for name in raw_names)
    transform = _TRANSFORMS[chosen](getattr(config, chosen), widths["continuous"], raw_width)
    return Featurization(transform, raw_names, widths)
