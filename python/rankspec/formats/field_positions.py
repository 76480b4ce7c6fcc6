"""Where in the sources a person looks for a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rankspec.diagnostics.diagnostic import Position
from rankspec.schema.descriptors import descriptor_of, is_message
from rankspec.schema.field_paths import PathError, fields_along, parse

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

    from rankspec.formats.document import Document


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
    found, mark = nearest
    return mark.value if found == path and _is_scalar(path, descriptor_of(document.message)) else mark.name


def _is_scalar(path: str, descriptor: Descriptor) -> bool:
    steps = parse(path)
    try:
        field = fields_along(descriptor, steps)[-1]
    except PathError:
        return False
    return not is_message(field) and (steps[-1].key is not None or not field.is_repeated)
