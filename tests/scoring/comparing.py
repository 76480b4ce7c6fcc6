"""Whether a language's answers are the corpus' own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from conformance.v1 import scoring_pb2 as pb

# Between languages, and between a language and what the corpus expects; of values above 1, relative to them.
TOLERANCE = 1e-6


def differences(corpus: pb.ScoringCorpus, answers: pb.ScoringAnswers) -> Iterator[str]:
    """What is not as it has to be, a line each."""
    if len(corpus.cases) != len(answers.answers):
        yield f"{len(answers.answers)} answers to {len(corpus.cases)} cases"
        return
    for case, answer in zip(corpus.cases, answers.answers, strict=True):
        if problem := _problem(case.opening, answer.opening):
            yield f"{case.id}: {problem}"
            continue
        if len(case.requests) != len(answer.requests):
            yield f"{case.id}: {len(answer.requests)} answers to {len(case.requests)} requests"
            continue
        for request, verdict in zip(case.requests, answer.requests, strict=True):
            if problem := _problem(request.expected, verdict):
                yield f"{case.id}, {request.id}: {problem}"


def _problem(expected: pb.ScoringVerdict, found: pb.ScoringVerdict) -> str | None:
    if _refusal(expected) != _refusal(found):
        return f"{_refusal(found)} instead of {_refusal(expected)}"
    if expected.digest != found.digest:
        return "another digest"
    if [column.name for column in expected.columns] != [column.name for column in found.columns]:
        return f"columns {[column.name for column in found.columns]}"
    for one, other in zip(expected.columns, found.columns, strict=True):
        if len(one.scores) != len(other.scores):
            return f"{len(other.scores)} scores of {one.name} instead of {len(one.scores)}"
        apart = _apart(np.array(one.scores, np.float64), np.array(other.scores, np.float64))
        if apart > TOLERANCE:
            return f"{one.name} differs by {apart:.2g}"
    return None


def _refusal(verdict: pb.ScoringVerdict) -> tuple[int, str, int | None]:
    return verdict.code, verdict.input, verdict.row if verdict.HasField("row") else None


def _apart(expected: np.ndarray, found: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):
        apart = np.abs(expected - found) / np.maximum(1, np.abs(expected))
    same = (expected == found) | (np.isnan(expected) & np.isnan(found))
    return float(np.where(same, 0, np.where(np.isnan(apart), np.inf, apart)).max(initial=0))
