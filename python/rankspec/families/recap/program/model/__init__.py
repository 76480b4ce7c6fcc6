"""The ranking model, built from its message."""

from rankspec.families.recap.program.model.ensemble import Ensemble, build_model
from rankspec.families.recap.program.model.ranking import RankingModel

__all__ = ["Ensemble", "RankingModel", "build_model"]
