"""Holds what ONNX Runtime computes with an exported model against what torch does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rankspec.families.recap.program.export.golden_rows import EDGE
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.golden import GoldenBatch, difference, swaps_ranks
from rankspec.scoring.layout import OUTPUTS
from rankspec.scoring.onnx_model import start_session
from rankspec.scoring.reading import BundleFiles, read_contents
from rankspec.scoring.threads import available_threads
from rankspec.serving.v1.bundle_pb2 import BundleManifest
from rankspec.trainer.errors import TrainError

# Numbers that no data have are rounded more coarsely on the way, in torch as in ONNX Runtime.
_OF_EDGES = 10


def compare(place: Path, manifest: BundleManifest, golden: Sequence[GoldenBatch]) -> float:
    """The largest difference over the golden rows.

    Args:
        place: the bundle's folder, without the manifest.
        manifest: what will be written; it lists the files.
        golden: the rows, with what torch computed.

    Raises:
        TrainError: ONNX Runtime does not take the model, or differs by more than the tolerance.
    """
    worst = 0.0
    try:
        session = start_session(BundleFiles(manifest, "", read_contents(place, manifest)), available_threads())
    except ScoringError as error:
        raise TrainError(f"ONNX Runtime does not take what torch exported: {error}", "model") from error
    tasks = [output.name for output in manifest.outputs]
    for batch in golden:
        tolerance = manifest.tolerance.at_export * (_OF_EDGES if batch.name.startswith(EDGE) else 1)
        found: NDArray[np.float32] = session.run([OUTPUTS], dict(batch.inputs))[0]
        worst = max(worst, apart := difference(found, batch.outputs))
        if apart > tolerance:
            raise _differs(f"by {apart:.2g}, more than {tolerance:g}", batch.name)
        for number, task in enumerate(tasks):
            if swaps_ranks(found[:, number], batch.outputs[:, number], tolerance):
                raise _differs(f'in the order of two rows by "{task}"', batch.name)
    return worst


def _differs(how: str, where: str) -> TrainError:
    return TrainError(
        f"ONNX Runtime and torch differ {how}, for the golden rows {where}; nothing is exported, as what would be "
        "served is not what was trained",
        "model",
    )
