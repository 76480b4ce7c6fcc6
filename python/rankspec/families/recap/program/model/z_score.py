"""The logarithm of continuous features, standardized by statistics of a data set."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from rankspec.claims.registry import obeys
from rankspec.families.recap.program.model.normalization import BatchNorm, BatchRenorm
from rankspec.families.recap.statistics import LogMoments, read_log_moments
from rankspec.recap.v1.featurization_pb2 import ZScoreLogConfig
from rankspec.schema.field_paths import join
from rankspec.trainer.inputs import Input

_PATH = "model.featurization_config.z_score_log_config"


def signed_log(values: Tensor) -> Tensor:
    """sign(x) * log(1 + |x|), element by element."""
    return values.sign() * values.abs().log1p()


class ZScoreLog(nn.Module):
    """Signed logarithm, standardization, a norm over the batch if there is one, clipping.

    Args:
        moments: of the logarithms, for every continuous feature.
        norm: of the standardized features.
        clip_magnitude: what they are cut off at, in both directions.

    Attributes:
        log_mean: float32 `[C]`; a buffer, as is the next: a checkpoint holds what was trained with.
        inverse_deviation: float32 `[C]`; 0 for a constant feature, which so becomes 0 whatever is served.
    """

    # The buffers that were read from a file, and the field that names it.
    from_file = ("log_mean", "inverse_deviation")
    field = join(_PATH, "analysis_path")

    def __init__(self, moments: LogMoments, norm: nn.Module, clip_magnitude: float) -> None:
        super().__init__()
        varies = moments.deviation > 0
        inverse = np.divide(1.0, moments.deviation, out=np.zeros_like(moments.deviation), where=varies)
        self.log_mean: Tensor
        self.inverse_deviation: Tensor
        self.register_buffer("log_mean", torch.from_numpy(moments.mean).float())
        self.register_buffer("inverse_deviation", torch.from_numpy(inverse).float())
        self.norm = norm
        self.clip_magnitude = clip_magnitude

    def forward(self, continuous: Tensor, raw: Tensor) -> Tensor:
        """Joins `[B, C]` and `[B, R]` to `[B, C + R]`."""
        normalized = self.norm((signed_log(continuous) - self.log_mean) * self.inverse_deviation)
        return torch.cat([normalized.clamp(-self.clip_magnitude, self.clip_magnitude), raw], dim=1)


@obeys(ZScoreLogConfig, "clip_magnitude", "use_batch_norm", "use_renorm")
def build_z_score_log(config: ZScoreLogConfig, continuous: Input | None, _raw_width: int) -> ZScoreLog:
    """The featurization, with the statistics that the config names.

    Raises:
        DataError: they cannot be read, or are not of these features.
    """
    assert continuous is not None, "the spec's rules ask for features to standardize"
    moments = read_log_moments(config, continuous, _PATH)
    norm: nn.Module = nn.Identity()
    if config.use_batch_norm:
        norm = BatchNorm(continuous.width)
    elif config.use_renorm:
        norm = BatchRenorm(continuous.width)
    return ZScoreLog(moments, norm, config.clip_magnitude)
