"""`make fuzz N=...`: no text makes the readers crash, hang, raise, or accept what official parsers read otherwise."""

import argparse
import faulthandler
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from os import cpu_count, getpid
from pathlib import Path

from tests.fuzz.texts import text_of
from tests.fuzz.trying import attempt

_BATCH = 500
# A batch takes a second or so; one that takes this long hangs, and its process ends with a traceback.
_HANGS_AFTER = 300
_LONGEST_SHOWN = 2000
_TOLD_AFTER = 50_000


@dataclass
class Result:
    """What came of some texts.

    Attributes:
        kinds: How many texts were valid, invalid, unreadable or failed, by form.
        slowest: Seconds and number of the slowest text.
        seconds: Seconds that all took together.
        complaints: What went wrong, each with the text's number.
    """

    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)
    seconds: float = 0.0
    complaints: list[str] = field(default_factory=list)

    def add(self, other: "Result") -> None:
        """Takes in what came of other texts."""
        self.kinds += other.kinds
        self.slowest = max(self.slowest, other.slowest)
        self.seconds += other.seconds
        self.complaints += other.complaints


def try_texts(seed: int, numbers: range, folder: Path) -> Result:
    """Tries the texts of these numbers; a process that dies leaves the one it died of in the folder."""
    own = folder / str(getpid())
    own.mkdir(exist_ok=True)
    faulthandler.dump_traceback_later(_HANGS_AFTER, exit=True)
    result = Result()
    for number in numbers:
        text = text_of(seed, number)
        trial = attempt(text, own)
        result.add(Result(Counter([(text.form, trial.kind)]), (trial.seconds, number), trial.seconds))
        if trial.complaint is not None:
            result.complaints.append(f"{number}: {text}: {trial.complaint}")
    faulthandler.cancel_dump_traceback_later()
    return result


def _all(count: int, seed: int, folder: Path) -> Iterator[Result]:
    batches = [range(begin, min(begin + _BATCH, count)) for begin in range(0, count, _BATCH)]
    with ProcessPoolExecutor(cpu_count()) as pool:
        yield from pool.map(partial(_one, seed, folder), batches)


def _one(seed: int, folder: Path, numbers: range) -> Result:
    return try_texts(seed, numbers, folder)


def _show_progress(newest: Result, total: Result, count: int) -> None:
    sys.stderr.write("".join(f"{complaint[:_LONGEST_SHOWN]}\n" for complaint in newest.complaints))
    done = total.kinds.total()
    if done % _TOLD_AFTER == 0 or done == count:
        sys.stderr.write(f"{done} of {count} texts, {len(total.complaints)} failures\n")


def _report(result: Result, seed: int, wall: float) -> str:
    count = result.kinds.total()
    lines = [f"{count} texts with seed {seed} in {wall:.0f} s: {len(result.complaints)} failures"]
    for form in sorted({form for form, _ in result.kinds}):
        counts = (f"{n} {kind}" for (of, kind), n in sorted(result.kinds.items()) if of == form)
        lines.append(f"{form}: {', '.join(counts)}")
    mean = 1000 * result.seconds / max(count, 1)
    lines.append(f"{mean:.2f} ms a text; the slowest, number {result.slowest[1]}, took {result.slowest[0]:.2f} s")
    return "".join(f"{line}\n" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="how many texts")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other texts")
    arguments = parser.parse_args()
    total = Result()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rankspec-fuzz-") as folder:
        try:
            for result in _all(arguments.count, arguments.seed, Path(folder)):
                total.add(result)
                _show_progress(result, total, arguments.count)
        except BrokenProcessPool:
            last = [path.read_bytes() for path in Path(folder).glob("*/text.*")]
            total.complaints.append(f"a process died of one of these: {last}")
            sys.stderr.write(f"{total.complaints[-1]}\n")
    sys.stdout.write(_report(total, arguments.seed, time.monotonic() - begin))
    return 1 if total.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
