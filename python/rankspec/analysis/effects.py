"""What two configs train differently: the rows of a step, the parameter groups, their learning rates.

This is what a change of several fields comes to, where `comparison` lists the fields.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.formats.writing import literal
from rankspec.optimization.learning_rates import learning_rate_at
from rankspec.schema.defaults import resolve
from rankspec.schema.descriptors import descriptor_of
from rankspec.schema.leaves import in_schema_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

    from rankspec.optimization.parameter_group import ParameterGroup

_MOST_STEPS = 7


class Effect(NamedTuple):
    """Something that a run does differently.

    Attributes:
        kind: `rows_per_step` (`rows_per_step_and_process` where a config says it so), `num_train_steps`,
            `parameter_group` or `learning_rate`.
        name: The parameter group; empty where it is the whole run.
        old: What the first config does: a number, the group's optimizer, or rates by step; None without the group.
        new: What the second does.
    """

    kind: str
    name: str
    old: Any
    new: Any


def effects(old: Message, new: Message, parameter_groups: Callable[[Any], list[ParameterGroup]]) -> list[Effect]:
    """Compares what two valid configs of one message type do; types other than whole runs do nothing.

    Args:
        old: The first config.
        new: The second.
        parameter_groups: Lists the parameter groups of a resolved config, as `rankspec.families` does.

    Returns:
        What differs: the run as a whole first, then group by group.
    """
    before, after = resolve(old), resolve(new)
    if "training" not in before.DESCRIPTOR.fields_by_name:
        return []
    runs = [_run(config) for config in (before, after)]
    found = [
        Effect(kind, "", runs[0].get(kind), value) for kind, value in runs[1].items() if runs[0].get(kind) != value
    ]
    groups = [{group.name: group for group in parameter_groups(config)} for config in (before, after)]
    num_steps = max(run["num_train_steps"] for run in runs)
    for name in dict.fromkeys([*groups[0], *groups[1]]):
        found += _of_group(name, groups[0].get(name), groups[1].get(name), num_steps)
    return found


def _run(config: Any) -> dict[str, int]:
    data = config.train_data
    is_per_process = "per_replica_batch_size" in data.DESCRIPTOR.fields_by_name
    rows = data.per_replica_batch_size if is_per_process else data.global_batch_size
    return {
        f"rows_per_step{'_and_process' if is_per_process else ''}": rows * config.training.gradient_accumulation,
        "num_train_steps": config.training.num_train_steps,
    }


def _optimizer(group: ParameterGroup | None) -> str | None:
    """Writes the algorithm and its options, without the rate: `adam beta_1=0.9 …`."""
    if group is None:
        return None
    config = group.algorithm.config
    name = config.DESCRIPTOR.name.removesuffix("Config").removeprefix("Recap").lower()
    options = [f"{field.name}={_option(field, value)}" for field, value in in_schema_order(config)]
    penalty = [f"l2={group.l2:g}"] if group.l2 else []
    return " ".join([name, *(option for option in options if not option.startswith("lr=")), *penalty])


def _option(field: FieldDescriptor, value: Any) -> str:
    if field.is_repeated:
        return f"[{', '.join(literal(field, item) for item in value)}]"
    return literal(field, value)


def _of_group(name: str, old: ParameterGroup | None, new: ParameterGroup | None, num_steps: int) -> list[Effect]:
    found = []
    optimizers = _optimizer(old), _optimizer(new)
    if optimizers[0] != optimizers[1]:
        found.append(Effect("parameter_group", name, *optimizers))
    schedules = [group.learning_rate for group in (old, new) if group is not None]
    steps = _telling_steps(schedules, num_steps)
    rates = [group and {step: learning_rate_at(group.learning_rate, step) for step in steps} for group in (old, new)]
    if rates[0] != rates[1]:
        shown = _thinned(steps, rates[0] or {}, rates[1] or {})
        found.append(Effect("learning_rate", name, *(side and {step: side[step] for step in shown} for side in rates)))
    return found


def _telling_steps(schedules: list[Any], num_steps: int) -> list[int]:
    """Finds the steps at which schedules show what they are: where a piece of them ends, and halfway."""
    steps = {0, num_steps - 1}
    for schedule in schedules:
        piece = getattr(schedule, schedule.WhichOneof("lr"))
        if not isinstance(piece, float):
            names = descriptor_of(piece).fields_by_name
            for name in ("num_ramp_steps", "final_num_steps"):
                steps |= {getattr(piece, name)} if name in names else set()
            steps |= set(getattr(piece, "learning_rate_boundaries", ()))
    ends = sorted(step for step in steps if 0 <= step < num_steps)
    # Within its piece, a ramp or a cosine is neither what it begins nor what it ends with.
    return sorted({*ends, *((a + b) // 2 for a, b in pairwise(ends))})


def _thinned(steps: list[int], old: dict[int, float], new: dict[int, float]) -> list[int]:
    """Chooses a few of the steps, evenly, with the first at which the rates differ."""
    every = max(1, -(-(len(steps) - 1) // (_MOST_STEPS - 1)))
    first = next(step for step in steps if old.get(step) != new.get(step))
    return sorted({*steps[::every], steps[-1], first})
