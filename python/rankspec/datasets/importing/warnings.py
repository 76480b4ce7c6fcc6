"""What a user should look at before training on an imported table."""

from __future__ import annotations

from collections.abc import Iterator

from rankspec.datasets.importing.inference import has_decimal_commas
from rankspec.datasets.importing.plan import Plan
from rankspec.datasets.importing.written import Found


def warnings_of(made: Plan, found: Found) -> Iterator[str]:
    """The warnings, by column where they are about one."""
    for name, column in made.columns.items():
        if column.role == "dropped" and not column.is_told and _is_unused(name, made):
            yield f'"{name}" is left out: {column.why}'
        elif column.role == "list" and not column.is_told and has_decimal_commas(column.profile):
            yield (
                f'"{name}" looks like numbers with decimal commas and is taken for lists of values; if it holds '
                "numbers, `--decimal ,` says so for CSV files"
            )
    for label in made.labels:
        if not label.is_number:
            yield from _of_label(label.column, label.task, found)
        elif len(made.labels) > 1 and found.spreads[label.task].is_far:
            yield (
                f'"{label.column}" lies far from 0 for how much it differs: its loss_weight keeps it from outweighing '
                "the other labels, and little is learned of it; subtract its mean in the table, or import it alone"
            )
    if found.num_groups_on_both_sides and made.group is not None:
        share = found.num_groups_on_both_sides / max(found.num_groups, 1)
        yield (
            f'"{made.group}": {found.num_groups_on_both_sides} groups of the training part, {share:.0%}, come in other '
            "parts too; --no-time splits by group, so that none does"
        )


def _of_label(column: str, task: str, found: Found) -> Iterator[str]:
    for part, num_rows in found.num_rows.items():
        positives = found.num_positives[part][task]
        if positives in (0, num_rows):
            only = "positives" if positives else "negatives"
            yield f'"{column}": the {part} part has {only} only, of which nothing is learned or measured'
    for name, area in found.giving_away.get(task, {}).items():
        yield (
            f'"{name}" tells {task} almost alone (area under the ROC curve {area:.4f}); if it is known only '
            "afterwards, leave its column out with --drop"
        )


def _is_unused(name: str, made: Plan) -> bool:
    return all(column.name != name for column in made.recipe.columns)
