"""Runs the scorers of all languages over the scoring corpus."""

from __future__ import annotations

import subprocess
from pathlib import Path

from conformance.v1 import scoring_pb2 as pb
from tests.conformance.running import ROOT, environment
from tests.scoring.comparing import differences

CORPUS_FILE = "corpus.binpb"
# What each language's scorer needs; how it is built and started stands in the Makefile.
LANGUAGES: dict[str, tuple[str, ...]] = {
    "python": (),
    "go": ("go", "cc"),
    "java": ("java", "mvn"),
    "typescript": ("node", "npm"),
}


def command(language: str, folder: Path) -> list[str]:
    """What prints a language's answers to the corpus in a folder; it is run in the repository's."""
    return ["make", "--silent", "scorer", f"LANGUAGE={language}", f"CORPUS={folder.absolute()}"]


def problems(language: str, folder: Path) -> list[str]:
    """What a language's scorer gets wrong of the corpus in a folder, a line each."""
    corpus = pb.ScoringCorpus.FromString((folder / CORPUS_FILE).read_bytes())
    done = subprocess.run(command(language, folder), cwd=ROOT, env=environment(), capture_output=True, check=False)
    if done.returncode:
        return [f"ended with status {done.returncode}: {done.stderr.decode(errors='replace')}"]
    answers = pb.ScoringAnswers.FromString(done.stdout)
    return list(differences(corpus, answers))
