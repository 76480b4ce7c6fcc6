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
from tests.scoring.requests import requests_of
from tests.scoring.running import CORPUS_FILE
from tests.scoring.tampering import EXTERNAL_TAMPERINGS, TAMPERINGS, Tampering

from rankspec import scoring


def make_corpus(folder: Path) -> None:
    """Writes the corpus into a new folder."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as work:
        for name, kind in KINDS.items():
            make_bundle(kind, folder / name, Path(work))
    corpus = pb.ScoringCorpus(cases=[_case(folder, name) for name in KINDS])
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
        copy = folder / f"spoilt_{name}"
        shutil.copytree(folder / base, copy)
        tampering.spoil(copy)
        yield pb.ScoringCase(
            id=f"spoilt/{name}",
            bundle=copy.name,
            opening=pb.ScoringVerdict(code=tampering.code, input=tampering.input),
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    target = Path(sys.argv[1])
    shutil.rmtree(target, ignore_errors=True)
    make_corpus(target)
