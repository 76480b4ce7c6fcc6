"""What two configs train differently: the rows of a step, the parameter groups, their learning rates.

This is what a change of several fields comes to, where `comparison` lists the fields.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.leaves import in_schema_order
from rankspec.paths import descriptor_of
from rankspec.resolving import resolve
from rankspec.schedules import learning_rate_at
from rankspec.writing import literal

if TYPE_CHECKING:
    from google.protobuf.message import Message

_MOST_STEPS = 7
_BACKBONE_RULE = "recap.config.backbone_rate_needed"


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


class Group(NamedTuple):
    """Parameters that step alike.

    Attributes:
        optimizer: The algorithm and its options, without the rate.
        schedule: The learning rate.
    """

    optimizer: str
    schedule: Any


def effects(old: Message, new: Message) -> list[Effect]:
    """Compares what two valid configs of one message type do; types other than whole runs do nothing.

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
    groups = [parameter_groups(config) for config in (before, after)]
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


def parameter_groups(config: Any) -> dict[str, Group]:
    """Lists the parameter groups of a run, by their names.

    Args:
        config: A resolved `RecapConfig`, whose groups are the towers, by task, and `backbone`, all that is outside of
            them, with a group `backbone/<table>` for each small table with a weight decay of its own; or a
            `TwhinConfig`, whose groups are the tables and `relations`.
    """
    if "optimizer" in config.DESCRIPTOR.fields_by_name:
        return _ranker_groups(config)
    owners = [(table.name, table.optimizer) for table in config.model.embeddings.tables]
    return {name: _group(of) for name, of in [*owners, ("relations", config.model.translation_optimizer)]}


def _ranker_groups(config: Any) -> dict[str, Group]:
    optimizer = config.optimizer
    is_single = optimizer.WhichOneof("lr") == "single_task_learning_rate"
    rates = optimizer.multi_task_learning_rates
    adam = _options(optimizer.adam)
    groups = {}
    for task in sorted(config.model.tasks):
        schedule = optimizer.single_task_learning_rate if is_single else rates.tower_learning_rates[task]
        groups[task] = Group(_written("adam", adam), schedule)
    if is_single and not _has_parameters_outside_towers(config):
        return groups
    if is_single or rates.HasField("backbone_learning_rate"):
        schedule = optimizer.single_task_learning_rate if is_single else rates.backbone_learning_rate
        name = "backbone" if "backbone" not in groups else "backbone/rest"
        groups[name] = Group(_written("adam", adam), schedule)
        for table in config.model.small_embeddings.tables:
            if table.HasField("weight_decay"):
                own = adam | {"weight_decay": repr(table.weight_decay)}
                groups[f"backbone/{table.name}"] = Group(_written("adam", own), schedule)
    return groups


def _has_parameters_outside_towers(config: Any) -> bool:
    """Asks the rule that demands a rate for them, with a config that has none."""
    from rankspec.validation import find

    asking = type(config)()
    asking.CopyFrom(config)
    asking.optimizer.multi_task_learning_rates.SetInParent()
    return any(finding.code == _BACKBONE_RULE for finding in find(asking))


def _group(config: Any) -> Group:
    """Reads an `OptimizerConfig`, whose rate is a schedule or the algorithm's own."""
    name = config.WhichOneof("optimizer")
    algorithm = getattr(config, name)
    schedule = type(config.learning_rate)()
    if config.HasField("learning_rate"):
        schedule.CopyFrom(config.learning_rate)
    else:
        schedule.constant = algorithm.lr
    options = {key: value for key, value in _options(algorithm).items() if key != "lr"}
    return Group(_written(name, options), schedule)


def _options(algorithm: Message) -> dict[str, str]:
    return {
        field.name: f"[{', '.join(literal(field, item) for item in value)}]"
        if field.is_repeated
        else literal(field, value)
        for field, value in in_schema_order(algorithm)
    }


def _written(name: str, options: dict[str, str]) -> str:
    return " ".join([name, *(f"{key}={value}" for key, value in options.items())])


def _of_group(name: str, old: Group | None, new: Group | None, num_steps: int) -> list[Effect]:
    found = []
    if old is None or new is None or old.optimizer != new.optimizer:
        found.append(Effect("parameter_group", name, old and old.optimizer, new and new.optimizer))
    schedules = [group.schedule for group in (old, new) if group is not None]
    steps = _telling_steps(schedules, num_steps)
    rates = [group and {step: learning_rate_at(group.schedule, step) for step in steps} for group in (old, new)]
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
