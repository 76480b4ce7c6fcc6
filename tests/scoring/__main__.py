"""Runs every language's scorer over the scoring corpus and prints what does not agree. `make scores` runs it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from conformance.v1 import scoring_pb2 as pb
from tests.scoring.comparing import differences


def main() -> int:
    """Compares the answers of commands, `LANGUAGE=COMMAND` each, over the corpus in the folder that comes first."""
    folder = Path(sys.argv[1])
    corpus = pb.ScoringCorpus.FromString((folder / "corpus.binpb").read_bytes())
    num_requests = sum(len(case.requests) for case in corpus.cases)
    failed = False
    for named in sys.argv[2:]:
        language, _, command = named.partition("=")
        done = subprocess.run([*shlex.split(command), str(folder)], stdout=subprocess.PIPE, check=False)
        if done.returncode:
            problems = [f"ended with status {done.returncode}"]
        else:
            problems = list(differences(corpus, pb.ScoringAnswers.FromString(done.stdout)))
        failed |= bool(problems)
        sys.stdout.write(f"{language}: {len(corpus.cases)} bundles, {num_requests} requests, {len(problems)} differ\n")
        sys.stdout.write("".join(f"  {problem}\n" for problem in problems))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
