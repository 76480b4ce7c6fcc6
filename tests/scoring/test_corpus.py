"""Export and the Python scorer over the whole corpus: every kind of model, every wrong request, every spoilt bundle."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conformance.v1 import scoring_pb2 as pb
from tests.scoring.comparing import differences
from tests.scoring.executor import answer
from tests.scoring.make_corpus import make_corpus
from tests.scoring.running import CORPUS_FILE, LANGUAGES, problems

from rankspec import scoring
from rankspec.scoring.golden import golden_batches

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus' folder."""
    folder = tmp_path_factory.mktemp("scores") / "corpus"
    make_corpus(folder)
    return folder


def test_every_case_is_answered_as_it_has_to_be(corpus: Path) -> None:
    cases = pb.ScoringCorpus.FromString((corpus / CORPUS_FILE).read_bytes())

    answers = pb.ScoringAnswers(answers=[answer(corpus, case) for case in cases.cases])

    assert list(differences(cases, answers)) == []
    assert len([case for case in cases.cases if case.opening.code]) >= 50


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "python"])
def test_every_language_answers_as_it_has_to(corpus: Path, language: str) -> None:
    missing = [tool for tool in LANGUAGES[language] if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{language}'s scorer needs {', '.join(missing)}")

    assert problems(language, corpus) == []


def test_features_backwards_are_placed_right_by_name_and_refused_as_vectors(corpus: Path) -> None:
    with scoring.open(corpus / "named_features") as scorer:
        golden = (corpus / "named_features" / "golden.bin").read_bytes()
        rows = dict(next(golden_batches(scorer.manifest, memoryview(golden))).inputs)
        right = scorer.score(rows, scorer.signature_hash)
        names = scorer.manifest.signature.inputs[0].feature_names
        by_name = {f"continuous/{name}": rows["continuous"][:, place] for place, name in enumerate(names)}
        others = {name: values for name, values in rows.items() if name != "continuous"}
        backwards = scorer.score(dict(reversed(by_name.items())) | others, scorer.signature_hash)
        wrong = scorer.score(rows | {"continuous": rows["continuous"][:, ::-1]}, scorer.signature_hash)
        with pytest.raises(scoring.ScoringError, match="SIGNATURE_REQUIRED"):
            scorer.score(rows | {"continuous": rows["continuous"][:, ::-1]})

    np.testing.assert_array_equal(backwards["like"], right["like"])
    assert np.abs(wrong["like"] - right["like"]).max() > 0.01


def test_other_weights_make_another_bundle_of_the_same_files(corpus: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rankspec", "bundle"]
    base, other = corpus / "mask_net", tmp_path / "other"

    made = subprocess.run([*command, "set-weights", base, "-o", other, "like=2"], check=False)
    again = subprocess.run([*command, "set-weights", base, "-o", other, "like=2"], check=False, capture_output=True)

    assert (made.returncode, again.returncode) == (0, 1)
    assert (base / "model.onnx").samefile(other / "model.onnx")
    with scoring.open(base) as before, scoring.open(other) as after:
        assert before.digest != after.digest
        assert before.manifest.fingerprint != after.manifest.fingerprint
        assert dict(after.manifest.score_weights) == {"like": 2}
