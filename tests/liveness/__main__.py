"""Runs every probe and counts each root's fields: `python -m tests.liveness`; with `--page` writes docs/fields.md."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from tests.liveness import page
from tests.liveness.fields import ROOTS, STATUSES, counts, fields_of
from tests.liveness.probe import Failure, Probe
from tests.liveness.proving import prober_of, prove

_CONSOLE = Console()


def main() -> int:
    """Prints counts, fields that are not live and probes that failed; 1 if a field is dead or a probe failed."""
    if sys.argv[1:] == ["--page"]:
        page.PAGE.write_text(page.text(), encoding="utf-8")
        return 0
    table = Table("", "probes", *STATUSES)
    num_bad = 0
    for root, (descriptor, probes) in ROOTS.items():
        shown = _proved(root)
        fields = fields_of(descriptor, shown)
        numbers = counts(fields)
        table.add_row(descriptor.name, str(len(probes)), *(str(number) for number in numbers.values()))
        for status in STATUSES[1:]:
            for field in fields:
                if field.status == status:
                    _CONSOLE.print(f"{status}: {field.name}", markup=False)
        num_bad += numbers["dead"] + len(probes) - len(shown)
    _CONSOLE.print(table)
    return int(num_bad > 0)


def _proved(root: str) -> list[Probe]:
    """The probes that show what they say."""
    shown = []
    with prober_of(root) as prober:
        for probe in ROOTS[root][1]:
            try:
                prove(prober, probe)
                shown.append(probe)
            except Failure as failure:
                _CONSOLE.print(f"failed: {failure}", markup=False)
    return shown


raise SystemExit(main())
