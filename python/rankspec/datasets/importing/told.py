"""What became of a table's columns, in words for a table on the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rankspec.datasets.importing.inference import Column
from rankspec.datasets.importing.plan import Plan
from rankspec.encoding.positions import column_of, is_whole_list


def lines_of(made: Plan, *, show_values: bool) -> Iterator[tuple[str, str, str, str]]:
    """A line for each column: its name, what it becomes, why, and the share of rows without a value."""
    for name, column in made.columns.items():
        yield name, _becomes(name, made), _because(column, made, show_values=show_values), _missing(column)


def _becomes(name: str, made: Plan) -> str:
    roles = [f"label of {label.task}{_condition(label)}" for label in made.labels if label.column == name]
    if name == made.group:
        roles.append("group")
    if name == made.time:
        roles.append("time")
    features = [feature for feature in made.recipe.features if column_of(feature) == name]
    for feature in features:
        kind = feature.WhichOneof("kind")
        if kind == "number":
            standardized = ", standardized" if feature.number.standardize else ""
            roles.append("number" + standardized + (" and a flag where missing" if feature.number.missing_flag else ""))
        elif kind == "binned":
            roles.append("ids by value" if feature.binned.HasField("distinct") else "ids by quantile")
        elif kind == "flag":
            roles.append("flag" + (" and a flag where missing" if feature.flag.missing_flag else ""))
        else:
            spec = feature.category if kind == "category" else feature.hashed
            places = f", {spec.list.width} places" if spec.list.HasField("width") else ""
            ids = "lists of ids" if is_whole_list(spec) else "ids"
            roles.append(f"{ids}{' by hash' if kind == 'hashed' else ''}{places}")
    if name in made.recipe.output.carried and not roles:
        roles.append("carried")
    return ", ".join(roles) or "nothing"


def _condition(label: object) -> str:
    at_least, equals = getattr(label, "at_least", None), getattr(label, "equals", None)
    if at_least is not None:
        return f", 1 from {at_least:g} on"
    return ", 1 for one of its values" if equals is not None else ""


def _because(column: Column, made: Plan, *, show_values: bool) -> str:
    why = column.why
    if column.odd is not None and show_values and column.role != "dropped":
        why += f", such as `{column.odd}` among numbers"
    if column.name == made.time and column.profile.some_naive:
        raw = next((raw for raw in made.recipe.columns if raw.name == column.name), None)
        if raw is not None and raw.HasField("time_zone"):
            why += f", taken as of {raw.time_zone.name}"
    return why


def _missing(column: Column) -> str:
    profile = column.profile
    return f"{profile.num_missing / profile.num_rows:.1%}" if profile.num_missing else "-"
