"""Nothing is exported where ONNX Runtime and torch differ: by how much, and in which order rows come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rankspec.serving.v1.bundle_pb2 import BundleManifest

from rankspec.families.recap.program.export.comparing import compare
from rankspec.families.recap.program.export.golden_rows import EDGE
from rankspec.scoring.golden import GoldenBatch, golden_batches
from rankspec.scoring.layout import MANIFEST_FILE
from rankspec.trainer.errors import TrainError

_BUNDLE = Path(__file__).parents[1] / "scoring" / "example_bundle"


def _exported() -> tuple[BundleManifest, list[GoldenBatch]]:
    """A manifest, and its golden rows with what ONNX Runtime computes here in the place of what torch did."""
    manifest = BundleManifest.FromString((_BUNDLE / MANIFEST_FILE).read_bytes())
    return manifest, list(golden_batches(manifest, memoryview((_BUNDLE / manifest.golden_file).read_bytes())))


def _changed(golden: list[GoldenBatch], is_edge: bool, change: Callable[[np.ndarray], None]) -> list[GoldenBatch]:
    """The rows with other outputs of the first batch that is, or is not, of edges and has several rows."""
    place = next(
        place for place, batch in enumerate(golden) if batch.name.startswith(EDGE) == is_edge and len(batch.outputs) > 1
    )
    outputs = golden[place].outputs.copy()
    change(outputs)
    return [*golden[:place], golden[place]._replace(outputs=outputs), *golden[place + 1 :]]


def _moved(by: float) -> Callable[[np.ndarray], None]:
    def move(outputs: np.ndarray) -> None:
        outputs[0, 0] += by

    return move


def test_what_agrees_is_exported_with_the_difference_that_was_found() -> None:
    manifest, golden = _exported()

    assert compare(_BUNDLE, manifest, golden) <= 1e-6


@pytest.mark.parametrize(
    ("is_edge", "by"), [pytest.param(False, 3e-6, id="of the validation set"), pytest.param(True, 2e-5, id="odd")]
)
def test_outputs_that_differ_by_more_are_refused(is_edge: bool, by: float) -> None:
    manifest, golden = _exported()

    with pytest.raises(TrainError, match=r"ONNX Runtime and torch differ by .*; nothing is exported"):
        compare(_BUNDLE, manifest, _changed(golden, is_edge, _moved(by)))


def test_odd_rows_may_differ_by_ten_times_as_much() -> None:
    manifest, golden = _exported()

    assert 2e-6 < compare(_BUNDLE, manifest, _changed(golden, True, _moved(4e-6))) < 1e-5


def test_rows_in_another_order_are_refused_even_where_no_output_is_far_off() -> None:
    manifest, golden = _exported()
    scores = golden[0].outputs[:, 0]
    order = np.argsort(scores)
    place = int(np.argmax(np.diff(scores[order])))
    lower, upper = order[place], order[place + 1]
    # Between the two rows lies half of what an output may be off, so that they can change places within it.
    most = manifest.tolerance.at_export = 2 * float(scores[upper] - scores[lower])

    def swap(outputs: np.ndarray) -> None:
        outputs[lower, 0] += 0.9 * most
        outputs[upper, 0] -= 0.9 * most

    with pytest.raises(TrainError, match=r'in the order of two rows by "like", for the golden rows validation/valid'):
        compare(_BUNDLE, manifest, _changed(golden, False, swap))
