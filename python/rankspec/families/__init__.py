"""What is known of each root message that a run can be made of: a folder each, and the table that leads to them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.diagnostics.diagnostic import Diagnostic, Position
from rankspec.families.recap.parameter_groups import parameter_groups as groups_of_recap
from rankspec.families.twhin.parameter_groups import parameter_groups as groups_of_twhin

if TYPE_CHECKING:
    from collections.abc import Callable

    from rankspec.composition.compose import LoadedConfig
    from rankspec.data.v1.statistics_pb2 import DataStatistics
    from rankspec.diagnostics.diagnostic import Diagnostic
    from rankspec.families.recap.program.baseline_rows import BaselineData
    from rankspec.optimization.parameter_group import ParameterGroup
    from rankspec.scoring.writing import Exported
    from rankspec.trainer.data.service.server import ServedData
    from rankspec.trainer.program import Program


class Family(NamedTuple):
    """What is known of a root message.

    Attributes:
        parameter_groups: Lists the parameter groups of a resolved config.
        program: Module and name of its program; imported when something is trained, as it takes torch.
        data_service: Module and name of what opens the data sets of a data service; none if no field asks for one.
        statistics: Module and name of what computes statistics of the training data; none if no field reads them.
        baselines: Module and name of what reads the data for baselines; none if there are no baselines of such a model.
        feature_checks: Module and name of what judges a config by the features that its schema files describe.
        export: Module and name of what writes a checkpoint as a bundle; none if nothing does.
    """

    parameter_groups: Callable[[Any], list[ParameterGroup]]
    program: tuple[str, str] | None
    data_service: tuple[str, str] | None = None
    statistics: tuple[str, str] | None = None
    baselines: tuple[str, str] | None = None
    feature_checks: tuple[str, str] | None = None
    export: tuple[str, str] | None = None


_FAMILIES = {
    "rankspec.recap.v1.RecapConfig": Family(
        groups_of_recap,
        ("rankspec.families.recap.program.program", "RecapProgram"),
        ("rankspec.families.recap.program.data.service", "served_data"),
        ("rankspec.families.recap.program.data.statistics", "statistics_of"),
        ("rankspec.families.recap.program.baseline_rows", "BaselineData"),
        ("rankspec.families.recap.feature_checks", "feature_diagnostics"),
        ("rankspec.families.recap.program.export.exporting", "export"),
    ),
    "rankspec.twhin.v1.TwhinConfig": Family(
        groups_of_twhin, ("rankspec.families.twhin.program.program", "TwhinProgram")
    ),
}


def parameter_groups(config: Any) -> list[ParameterGroup]:
    """Lists the parameter groups of a run, in the optimizer's order; no group is empty.

    Args:
        config: A valid, resolved root message.

    Returns:
        The groups; none for a message that nothing is trained from.
    """
    family = _FAMILIES.get(config.DESCRIPTOR.full_name)
    return family.parameter_groups(config) if family else []


def not_trained(loaded: LoadedConfig) -> list[Diagnostic]:
    """Says of a config of a message that nothing trains that there is no such program; without torch."""
    name = loaded.message.DESCRIPTOR.full_name
    family = _FAMILIES.get(name)
    if family is not None and family.program is not None:
        return []
    start = Position(loaded.file, 1, 1) if loaded.file is not None else None
    return [Diagnostic("train.no_program", f"nothing trains a {name} yet", "", start, "error", None)]


def program_of(message: str) -> type[Program[Any]] | None:
    """Returns the program that trains a root message, or none if there is none.

    Args:
        message: The message's full name.
    """
    program: type[Program[Any]] | None = _imported(message, "program")
    return program


def served_data_of(message: str) -> Callable[[Any], tuple[ServedData, ...]] | None:
    """Returns what opens the data sets of a root message for a data service, or none if its data have no such thing.

    Args:
        message: The message's full name.
    """
    opener: Callable[[Any], tuple[ServedData, ...]] | None = _imported(message, "data_service")
    return opener


def statistics_of(message: str) -> Callable[[Any, str, Callable[[str], None]], DataStatistics] | None:
    """Returns what computes statistics of a root message's training data, or none if nothing reads such statistics.

    It takes a resolved config, what computes them with its version, and what takes lines for people.

    Args:
        message: The message's full name.
    """
    compute: Callable[[Any, str, Callable[[str], None]], DataStatistics] | None = _imported(message, "statistics")
    return compute


def baseline_data_of(message: str) -> Callable[[Any], BaselineData] | None:
    """Returns what reads the data of a root message for baselines, or none if there are no baselines of such a model.

    Args:
        message: The message's full name.
    """
    reader: Callable[[Any], BaselineData] | None = _imported(message, "baselines")
    return reader


def feature_diagnostics(loaded: LoadedConfig) -> list[Diagnostic]:
    """Judges a config that is right by itself by the features that its schema files describe.

    Returns:
        Mistakes and warnings; none of what an absent schema file would say, or of a message that has no such files.
    """
    judge: Callable[[LoadedConfig], list[Diagnostic]] | None = _imported(
        loaded.message.DESCRIPTOR.full_name, "feature_checks"
    )
    return judge(loaded) if judge else []


def exporter_of(message: str) -> Callable[..., Exported] | None:
    """Returns what writes a checkpoint of a root message's run as a bundle, or none if nothing does.

    Args:
        message: The message's full name.
    """
    export: Callable[..., Exported] | None = _imported(message, "export")
    return export


def _imported(message: str, part: str) -> Any:
    """What a field of a message's family names, or None."""
    named = getattr(_FAMILIES.get(message), part, None)
    if named is None:
        return None
    module, name = named
    return getattr(import_module(module), name)
