"""Warnings of fields that do nothing: the schema says which, why, and what to set instead.

As advice they are no part of the verdict, and `docs/warnings.md` has a section on them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from rankspec.diagnostics.diagnostic import Diagnostic
from rankspec.formats.field_positions import place_of
from rankspec.schema.annotations import deprecation_of
from rankspec.schema.descriptors import descriptor_of, fields_of
from rankspec.schema.field_paths import is_at_or_below
from rankspec.schema.leaves import messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.descriptor import Descriptor, FieldDescriptor

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
    found = []
    for holder, message in messages(document.message, _deprecated):
        for field in _deprecated(descriptor_of(message)):
            if not (getattr(message, field.name) if field.is_repeated else message.HasField(field.name)):
                continue
            path = holder.path.to(field)
            if document.is_consequence(path) or any(is_at_or_below(path, copy.path) for copy in copies):
                continue
            deprecation = deprecation_of(field)
            assert deprecation is not None
            remedy = f"set {deprecation.replacement} instead, or drop it"
            place = place_of(path, document, file)
            found.append(Diagnostic(CODE, deprecation.reason, path, place, "warning", remedy))
    return found


@cache
def _deprecated(descriptor: Descriptor) -> list[FieldDescriptor]:
    return [field for field in fields_of(descriptor) if field.GetOptions().deprecated]
