"""Opens bundles and scores rows with them."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from rankspec.scoring.columns import Placement
from rankspec.scoring.combining import SCORE, combined
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.golden import difference, golden_batches
from rankspec.scoring.layout import MAX_BUNDLE_BYTES, OUTPUTS
from rankspec.scoring.onnx_model import start_session
from rankspec.scoring.reading import BundleFiles, read_bundle
from rankspec.scoring.threads import available_threads
from rankspec.serving.v1 import bundle_pb2

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from rankspec.scoring.raw_rows import RawRows
    from rankspec.serving.v1.bundle_pb2 import BundleManifest


class Scorer(AbstractContextManager["Scorer"]):
    """Scores rows with one bundle. Any number of threads may do so at once; `open` makes one.

    Attributes:
        manifest: the bundle's manifest; not to be changed.
        digest: SHA-256 of the manifest's file, in hexadecimal: the bundle's identity.
        tasks: names of the outputs, in their order.
    """

    def __init__(self, bundle: BundleFiles, num_threads: int | None = None) -> None:
        """Starts ONNX Runtime, and has it score the golden rows.

        Args:
            bundle: what `read_bundle` gave.
            num_threads: for the work inside one request; None takes as many as the container may use.

        Raises:
            ScoringError: with one of the codes from MODEL_INVALID to GOLDEN_MISMATCH.
        """
        self.manifest: BundleManifest = bundle.manifest
        self.digest = bundle.digest
        self.tasks = tuple(output.name for output in self.manifest.outputs)
        self._weights = dict(self.manifest.score_weights)
        self._placement = Placement(self.manifest.signature)
        self._bundle: BundleFiles | None = bundle
        self._session: Any = start_session(bundle, num_threads or available_threads())
        self._closing = threading.Condition()
        self._under_way = 0
        self._reading_recipe = threading.Lock()
        self._raw_rows: RawRows | None = None
        self.golden_difference = self._checked_golden_rows()

    @property
    def signature_hash(self) -> str:
        """What has to come with whole vectors."""
        return self.manifest.signature.hash

    def score(self, columns: Mapping[str, Any], signature_hash: str | None = None) -> dict[str, NDArray[np.float32]]:
        """Scores rows.

        Args:
            columns: by name, float32 or int64 as the signature says: `[rows, width]` of an input, or `[rows]` of a
                feature, which is called `input/feature`. An input is given either way. One of lists of ids is given as
                a sequence of whole numbers for each row, or as the matrix that `padded_lists` makes.
            signature_hash: `signature_hash` of the bundle that whole vectors were made for; they are refused without.

        Returns:
            Float32 `[rows]` of each task, in their order, and then of `score` if the bundle has weights.

        Raises:
            ScoringError: with one of the codes from CLOSED on.
        """
        return self.score_placed(self.placed(columns, signature_hash))

    def score_raw(self, rows: object) -> dict[str, NDArray[np.float32]]:
        """Scores raw rows, as the table had them that `rankspec data import` made the data set of.

        Args:
            rows: an Arrow table, whatever hands one over (`__arrow_c_stream__`), or columns by name: lists or arrays.
                Columns that the recipe does not read are left alone.

        Returns:
            As `score`.

        Raises:
            ScoringError: with one of the codes from RECIPE_INVALID to VOCABULARY_INVALID, or from CLOSED on.
            TypeError: `rows` is a list of rows.
            ModuleNotFoundError: pyarrow is not installed; `pip install 'rankspec[raw]'` installs it.
        """
        inputs = self.raw_rows().inputs(rows)
        return self.score_placed(self.placed(inputs, self.signature_hash))

    def raw_rows(self) -> RawRows:
        """The bundle's recipe; it is read when this is first called.

        Raises:
            ScoringError: with one of the codes from RECIPE_INVALID to VOCABULARY_INVALID, RECIPE_MISSING or CLOSED.
            ModuleNotFoundError: pyarrow is not installed.
        """
        with self._reading_recipe:
            if self._raw_rows is None:
                self._raw_rows = self._read_recipe()
            return self._raw_rows

    def _read_recipe(self) -> RawRows:
        from rankspec.scoring.raw_rows import RawRows

        bundle = self._bundle
        if bundle is None:
            raise ScoringError(bundle_pb2.ERROR_CODE_CLOSED, "a scorer that is open")
        if not self.manifest.HasField("recipe_file"):
            raise ScoringError(
                bundle_pb2.ERROR_CODE_RECIPE_MISSING,
                "a bundle of a data set that `rankspec data import` made; this one takes inputs as they are stored",
            )
        return RawRows(bundle)

    def placed(self, columns: Mapping[str, Any], signature_hash: str | None = None) -> dict[str, NDArray[Any]]:
        """The model's inputs of a request, `[rows, width]` by name; those of several requests can be joined by row.

        Args:
            columns: as `score` takes them.
            signature_hash: as `score` takes it.

        Raises:
            ScoringError: with one of the codes from SIGNATURE_MISMATCH to VALUE_NOT_ALLOWED.
        """
        return self._placement.placed(columns, signature_hash)

    def score_placed(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Scores what `placed` gave, as `score` does.

        Raises:
            ScoringError: CLOSED or SCORING_FAILED.
        """
        outputs = self._run(inputs)
        found = {name: outputs[:, place] for place, name in enumerate(self.tasks)}
        if self._weights:
            found[SCORE] = combined(found, self._weights)
        return found

    def _run(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The model's outputs, float32 `[rows, tasks]`."""
        with self._closing:
            if self._session is None:
                raise ScoringError(bundle_pb2.ERROR_CODE_CLOSED, "a scorer that is open")
            session = self._session
            self._under_way += 1
        try:
            outputs: NDArray[np.float32] = session.run([OUTPUTS], dict(inputs))[0]
        except Exception as error:  # ONNX Runtime's errors have no common class below this one.
            raise ScoringError(bundle_pb2.ERROR_CODE_SCORING_FAILED, "ONNX Runtime to score the rows") from error
        finally:
            with self._closing:
                self._under_way -= 1
                self._closing.notify_all()
        return outputs

    def _checked_golden_rows(self) -> float:
        """The largest difference of the golden rows' outputs from what is expected.

        Raises:
            ScoringError: GOLDEN_INVALID or GOLDEN_MISMATCH.
        """
        assert self._bundle is not None, "it is open"
        worst, tolerance = 0.0, self.manifest.tolerance.at_opening
        for batch in golden_batches(self.manifest, self._bundle.contents[self.manifest.golden_file]):
            worst = max(worst, difference(self._run(batch.inputs), batch.outputs))
            if worst > tolerance:
                raise ScoringError(
                    bundle_pb2.ERROR_CODE_GOLDEN_MISMATCH,
                    f"outputs within {tolerance:g} of the expected ones",
                    input=batch.name,
                    found=f"{worst:.3g}",
                )
        return worst

    def close(self) -> None:
        """Waits for the requests under way, and lets go of model and files. Closing twice is no error."""
        with self._closing:
            self._session = None
            self._closing.wait_for(lambda: self._under_way == 0)
            self._bundle = None

    def __exit__(self, *_error: object) -> None:
        self.close()


def open(  # noqa: A001 - called as `scoring.open`
    folder: str | os.PathLike[str],
    expect_digest: str | None = None,
    *,
    num_threads: int | None = None,
    max_bytes: int = MAX_BUNDLE_BYTES,
) -> Scorer:
    """Opens a bundle that may be a stranger's: every byte that is used of it is one that its manifest vouches for.

    Args:
        folder: the bundle's.
        expect_digest: what the manifest's SHA-256 has to be, in hexadecimal; None takes any.
        num_threads: for the work inside one request; None takes as many as the container may use.
        max_bytes: what all files together may have.

    Raises:
        ScoringError: the bundle is not opened; its codes from NO_BUNDLE to GOLDEN_MISMATCH say why.
    """
    return Scorer(read_bundle(folder, expect_digest, max_bytes), num_threads)
