"""Python's scorer over the corpus, whose folder is the argument; the answers go to the standard output."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from conformance.v1 import scoring_pb2 as pb
from tests.scoring.raw_requests import columns_of
from tests.scoring.requests import refusal, values_of, verdict_of

from rankspec import scoring
from rankspec.scoring.errors import ScoringError


def answer(folder: Path, case: pb.ScoringCase) -> pb.ScoringAnswer:
    """The answer to a case."""
    try:
        scorer = scoring.open(folder / case.bundle, case.expect_digest if case.HasField("expect_digest") else None)
    except ScoringError as error:
        return pb.ScoringAnswer(opening=refusal(error))
    with scorer:
        verdicts = [
            verdict_of(lambda request=request: _scores(scorer, request))  # type: ignore[misc]
            for request in case.requests
        ]
        return pb.ScoringAnswer(opening=pb.ScoringVerdict(digest=scorer.digest), requests=verdicts)


def _scores(scorer: scoring.Scorer, request: pb.ScoringRequest) -> Mapping[str, np.ndarray]:
    if request.HasField("raw_rows"):
        return scorer.score_raw(columns_of(request.raw_rows))
    return scorer.score(
        {column.name: values_of(column) for column in request.columns},
        request.signature_hash if request.HasField("signature_hash") else None,
    )


def main() -> None:
    """Answers all cases."""
    folder = Path(sys.argv[1])
    corpus = pb.ScoringCorpus.FromString((folder / "corpus.binpb").read_bytes())
    answers = pb.ScoringAnswers(answers=[answer(folder, case) for case in corpus.cases])
    sys.stdout.buffer.write(answers.SerializeToString())


if __name__ == "__main__":
    main()
