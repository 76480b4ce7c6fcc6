"""What export says beyond the corpus: how far another number format is off, and what it does not take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rankspec.serving.v1.bundle_pb2 import BundleManifest
from tests.integration.trainer.runs import Runs, write_data

from rankspec.cli import main
from rankspec.families.recap.program.export import exporting
from rankspec.scoring.golden import golden_batches
from rankspec.scoring.layout import MANIFEST_FILE
from rankspec.trainer import run

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parents[2]
_SHORT = "training { num_train_steps: 2 checkpoint_every_n: 2 eval_log_every_n: 2 }"


def _trained(tmp_path: Path, *changes: str) -> str:
    """Trains for two steps; returns the run's folder."""
    (tmp_path / "data").mkdir()
    write_data(tmp_path / "data")
    job = Runs(tmp_path, tmp_path / "data").job("run", _SHORT, *changes, plain=True)
    assert run.train(job), "nobody interrupts it"
    return str(tmp_path / "run")


def test_a_run_of_mixed_precision_is_told_how_far_float32_is_from_what_was_evaluated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = _trained(tmp_path, "runtime { enable_amp: true }")

    assert main(["export", trained, "-o", str(tmp_path / "bundle")]) == 0

    manifest = BundleManifest.FromString((tmp_path / "bundle" / MANIFEST_FILE).read_bytes())
    # Eight bits of a number are kept in bfloat16.
    assert manifest.precision.evaluated_in == "bfloat16"
    assert 1e-5 < manifest.precision.difference < 0.05
    assert manifest.tolerance.found_at_export < 1e-6, "it is float32 that is exported"
    told = f"what was evaluated in bfloat16 differs by up to {manifest.precision.difference:.2g}"
    assert told in capsys.readouterr().out


def test_a_checkpoint_whose_weights_are_not_finite_is_not_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = _trained(tmp_path)
    load_weights = exporting.load_weights

    def spoilt(checkpoint: object, setup: object) -> list[str]:
        return [*load_weights(checkpoint, setup), "model.backbone.weight"]  # type: ignore[arg-type]

    monkeypatch.setattr(exporting, "load_weights", spoilt)
    assert main(["export", trained, "-o", str(tmp_path / "bundle")]) == 1

    assert "checkpoint 2 is not exported: its model.backbone.weight is not finite" in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()


def test_graph_embeddings_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["export", str(_ROOT / "configs/twhin/tiny.textproto"), "-o", "bundle"]) == 1

    assert "nothing exports a TwhinConfig yet; a RecapConfig is exported" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_golden_rows_have_every_kind_of_edge(tmp_path: Path) -> None:
    trained = _trained(
        tmp_path,
        'model { small_embeddings { tables { name: "item" num_embeddings: 10 embedding_dim: 4 feature { index: 1 } '
        "out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET } } }",
    )

    assert main(["export", trained, "-o", str(tmp_path / "bundle")]) == 0

    manifest = BundleManifest.FromString((tmp_path / "bundle" / MANIFEST_FILE).read_bytes())
    content = memoryview((tmp_path / "bundle" / manifest.golden_file).read_bytes())
    batches = {batch.name: batch for batch in golden_batches(manifest, content)}
    assert len(batches["validation/valid"].outputs) >= 100
    assert len(batches["edge/one row"].outputs) == 1
    odd = batches["edge/not finite"].inputs["continuous"]
    assert np.isnan(odd).any()
    assert np.isposinf(odd).any()
    assert np.isneginf(odd).any()
    (table,) = manifest.signature.id_tables
    ids = set(batches["edge/ids"].inputs["discrete"][:, table.position].tolist())
    assert ids == {0, 9, -1, 10, 2**63 - 1, -(2**63)}
