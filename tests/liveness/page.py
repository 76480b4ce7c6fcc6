"""docs/fields.md: what every field does, how that is seen, and what the reference did with it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from rankspec.options.v1.options_pb2 import Resume
from tests.liveness import reference
from tests.liveness.fields import ROOTS, STATUSES, Field, counts, fields_of

from rankspec.schema.annotations import is_semantic, resume_option

PAGE = Path(__file__).parents[2] / "docs/fields.md"
_INTRODUCTION = """\
# What every field does

No field is without effect. For each one a probe in `tests/liveness/` changes it alone, and looks at what its adapter
makes of it: parameters, outputs, gradients, updates, learning rates, batches, figures, files, calls of a tracker's
library, flags read back from torch. What is seen of the unchanged config has to be the same twice, has to differ with
the change, and not to differ if the adapter is shown the value from before. `make liveness` runs all probes and prints
the counts below.

- **live**: a probe shows what the field does, or one shows what a field below it does. Where every other value is
  refused, the refusal is what there is to see.
- **deprecated**: it does nothing; `rankspec check` says what to set instead.
- **refused**: a config that sets it does not train yet, and is told so.
- **dead**: none of these. A test fails if there is one.

*Effect* says whether another value trains another function (semantic) or not (operational); *resume*, whether it may
change when a run goes on. The last column is what became of the same field in the public reference trainer,
[twitter/the-algorithm-ml](https://github.com/twitter/the-algorithm-ml) as of April 2023: *live*; *dead*, nothing reads
it; *broken*, it raises or does not do what it says; *overridden*, a literal or a flag stands where it should be read.
Of the 250 fields declared there 134 are dead, broken or overridden, of the ranker's own 187 (its folder and the
learning-rate schedules) 96. 236 of the 250 have a counterpart here; the others are the 13 fields of four classes that a
second definition of the same name hides, and one of a base class.

This page is written by `make fields-page`.
"""


def text() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *(line for root in ROOTS for line in _section(root))])


def _section(root: str) -> Iterator[str]:
    descriptor, probes = ROOTS[root]
    fields = fields_of(descriptor, probes)
    of_reference = [reference.status_of(field) for field in fields]
    yield f"## {descriptor.name}\n"
    yield from _row("", *STATUSES)
    yield from _row(*["---"] * 5)
    yield from _row("here", *(str(number) for number in counts(fields).values()))
    yield ""
    yield from _row("", *reference.STATUSES)
    yield from _row(*["---"] * 6)
    yield from _row("in the reference", *(str(of_reference.count(status)) for status in reference.STATUSES))
    yield ""
    for message, members in groupby(fields, key=lambda field: field.name.rpartition(".")[0]):
        yield f"### {message}\n"
        yield from _row("field", "effect", "resume", "seen", "in the reference")
        yield from _row(*["---"] * 5)
        for field in members:
            yield from _row(*_cells(field, fields))
        yield ""


def _cells(field: Field, fields: list[Field]) -> tuple[str, ...]:
    effect = "semantic" if is_semantic(field.descriptor) else "operational"
    resume = Resume.Name(resume_option(field.descriptor)).removeprefix("RESUME_").lower()
    why = reference.reason_of(field, fields)
    there = reference.status_of(field) + (f": {why}" if why else "")
    return f"`{field.descriptor.name}`", effect, resume, _seen(field), there


def _seen(field: Field) -> str:
    if field.status != "live":
        return f"**{field.status}**"
    words = list(dict.fromkeys(probe.words for probe in field.probes))
    if field.is_passed:
        words.append("its fields")
    return "; ".join(words)


def _row(*cells: str) -> Iterator[str]:
    yield f"| {' | '.join(cells)} |"
