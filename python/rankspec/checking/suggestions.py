"""What a rule over several fields can say beside its text: the name that was meant, and the other places."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rankspec.checking.rule_fields import FIELDS
from rankspec.schema.field_paths import as_path, is_at_or_below, is_below, join
from rankspec.schema.leaves import value_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from rankspec.checking.rule_violations import RuleViolation
    from rankspec.diagnostics.diagnostic import Position
    from rankspec.formats.document import Document

_QUOTED = re.compile(r'"([^"]*)"')
_MOST_RELATED = 2


class _Names(NamedTuple):
    """Where to look for the name that was meant.

    Attributes:
        known: Path of the map or list with the names, from the rule's message; None for the finding's own path.
        right: Path of names that are in their place already, so that none of them was meant.
        missing: Whether the name is missing there, rather than a misspelling of one that is there.
    """

    known: str | None
    right: str | None = None
    missing: bool = False


_RATES = "optimizer.multi_task_learning_rates.tower_learning_rates"

# Rules whose text ends its quotations with the offending name.
_NAMES = {
    "recap.config.model_tasks_have_data": _Names("train_data.tasks", "model.tasks"),
    "recap.config.validation_tasks_have_data": _Names(None, "model.tasks", missing=True),
    "recap.config.evaluation_tasks_have_towers": _Names("model.tasks"),
    "recap.config.train_evaluation_tasks_have_towers": _Names("model.tasks"),
    "recap.config.towers_have_rates": _Names(None, "model.tasks", missing=True),
    "recap.config.rates_have_towers": _Names("model.tasks", _RATES),
    "recap.data.evaluation_tasks_have_labels": _Names("tasks"),
    "recap.data.downsampled_tasks_exist": _Names("tasks"),
    "recap.data.rectified_tasks_exist": _Names("tasks"),
    "recap.large_embeddings.logged_tables_exist": _Names("tables"),
    "twhin.embeddings.logged_tables_exist": _Names("tables"),
    "twhin.model.relations_name_tables": _Names("embeddings.tables"),
}


def suggest(finding: RuleViolation, document: Document[Any]) -> str | None:
    """Guesses which name was meant by the one that a rule objects to."""
    if finding.code in _OF_METRICS:
        return _OF_METRICS[finding.code](finding, document)
    where = _NAMES.get(finding.code)
    quoted = _QUOTED.findall(finding.text or "")
    # Where keys are so odd that the text could not be taken apart, the finding is at the rule's own site.
    if where is None or not quoted or finding.path == finding.site:
        return None
    name = quoted[-1]
    known = _names_at(document.message, join(finding.site, where.known) if where.known else finding.path)
    right = _names_at(document.message, join(finding.site, where.right)) if where.right else set()
    from rankspec.diagnostics.closest_name import closest

    match = closest(name, sorted(known - right))
    if match is None:
        return None
    return (
        f"rename `{match}` to `{name}`, if that is what it stands for" if where.missing else f"did you mean `{match}`?"
    )


def _metric(finding: RuleViolation, document: Document[Any]) -> str | None:
    from rankspec.checking.metric_suggestions import suggest_metric

    is_of_it = finding.path == "training.best_checkpoint.metric"
    return suggest_metric(document.message, document.message.training.best_checkpoint.metric) if is_of_it else None


def _metrics(_finding: RuleViolation, document: Document[Any]) -> str | None:
    from rankspec.checking.metric_suggestions import suggest_metrics

    return suggest_metrics(document.message.which_metrics)


_OF_METRICS: dict[str, Callable[[RuleViolation, Document[Any]], str | None]] = {
    "recap.config.known_metrics": _metrics,
    "recap.config.best_checkpoint_has_order": _metric,
    "recap.config.best_checkpoint_is_measured": _metric,
}


def _names_at(message: Message, path: str) -> set[str]:
    """Returns the keys of a map, or the items or names of the items of a list; none if the path is not there."""
    return {item if isinstance(item, str) else item.name for item in value_at(message, as_path(path)) or ()}


def related_places(finding: RuleViolation, document: Document[Any]) -> tuple[Position, ...]:
    """Returns the places of the other fields that a rule looks at, as far as they are written."""
    places: list[Position] = []
    for path in (join(finding.site, field) for field in FIELDS.get(finding.code, ())):
        position = document.origins.name(path)
        overlaps = is_at_or_below(path, finding.path) or is_below(finding.path, path)
        if position is not None and not overlaps and position not in places:
            places.append(position)
    return tuple(places[:_MOST_RELATED])
