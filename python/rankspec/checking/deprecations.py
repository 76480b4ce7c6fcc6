"""Warnings of fields that do nothing: the schema says which, why, and what to set instead.

As advice they are no part of the verdict, and `docs/warnings.md` has a section on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.schema.annotations import deprecation_of
from rankspec.schema.field_paths import is_at_or_below, join
from rankspec.schema.leaves import leaves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rankspec.composition.inheritance import Copy
    from rankspec.formats.document import Document

CODE = "schema.deprecated"


def deprecations(document: Document[Any], file: str | None, copies: Sequence[Copy] = ()) -> list[Diagnostic]:
    """Finds the fields that are set and do nothing.

    Args:
        document: What to look at.
        file: The file to name for what stands in no block.
        copies: What one part of it took from another: a field is told of where it was written only.

    Returns:
        Warnings; none about what could not be read.
    """
    found: dict[str, Diagnostic] = {}
    for leaf in leaves(document.message):
        deprecation = deprecation_of(leaf.fields[-1])
        if deprecation is None or document.is_consequence(leaf.path) or _is_copied(leaf.path, copies):
            continue
        from rankspec.formats.field_positions import place_of

        step = leaf.steps[-1]
        path = leaf.path if step.key is None else join(leaf.path.rpartition(".")[0], step.name)
        remedy = f"set {deprecation.replacement} instead, or drop it"
        found[path] = Diagnostic(CODE, deprecation.reason, path, place_of(path, document, file), "warning", remedy)
    return list(found.values())


def _is_copied(path: str, copies: Sequence[Copy]) -> bool:
    return any(is_at_or_below(path, copy.path) for copy in copies)
