"""What the public reference trainer did with the fields that it has under the same names.

`reference.tsv` has a status for each: `live`, `dead` (nothing reads it), `broken` (it raises, or does not do what it
says) or `overridden` (a literal or a flag stands where it should be read). Why, `rankspec.convert.inert` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.liveness.fields import Field, message_of

from rankspec.convert.inert import INERT

NEW = "new here"
_NO_HOLDER = "this root had no such block"
STATUSES = ("live", "dead", "broken", "overridden", NEW)


@cache
def statuses() -> dict[str, str]:
    """The status of every field that the reference has too, by message and field."""
    lines = (Path(__file__).parent / "reference.tsv").read_text().splitlines()
    return dict(line.split("\t") for line in lines)


def status_of(field: Field) -> str:
    """The field's status there."""
    return statuses().get(field.name, NEW)


def reason_of(field: Field, root: list[Field]) -> str:
    """Why the field did not do what it says: its own entry, or that of a block around it; empty for others."""
    if status_of(field) in ("live", NEW):
        return ""
    around = list(_around(field, root))
    is_without_holder = any(name not in statuses() for name in around)
    return next((INERT[name].text for name in around if name in INERT), _NO_HOLDER if is_without_holder else "")


def _around(field: Field, root: list[Field]) -> Iterator[str]:
    """The names of a field and of all that may hold its message, from the inside out."""
    found, pending = {field.name}, [field]
    while pending:
        inner = pending.pop(0)
        yield inner.name
        for outer in root:
            held = message_of(outer.descriptor)
            if held is not None and held is inner.descriptor.containing_type and outer.name not in found:
                found.add(outer.name)
                pending.append(outer)
