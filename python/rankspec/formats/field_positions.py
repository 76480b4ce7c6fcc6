"""Where in the sources a person looks for a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rankspec.diagnostics.diagnostic import Position
from rankspec.schema.descriptors import is_message

if TYPE_CHECKING:
    from rankspec.formats.document import Document
    from rankspec.schema.field_paths import FieldPath


def place_of(path: str, document: Document[Any], file: str | None) -> Position | None:
    """Returns the place to show for a path.

    Args:
        path: The path.
        document: Where it came from.
        file: The file, for what stands in no block.

    Returns:
        The place of a scalar's value, of a block's, list's or map entry's name, and for what is not there, of
        the name of the deepest block around it. None if nothing is known.
    """
    nearest = document.origins.nearest_mark(path)
    if nearest is None:
        return Position(file, 1, 1) if file is not None else None
    return nearest.value if nearest.path == path and _is_scalar(nearest.path) else nearest.name


def _is_scalar(path: FieldPath) -> bool:
    field = path.field
    if field is None or is_message(field):
        return False
    return path.key is not None or not field.is_repeated
