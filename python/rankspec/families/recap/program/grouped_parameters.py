"""Which of a ranking model's parameters are in which parameter group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from rankspec.families.recap.program.model.embeddings import EmbeddingTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rankspec.families.recap.program.model import Ensemble, RankingModel
    from rankspec.optimization.parameter_group import ParameterGroup


def grouped_parameters(
    groups: Sequence[ParameterGroup], model: RankingModel | Ensemble
) -> dict[str, list[nn.Parameter]]:
    """The model's parameters by the names of their groups."""
    tables = [module for module in model.modules() if isinstance(module, EmbeddingTable)]
    owners: dict[str, Callable[[str], nn.Module]] = {
        "tower": model.tower,
        "table": lambda name: nn.ModuleList([table for table in tables if table.name == name]),
    }
    members = {
        group.name: list(owners[group.kind](group.owner).parameters()) for group in groups if group.kind in owners
    }
    owned = {id(parameter) for parameters in members.values() for parameter in parameters}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in owned]
    return members | {group.name: rest for group in groups if group.kind == "rest"}
