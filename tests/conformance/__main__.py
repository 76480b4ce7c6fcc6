"""`make conformance`: runs every language over the corpus and prints a table."""

import sys

from tests.conformance.corpus import all_cases
from tests.conformance.running import LANGUAGES, missing_tools, run

_MOST_SHOWN = 20


def main() -> int:
    cases = all_cases()
    rows: list[tuple[str, ...]] = [("language", "cases", "as expected", "not taken (JSON)", "different")]
    details: list[str] = []
    left_out = False
    for language in LANGUAGES:
        missing = missing_tools(language)
        if missing:
            left_out = True
            rows.append((language, f"left out: {', '.join(missing)} not installed", "", "", ""))
            continue
        outcome = run(language, cases)
        counts = (len(cases), outcome.passed, outcome.unsupported, len(outcome.failures))
        rows.append((language, *map(str, counts)))
        details += [f"{language}: {case}: {problem}" for case, problem in outcome.failures.items()]
    widths = [max(len(row[column]) for row in rows if row[2] or not column) for column in range(5)]
    for row in rows:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
    sys.stdout.write("".join(f"{line}\n" for line in details[:_MOST_SHOWN]))
    if left_out:
        sys.stdout.write("CI runs every language.\n")
    return 1 if details else 0


if __name__ == "__main__":
    sys.exit(main())
