"""A ranker of more than 2 GiB of weights: trained for a step, exported, verified, and scored by every language.

Each step is a process of its own, so that its most memory is known; weights that are mapped count, as far as they were
read. Takes some 10 GB of memory and 8 GB of disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.v1 import scoring_pb2 as pb
from rankspec.recap.v1.embedding_pb2 import OUT_OF_RANGE_IDS_BUCKET
from rankspec.serving.v1 import bundle_pb2
from tests.conformance.running import ROOT, environment
from tests.scoring.comparing import differences
from tests.scoring.requests import golden_requests
from tests.scoring.running import CORPUS_FILE, LANGUAGES, command

from benchmarks.language_programs import is_left_out
from benchmarks.measuring import Measurement
from rankspec import scoring
from rankspec.checking.check import load
from rankspec.formats.writing import to_textproto

_CONFIG = ROOT / "configs/recap/tiny.textproto"
_WIDTH = 64
# Their numbers of ids; the second table of `several` ends, and the last begins, behind the first 2 GiB of the file.
_ONE, _SEVERAL = (9_000_000,), (6_000_000, 3_000_000, 100_000)
_BUNDLE = "bundle"


def _measured(name: str, tables: tuple[int, ...], refusals: Mapping[str, pb.ScoringVerdict]) -> list[Measurement]:
    """Seconds on the clock and GB of memory of each step, and the bundle's size.

    Args:
        name: the benchmark's.
        tables: how many ids each has.
        refusals: what languages say that do not open such a bundle; all others give Python's scores.

    Raises:
        ValueError: a language's answers are others.
    """
    with TemporaryDirectory() as work:
        folder = Path(work)
        _write_config(folder, tables)
        steps = {
            "train": ["train", str(folder / "config.textproto")],
            "export": ["export", str(folder / "run"), "-o", str(folder / _BUNDLE)],
            "verify": ["bundle", "verify", str(folder / _BUNDLE)],
        }
        found: list[Measurement] = []
        for step, arguments in steps.items():
            found += _run(f"{name}_{step}", [sys.executable, "-m", "rankspec", *arguments], folder / "said")
        size = sum(file.stat().st_size for file in (folder / _BUNDLE).iterdir())
        found.append(Measurement(f"{name}_size", size / 1e9, "GB", None))
        # What maps the weights here would count as memory of every process that is started afterwards.
        with ProcessPoolExecutor(1, get_context("spawn")) as executor:
            case = pb.ScoringCase.FromString(executor.submit(_case, folder / _BUNDLE).result())
        for language in LANGUAGES:
            if not is_left_out(language):
                found += _score(name, language, folder, case, refusals.get(language))
        return found


# Java's buffers, and ONNX Runtime for Node, hold no tensor of 2 GiB.
_TOO_LARGE = pb.ScoringVerdict(code=bundle_pb2.ERROR_CODE_FILE_TOO_LARGE, input="weights.bin")
one_table = partial(_measured, "large_table", _ONE, {"java": _TOO_LARGE, "typescript": _TOO_LARGE})
several_tables = partial(_measured, "large_tables", _SEVERAL, {})


def _write_config(folder: Path, tables: tuple[int, ...]) -> None:
    """Writes the tiny ranker's config with such tables, a step of training, and an optimizer without a state."""
    environment = {**os.environ, "RANKSPEC_TINY": str(ROOT / "configs/recap/tiny_data")}
    config = load(_CONFIG, environment=environment).message
    config.training.save_dir = str(folder / "run")
    for field in (
        "num_train_steps",
        "checkpoint_every_n",
        "checkpoint_max_to_keep",
        "num_eval_steps",
        "eval_log_every_n",
    ):
        setattr(config.training, field, 1)
    config.optimizer.sgd.SetInParent()
    del config.model.small_embeddings.tables[:]
    for place, number in enumerate(tables):
        config.model.small_embeddings.tables.add(
            name=f"table_{place}",
            num_embeddings=number,
            embedding_dim=_WIDTH,
            index=place % 2,
            out_of_range_ids=OUT_OF_RANGE_IDS_BUCKET,
        )
    (folder / "config.textproto").write_text(to_textproto(config))


def _case(bundle: Path) -> bytes:
    """Asks for the scores of the golden rows, those of the first and last ids among them."""
    with scoring.open(bundle) as scorer:
        opening = pb.ScoringVerdict(digest=scorer.digest)
        requests = golden_requests(scorer, bundle)
        case = pb.ScoringCase(id="large", bundle=f"../{_BUNDLE}", opening=opening, requests=requests)
        return case.SerializeToString()


def _score(
    name: str, language: str, folder: Path, case: pb.ScoringCase, refusal: pb.ScoringVerdict | None
) -> Iterator[Measurement]:
    """Has a language open the bundle and score."""
    build = ["make", "--silent", f"{language}-scorer"]
    subprocess.run(build, cwd=ROOT, env=environment(), check=True)
    if refusal is not None:
        case = pb.ScoringCase(id=case.id, bundle=case.bundle, opening=refusal)
    corpus = pb.ScoringCorpus(cases=[case])
    place = folder / language
    place.mkdir()
    (place / CORPUS_FILE).write_bytes(corpus.SerializeToString())
    yield from _run(f"{name}_{language}", command(language, place), place / "answers")
    answers = pb.ScoringAnswers.FromString((place / "answers").read_bytes())
    if problems := list(differences(corpus, answers)):
        raise ValueError(f"{language}: {'; '.join(problems)}")


def _run(name: str, arguments: list[str], output: Path) -> Iterator[Measurement]:
    """Runs a program whose output goes to a file.

    Raises:
        ValueError: it failed.
    """
    began = time.perf_counter()
    with output.open("wb") as stream:
        process = subprocess.Popen(arguments, cwd=ROOT, env=environment(), stdout=stream)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ValueError(f"{name} ended with status {process.returncode}")
    yield Measurement(name, time.perf_counter() - began, "s", None)
    # Linux counts in KiB.
    yield Measurement(f"{name}_memory", usage.ru_maxrss * 1024 / 1e9, "GB", None)
