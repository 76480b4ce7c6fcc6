"""From a checkpoint of a ranking model to a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rankspec.analysis.fingerprint import fingerprint
from rankspec.claims.views import whole_message
from rankspec.families.recap.program.export.comparing import compare
from rankspec.families.recap.program.export.golden_rows import first_rows, golden_rows
from rankspec.families.recap.program.export.graph import EXTERNAL_ABOVE, write_model
from rankspec.families.recap.program.export.recipe import recipe_files
from rankspec.families.recap.program.export.served_model import (
    Reference,
    ServedModel,
    served_inputs,
    steps_of,
)
from rankspec.families.recap.program.export.signature import served_outputs, served_signature
from rankspec.families.recap.program.export.stored_rows import Rows, baseline_of, stored_batches
from rankspec.families.recap.program.export.vocabularies import add_vocabularies
from rankspec.files.durable import staged, write_file
from rankspec.formats.writing import write_with_variables
from rankspec.scoring import layout
from rankspec.scoring.config_files import without_places
from rankspec.scoring.golden import GoldenBatch as GoldenValues
from rankspec.scoring.golden import difference, golden_bytes
from rankspec.scoring.reading import read_bundle
from rankspec.scoring.scorer import Scorer
from rankspec.scoring.writing import Exported, list_files, write_manifest
from rankspec.serving.v1.bundle_pb2 import BundleManifest, DriftBaseline, GoldenBatch, Precision, Tolerance
from rankspec.trainer.chosen_checkpoint import Which, choose_together
from rankspec.trainer.errors import TrainError
from rankspec.trainer.setup import Job, Setup, set_up
from rankspec.trainer.trained_model import load_weights


def export(job: Job, folder: Path, which: Which | None = None, *, external_above: int = EXTERNAL_ABOVE) -> Exported:
    """Writes a checkpoint of a run as a bundle.

    Args:
        job: the run.
        folder: the bundle's place, where nothing may be.
        which: the checkpoint, as `choose_checkpoint` takes it.
        external_above: bytes of weights from which on they get a file of their own.

    Raises:
        TrainError: there is no such checkpoint, or ONNX Runtime does not compute what torch does.
        DataError: data, or what the model was built from, cannot be read.
        FileExistsError: there is something at the bundle's place.
    """
    with staged(folder) as place, set_up(job) as setup, ExitStack() as stack:
        checkpoint = choose_together(setup, which, stack)
        if names := load_weights(checkpoint, setup):
            raise TrainError(f"checkpoint {checkpoint.step} is not exported: its {names[0]} is not finite", "training")
        setup.program.model.eval()
        manifest = _Export(setup, checkpoint.step).write(place, external_above)
        digest = write_manifest(place, manifest)
        # As whoever gets it will.
        Scorer(read_bundle(place)).close()
    return Exported(folder, manifest, digest)


class _Export:
    """What is computed and written for one bundle."""

    def __init__(self, setup: Setup, step: int) -> None:
        self._setup = setup
        self._config: Any = whole_message(setup.config)
        self._step = step
        self._model: Any = setup.program.model
        self._inputs = served_inputs(self._config.model, setup.program.inputs)
        self._steps = steps_of(self._config.train_data, self._inputs)
        self._signature = served_signature(self._config.model, self._inputs, self._steps.steps)
        self._validation = min(self._config.validation_data, default=None)

    def write(self, place: Path, external_above: int) -> BundleManifest:
        """Writes all files but the manifest, which is returned."""
        rows = first_rows(self._stored())
        precision = self._precision(rows)
        self._model.to("cpu")
        reference = Reference(self._model, self._steps)
        golden = golden_rows(self._signature, rows, self._validation or "", reference.predictions)
        served = ServedModel(self._model, self._inputs, self._steps.steps).eval()
        tensors = write_model(served, self._inputs, place, external_above)
        write_file(
            place, layout.GOLDEN_FILE, golden_bytes(golden, {item.name for item in self._signature.inputs if item.list})
        )
        manifest = self._manifest(golden, precision)
        manifest.external_tensors.extend(tensors)
        baseline = self._baseline(reference)
        if baseline is not None:
            manifest.baseline.CopyFrom(baseline)
        self._write_config(place, manifest)
        self._write_recipe_and_vocabularies(place, manifest)
        list_files(place, manifest)
        manifest.tolerance.found_at_export = compare(place, manifest, golden)
        return manifest

    def _stored(self) -> Any:
        """Rows of the validation set as they are stored; none if there is no set."""
        if self._validation is None:
            return iter(())
        return stored_batches(self._config, self._validation, self._inputs)

    def _precision(self, rows: Rows | None) -> Precision:
        """How far the evaluated number format is from float32; computed where the model was evaluated."""
        dtype = self._setup.runtime.amp_dtype
        if dtype is None:
            return Precision()
        precision = Precision(evaluated_in=str(dtype).removeprefix("torch."))
        if rows is not None:
            reference = Reference(self._model, self._steps)
            plain = reference.predictions(rows)
            with self._setup.runtime.autocast():
                mixed = reference.predictions(rows)
            precision.difference = difference(mixed, plain)
        return precision

    def _manifest(self, golden: Sequence[GoldenValues], precision: Precision) -> BundleManifest:
        return BundleManifest(
            format_version=layout.FORMAT_VERSION,
            least_reader_version=layout.LISTS_SINCE if any(item.list for item in self._signature.inputs) else 1,
            generator=f"rankspec {version('rankspec')}",
            semantic_fingerprint=self._setup.job.semantic_fingerprint,
            run_fingerprint=self._setup.job.fingerprint,
            step=self._step,
            config_message=self._config.DESCRIPTOR.full_name,
            config_file=layout.CONFIG_FILE,
            config_text_file=layout.CONFIG_TEXT_FILE,
            model_file=layout.MODEL_FILE,
            golden_file=layout.GOLDEN_FILE,
            signature=self._signature,
            outputs=served_outputs(self._config.model),
            score_weights=dict(self._config.score_weights),
            precision=precision,
            tolerance=Tolerance(at_export=Tolerance().at_export, at_opening=Tolerance().at_opening),
            golden_batches=[GoldenBatch(name=one.name, num_rows=len(one.outputs)) for one in golden],
        )

    def _baseline(self, reference: Reference) -> DriftBaseline | None:
        if self._validation is None:
            return None
        num_outputs = len(self._config.model.tasks)
        return baseline_of(self._stored(), self._signature, num_outputs, reference.predictions, self._validation)

    def _write_config(self, place: Path, manifest: BundleManifest) -> None:
        config = without_places(self._config)
        manifest.fingerprint = fingerprint(config).full
        write_file(place, layout.CONFIG_FILE, write_with_variables(config, "binary"))
        write_file(place, layout.CONFIG_TEXT_FILE, write_with_variables(config, "textproto"))

    def _write_recipe_and_vocabularies(self, place: Path, manifest: BundleManifest) -> None:
        schema = self._config.train_data.seg_dense_schema
        recipe = recipe_files(schema, self._signature)
        vocabularies = add_vocabularies(manifest.signature, schema, self._inputs, recipe)
        for name, data in {**recipe, **vocabularies}.items():
            write_file(place, name, data)
        if recipe:
            manifest.recipe_file = layout.RECIPE_FILE
