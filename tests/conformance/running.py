"""Runs the executors of all languages over the corpus."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from conformance.v1 import conformance_pb2 as pb
from google.protobuf.proto import parse_length_prefixed, serialize_length_prefixed
from tests.conformance.comparing import difference

ROOT = Path(__file__).parents[2]
# What each language's executor needs; how it is built and started stands in the Makefile.
LANGUAGES: dict[str, tuple[str, ...]] = {
    "python": (),
    "go": ("go",),
    "java": ("java", "mvn"),
    "typescript": ("node", "npm"),
}


class Outcome(NamedTuple):
    """What came of a language's run.

    Attributes:
        passed: How many cases came out as expected.
        unsupported: How many are in a form that the package says it does not take.
        failures: What differs, by the case's id.
    """

    passed: int
    unsupported: int
    failures: dict[str, str]


def missing_tools(language: str) -> list[str]:
    """Lists what a language's executor needs and this machine has not."""
    return [tool for tool in LANGUAGES[language] if shutil.which(tool) is None]


def environment() -> dict[str, str]:
    """Returns ours without what a `make` above us would pass to the one below, its job server for one."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


def ask(language: str, requests: Sequence[pb.Request]) -> list[pb.Response]:
    """Puts requests to a language's executor.

    Raises:
        RuntimeError: It ended with an error, or gave another number of answers.
    """
    stream = BytesIO()
    for request in requests:
        serialize_length_prefixed(request, stream)
    command = ["make", "--silent", "executor", f"LANGUAGE={language}"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), input=stream.getvalue(), capture_output=True, check=False
    )
    answers = BytesIO(done.stdout)
    responses = list(iter(lambda: parse_length_prefixed(pb.Response, answers), None))
    if done.returncode or len(responses) != len(requests):
        raise RuntimeError(
            f"the executor of {language} ended with status {done.returncode} "
            f"after {len(responses)} of {len(requests)} answers: {done.stderr.decode(errors='replace')}"
        )
    return responses


def verdicts(language: str, files: Sequence[Path | str], variables: Mapping[str, str | bytes]) -> list[dict[str, Any]]:
    """Returns what a language's verdict command prints of files, none of whose names has a space."""
    names = " ".join(map(str, files))
    command = ["make", "--silent", "verdict", f"LANGUAGE={language}", f"FILES={names}"]
    done = subprocess.run(
        command, cwd=ROOT, env={**environment(), **variables}, capture_output=True, check=True, text=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(language: str, cases: Sequence[pb.Case]) -> Outcome:
    """Runs a language's executor over cases and compares."""
    responses = ask(language, [case.request for case in cases])
    unsupported = {
        case.id
        for case, response in zip(cases, responses, strict=True)
        # Only the JSON form may be left out, and by others than Python.
        if response.WhichOneof("result") == "unsupported"
        and case.request.load.WhichOneof("source") == "json"
        and language != "python"
    }
    failures = {
        case.id: problem
        for case, response in zip(cases, responses, strict=True)
        if case.id not in unsupported and (problem := difference(case.expected, response)) is not None
    }
    return Outcome(len(cases) - len(unsupported) - len(failures), len(unsupported), failures)
