"""Makes the scoring corpus: bundles of every kind, spoilt ones, and requests. `make scores-corpus` runs it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from conformance.v1 import scoring_pb2 as pb
from rankspec.serving.v1 import bundle_pb2
from tests.scoring.bundles import KINDS, make_bundle
from tests.scoring.imported import IMPORTED, make_imported
from tests.scoring.raw_requests import raw_request, usual_rows
from tests.scoring.recipe_tampering import RECIPE_TAMPERINGS
from tests.scoring.requests import golden_requests, requests_of
from tests.scoring.running import CORPUS_FILE
from tests.scoring.tampering import EXTERNAL_TAMPERINGS, LIST_TAMPERINGS, TAMPERINGS, Tampering

from rankspec import scoring


def make_corpus(folder: Path) -> None:
    """Writes the corpus into a new folder."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as work:
        for name, kind in KINDS.items():
            make_bundle(kind, folder / name, Path(work))
        for name, imported in IMPORTED.items():
            make_imported(imported, folder / name, Path(work))
    corpus = pb.ScoringCorpus(cases=[_case(folder, name) for name in (*KINDS, *IMPORTED)])
    corpus.cases.append(
        pb.ScoringCase(
            id="spoilt/other_digest",
            bundle="mask_net",
            expect_digest="0" * 64,
            opening=pb.ScoringVerdict(code=bundle_pb2.ERROR_CODE_DIGEST_MISMATCH, input="manifest.binpb"),
        )
    )
    corpus.cases.extend(spoilt_cases(folder, "mask_net", TAMPERINGS))
    corpus.cases.extend(spoilt_cases(folder, "external", EXTERNAL_TAMPERINGS))
    corpus.cases.extend(spoilt_cases(folder, "lists", LIST_TAMPERINGS))
    corpus.cases.extend(spoilt_recipe_cases(folder, "imported"))
    (folder / CORPUS_FILE).write_bytes(corpus.SerializeToString(deterministic=True))


def _case(folder: Path, name: str) -> pb.ScoringCase:
    with scoring.open(folder / name) as scorer:
        return pb.ScoringCase(
            id=name,
            bundle=name,
            opening=pb.ScoringVerdict(digest=scorer.digest),
            requests=requests_of(scorer, folder / name),
        )


def spoilt_cases(folder: Path, base: str, tamperings: Mapping[str, Tampering]) -> Iterator[pb.ScoringCase]:
    """Spoils copies of a bundle of the corpus; yields a case for each."""
    for name, tampering in tamperings.items():
        yield pb.ScoringCase(
            id=f"spoilt/{name}",
            bundle=_spoilt(folder, base, f"spoilt_{name}", tampering),
            opening=pb.ScoringVerdict(code=tampering.code, input=tampering.input),
        )


def spoilt_recipe_cases(folder: Path, base: str) -> Iterator[pb.ScoringCase]:
    """Spoils the recipes of copies: they open, score what is stored, and refuse raw rows."""
    for name, tampering in RECIPE_TAMPERINGS.items():
        bundle = _spoilt(folder, base, f"recipe_{name}", tampering)
        expected = pb.ScoringVerdict(code=tampering.code, input=tampering.input)
        with scoring.open(folder / bundle) as scorer:
            yield pb.ScoringCase(
                id=f"recipe/{name}",
                bundle=bundle,
                opening=pb.ScoringVerdict(digest=scorer.digest),
                requests=[
                    raw_request("raw", usual_rows(base), expected),
                    next(golden_requests(scorer, folder / bundle)),
                    raw_request("raw again", usual_rows(base), expected),
                ],
            )


def _spoilt(folder: Path, base: str, name: str, tampering: Tampering) -> str:
    """Spoils a copy of a bundle; returns its name."""
    shutil.copytree(folder / base, folder / name)
    tampering.spoil(folder / name)
    return name


if __name__ == "__main__":
    torch.set_num_threads(1)
    target = Path(sys.argv[1])
    shutil.rmtree(target, ignore_errors=True)
    make_corpus(target)
