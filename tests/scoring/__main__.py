"""Runs every language's scorer over the scoring corpus and prints what does not agree. `make scores` runs it."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from conformance.v1 import scoring_pb2 as pb
from tests.scoring.running import CORPUS_FILE, LANGUAGES, problems


def main() -> int:
    """Compares the languages' answers over the corpus in the folder that is the argument."""
    folder = Path(sys.argv[1])
    corpus = pb.ScoringCorpus.FromString((folder / CORPUS_FILE).read_bytes())
    num_requests = sum(len(case.requests) for case in corpus.cases)
    failed = False
    for language, tools in LANGUAGES.items():
        missing = [tool for tool in tools if shutil.which(tool) is None]
        if missing:
            sys.stdout.write(f"{language}: not run, {', '.join(missing)} is not installed\n")
            continue
        start = time.monotonic()
        found = problems(language, folder)
        failed |= bool(found)
        sys.stdout.write(
            f"{language}: {len(corpus.cases)} bundles, {num_requests} requests, {len(found)} differ "
            f"({time.monotonic() - start:.0f} s)\n"
        )
        sys.stdout.write("".join(f"  {problem}\n" for problem in found))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
