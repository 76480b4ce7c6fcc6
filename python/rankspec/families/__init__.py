"""What is known of each root message that a run can be made of: a folder each, and the table that leads to them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.families.recap.parameter_groups import parameter_groups as groups_of_recap
from rankspec.families.twhin.parameter_groups import parameter_groups as groups_of_twhin

if TYPE_CHECKING:
    from collections.abc import Callable

    from rankspec.optimization.parameter_group import ParameterGroup
    from rankspec.trainer.data.service.server import ServedData
    from rankspec.trainer.program import Program


class Family(NamedTuple):
    """What is known of a root message.

    Attributes:
        parameter_groups: Lists the parameter groups of a resolved config.
        program: Module and name of its program; imported when something is trained, as it takes torch.
        data_service: Module and name of what opens the data sets of a data service; none if no field asks for one.
    """

    parameter_groups: Callable[[Any], list[ParameterGroup]]
    program: tuple[str, str] | None
    data_service: tuple[str, str] | None = None


_FAMILIES = {
    "rankspec.recap.v1.RecapConfig": Family(
        groups_of_recap,
        ("rankspec.families.recap.program.program", "RecapProgram"),
        ("rankspec.families.recap.program.data.service", "served_data"),
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


def program_of(message: str) -> type[Program[Any]] | None:
    """Returns the program that trains a root message, or none if there is none.

    Args:
        message: The message's full name.
    """
    family = _FAMILIES.get(message)
    if family is None or family.program is None:
        return None
    module, name = family.program
    program: type[Program[Any]] = getattr(import_module(module), name)
    return program


def served_data_of(message: str) -> Callable[[Any], tuple[ServedData, ...]] | None:
    """Returns what opens the data sets of a root message for a data service, or none if its data have no such thing.

    Args:
        message: The message's full name.
    """
    family = _FAMILIES.get(message)
    if family is None or family.data_service is None:
        return None
    module, name = family.data_service
    opener: Callable[[Any], tuple[ServedData, ...]] = getattr(import_module(module), name)
    return opener
