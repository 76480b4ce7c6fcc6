"""`make agree N=...`: generated near-misses get the same verdict, values and fingerprint in every language."""

import argparse
import sys
from collections import Counter
from itertools import islice

from conformance.v1 import conformance_pb2 as pb
from tests.conformance.near_misses import near_misses
from tests.conformance.running import LANGUAGES, ask, missing_tools

_BATCH = 10_000
_MOST_SHOWN = 20


def verdict(response: pb.Response) -> object:
    """What has to be the same everywhere: of a text that cannot be read, only that it cannot."""
    match response.WhichOneof("result"):
        case "config":
            return response.config.form, response.config.semantic, response.config.full
        case "refusal":
            found = response.refusal.violations
            if any(violation.code.startswith("parse.") for violation in found):
                return "unreadable"
            return tuple((v.line, v.column, v.path, v.code) for v in found)
        case _:
            return str(response)


def disagreements(count: int, seed: int) -> tuple[list[str], Counter[str]]:
    """Puts generated texts to every language that is there.

    Returns:
        A description of each text on which two differ, and how many texts were valid, invalid and unreadable to Python.
    """
    requests = near_misses(count, seed)
    found: list[str] = []
    kinds: Counter[str] = Counter()
    languages = [language for language in LANGUAGES if not missing_tools(language)]
    while batch := list(islice(requests, _BATCH)):
        answers = {language: ask(language, batch) for language in languages}
        for index, request in enumerate(batch):
            verdicts = {language: verdict(answers[language][index]) for language in languages}
            kinds[_kind(answers["python"][index])] += 1
            if len(set(verdicts.values())) > 1:
                found.append(_description(request, verdicts))
    return found, kinds


def _kind(response: pb.Response) -> str:
    if verdict(response) == "unreadable":
        return "unreadable"
    return {"config": "valid", "refusal": "invalid"}.get(response.WhichOneof("result") or "", "failed")


def _description(request: pb.Request, verdicts: dict[str, object]) -> str:
    said = "; ".join(f"{language}: {str(found)[:300]}" for language, found in verdicts.items())
    return f"{request.load.message} {request.load.text!r}: {said}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="how many texts")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other texts")
    arguments = parser.parse_args()
    found, kinds = disagreements(arguments.count, arguments.seed)
    languages = ", ".join(f"{name} ({'left out' if missing_tools(name) else 'asked'})" for name in LANGUAGES)
    counts = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    sys.stdout.write(f"{arguments.count} texts ({counts}), {len(found)} differences; {languages}\n")
    sys.stdout.write("".join(f"{line}\n" for line in found[:_MOST_SHOWN]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
