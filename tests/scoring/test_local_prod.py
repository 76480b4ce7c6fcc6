"""The full-size ranker: exported as it is shipped, with weights as external data, it scores as torch predicts.

About 1 GB of disk and half a minute of one core: a step of training, a checkpoint of 580 MB, a bundle of 197 MB.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

import rankspec
from rankspec import scoring
from rankspec.cli import main
from rankspec.datasets.vectors import matrix_of

pytestmark = pytest.mark.slow

_CONFIG = Path(__file__).parents[2] / "configs/recap/local_prod.textproto"
_SHORT = {
    "training.num_train_steps": 1,
    "training.checkpoint_every_n": 1,
    "training.num_eval_steps": 1,
    "training.eval_log_every_n": 1,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with `runs`, the bundle `bundle` and Triton's `repository`; it is large, and removed afterwards."""
    folder = tmp_path_factory.mktemp("local_prod")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RANKSPEC_RANDOM_DATA", str(folder / "random"))
        patch.setenv("RANKSPEC_RUNS", str(folder / "runs"))
        changes = [f"--set={path}={value}" for path, value in _SHORT.items()]
        assert main(["data", "random", "-o", str(folder / "random"), "--rows", "128", "--files", "1"]) == 0
        assert main(["train", str(_CONFIG), *changes]) == 0
        exported = ["-o", str(folder / "bundle"), "--triton", str(folder / "repository")]
        assert main(["export", str(folder / "runs/local_prod"), *exported]) == 0
        yield folder
    shutil.rmtree(folder)


def test_weights_are_external_data_that_a_scorer_maps(place: Path) -> None:
    assert main(["bundle", "verify", str(place / "bundle")]) == 0
    with scoring.open(place / "bundle") as scorer:
        external = {tensor.file for tensor in scorer.manifest.external_tensors}

    assert external == {"weights.bin"}
    # 48,115,108 parameters, of which normalizations and biases stay with the graph.
    assert (place / "bundle/weights.bin").stat().st_size > 0.99 * 48_115_108 * 4
    assert (place / "bundle/model.onnx").stat().st_size < 2**20


def test_scores_are_what_the_run_predicts(place: Path) -> None:
    with pytest.warns(UserWarning, match="advice"):
        run = rankspec.Run(_CONFIG, set=_SHORT)
    (file,) = (place / "random").glob("*.parquet")
    predicted = run.predict(file, carry=[])
    rows = pq.read_table(file)
    stored = run.config.train_data.seg_dense_schema.renamed_features

    with scoring.open(place / "bundle") as scorer:
        columns = {
            item.name: matrix_of(rows[stored[item.name]], np.float32 if item.HasField("non_finite_value") else np.int64)
            for item in scorer.manifest.signature.inputs
        }
        scores = scorer.score(columns, scorer.signature_hash)

    assert list(scores) == predicted.column_names
    # The combined score is a sum of weight times probability, and some weights are large.
    of_score = sum(abs(weight) for weight in run.config.score_weights.values())
    for name, values in scores.items():
        atol = 1e-6 * (of_score if name == "score" else 1)
        np.testing.assert_allclose(values, predicted[name].to_numpy(), rtol=0, atol=atol)


def test_repository_of_triton_has_the_weights_beside_the_model(place: Path) -> None:
    model = place / "repository/bundle"
    config = text_format.Parse((model / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())

    assert [list(item.dims) for item in config.output] == [[10]]
    assert sorted(file.name for file in (model / "1").iterdir()) == ["model.onnx", "weights.bin"]
    assert (model / "1/weights.bin").stat().st_size == (place / "bundle/weights.bin").stat().st_size
