"""What is known of each root message that a run can be made of: a folder each, and the table that leads to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rankspec.families.recap import parameter_groups as recap
from rankspec.families.twhin import parameter_groups as twhin

if TYPE_CHECKING:
    from collections.abc import Callable

    from rankspec.families.parameter_group import ParameterGroup

_PARAMETER_GROUPS: dict[str, Callable[[Any], list[ParameterGroup]]] = {
    "rankspec.recap.v1.RecapConfig": recap.parameter_groups,
    "rankspec.twhin.v1.TwhinConfig": twhin.parameter_groups,
}


def parameter_groups(config: Any) -> list[ParameterGroup]:
    """Lists the parameter groups of a run, in the optimizer's order; no group is empty.

    Args:
        config: A valid, resolved root message.

    Returns:
        The groups; none for a message that nothing is trained from.
    """
    of_the_family = _PARAMETER_GROUPS.get(config.DESCRIPTOR.full_name)
    return of_the_family(config) if of_the_family else []
