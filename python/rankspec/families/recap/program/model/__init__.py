"""The ranking model, built from its message."""

from rankspec.families.recap.program.model.ranking import RankingModel, build_model

__all__ = ["RankingModel", "build_model"]
