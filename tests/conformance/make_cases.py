"""Writes what of the corpus a machine can write: derived suites, and the forms and fingerprints that cases expect.

`make conformance-cases` runs it. What Python answers becomes what is expected, except where a person has said what that
is: a case by hand that ends otherwise than it says is an error here, not another expectation.
"""

import sys
from collections.abc import Iterable, Iterator

from conformance.v1 import conformance_pb2 as pb
from tests.conformance.comparing import difference
from tests.conformance.corpus import CASES, read_suite, suite_name, suite_paths, verdict_of, write_suite
from tests.conformance.derive_encoding import encoding_suites
from tests.conformance.derive_fields import field_suites
from tests.conformance.derive_schedules import schedule_suites
from tests.conformance.executors.python import answer

_DERIVED = ("encoding/", "fields/", "schedules/")


def suites() -> Iterator[tuple[str, list[pb.Case]]]:
    """Yields the name and the cases of every suite, with everything that is expected."""
    for name, cases in (*field_suites(), *schedule_suites(), *encoding_suites()):
        yield name, [completed(case) for case in cases]
    for path in suite_paths():
        name = suite_name(path)
        if not name.startswith(_DERIVED):
            yield name, [completed(case) for case in read_suite(path).cases]


def completed(case: pb.Case) -> pb.Case:
    """Returns a case with everything that is expected of it.

    Raises:
        ValueError: Python does not answer as the case says.
    """
    response = answer(case.request)
    verdict = verdict_of(case)
    done = pb.Case()
    done.CopyFrom(case)
    if verdict == "valid" and response.WhichOneof("result") == "config":
        done.expected.config.CopyFrom(response.config)
    elif response.WhichOneof("result") != "refusal":
        # Encoded rows, or why they are none, which are computed apart.
        pass
    elif verdict == "invalid" and (not case.HasField("expected") or _objects_to_the_same(case.expected, response)):
        done.expected.refusal.CopyFrom(response.refusal)
    problem = difference(done.expected, response)
    if problem:
        raise ValueError(f"{case.id}: {problem}")
    return done


def _objects_to_the_same(expected: pb.Expectation, response: pb.Response) -> bool:
    """Whether an answer has the paths and codes that a person has written down; the places are the machine's part."""
    wanted, found = (sorted((v.path, v.code) for v in one.refusal.violations) for one in (expected, response))
    return wanted == found


def write(made: Iterable[tuple[str, list[pb.Case]]]) -> int:
    """Writes suites, removes those that are derived no more, and returns the number of cases."""
    written = dict(made)
    for path in suite_paths():
        if suite_name(path) not in written:
            path.unlink()
    for name, cases in written.items():
        write_suite(CASES / f"{name}.textproto", cases)
    return sum(map(len, written.values()))


if __name__ == "__main__":
    sys.stdout.write(f"{write(suites())} cases\n")
