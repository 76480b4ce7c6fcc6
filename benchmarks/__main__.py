"""Runs the benchmarks; the last lines are one JSON object each."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from importlib import import_module

from benchmarks import BENCHMARKS, ONLY_NAMED
from benchmarks.measuring import Measurement


def main() -> int:
    """Runs the benchmarks that the command line names, or all."""
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    without = f"all but {', '.join(ONLY_NAMED)} without a name"
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; {without}")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="the same as an option")
    arguments = parser.parse_args()
    names = [*arguments.names, *arguments.only] or [name for name in BENCHMARKS if name not in ONLY_NAMED]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    measurements: list[Measurement] = []
    for name in names:
        print(f"running {name}", file=sys.stderr)
        module, _, function = BENCHMARKS[name].partition(":")
        measured = getattr(import_module(module), function)()
        measurements += [measured] if isinstance(measured, Measurement) else measured
    for measurement in measurements:
        print(measurement.as_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
