"""The manifest of a bundle: reading it, and what it has to say consistently."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from google.protobuf.message import DecodeError

from rankspec.scoring.errors import ScoringError
from rankspec.scoring.layout import FORMAT_VERSION, LISTS_SINCE, MANIFEST_FILE, PLAIN_NAME
from rankspec.scoring.signature import DTYPES
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import BundleManifest, FeatureSignature, ServedInput

_SHA256_LENGTH = 64


def parsed_manifest(data: bytes) -> BundleManifest:
    """Reads a manifest.

    Raises:
        ScoringError: VERSION_UNKNOWN, NAME_UNSAFE or MANIFEST_INVALID, looked for in this order.
    """
    try:
        manifest = BundleManifest.FromString(data)
    except DecodeError as error:
        raise _invalid("a BundleManifest in protobuf's binary form") from error
    if manifest.least_reader_version > FORMAT_VERSION:
        raise ScoringError(
            bundle_pb2.ERROR_CODE_VERSION_UNKNOWN,
            f"a bundle for readers of version {FORMAT_VERSION}, not of {manifest.least_reader_version} or later",
            input=MANIFEST_FILE,
        )
    for file in manifest.files:
        if not PLAIN_NAME.fullmatch(file.name) or file.name == MANIFEST_FILE:
            raise ScoringError(
                bundle_pb2.ERROR_CODE_NAME_UNSAFE, "plain names of files in the folder itself", input=MANIFEST_FILE
            )
    if problem := next(_contradictions(manifest), None):
        raise _invalid(problem)
    return manifest


def _invalid(expectation: str) -> ScoringError:
    return ScoringError(bundle_pb2.ERROR_CODE_MANIFEST_INVALID, expectation, input=MANIFEST_FILE)


def _contradictions(manifest: BundleManifest) -> Iterator[str]:
    """What should be there and is not."""
    names = [file.name for file in manifest.files]
    if manifest.least_reader_version < LISTS_SINCE and any(item.list for item in manifest.signature.inputs):
        yield f"a least_reader_version of {LISTS_SINCE} where inputs have lists"
    if manifest.format_version < 1 or manifest.least_reader_version < 1:
        yield "versions from 1 on"
    if len(set(names)) != len(names):
        yield "every file once"
    if any(file.size < 0 or len(file.sha256) != _SHA256_LENGTH for file in manifest.files):
        yield "a size and a SHA-256 for every file"
    for field in ("model_file", "golden_file", "config_file", "config_text_file"):
        if getattr(manifest, field) not in names:
            yield f"{field} among files"
    if manifest.HasField("recipe_file") and manifest.recipe_file not in names:
        yield "recipe_file among files"
    yield from _about_the_signature(manifest.signature)
    outputs = [output.name for output in manifest.outputs]
    if not outputs or outputs != sorted(set(outputs), key=str.encode):
        yield "outputs, each once, in the order of their names' UTF-8 bytes"
    if not all(task in outputs and math.isfinite(weight) for task, weight in manifest.score_weights.items()):
        yield "finite weights of outputs in score_weights"
    if not (0 < manifest.tolerance.at_opening < math.inf):
        yield "a tolerance above 0"
    if not manifest.golden_batches or any(batch.num_rows < 1 for batch in manifest.golden_batches):
        yield "golden batches of one row at least"


def _about_the_signature(signature: FeatureSignature) -> Iterator[str]:
    inputs = signature.inputs
    if not inputs or len({item.name for item in inputs}) != len(inputs):
        yield "inputs, each once"
    if any(not PLAIN_NAME.fullmatch(item.name) or item.width < 1 or item.type not in DTYPES for item in inputs):
        yield "a plain name, a width and a type for every input"
    if any(item.list and not _is_of_lists(item) for item in inputs):
        yield "lists of ids alone: whole numbers, a width of 1, no unread_positions and no allowed_values"
    if not all(_has_fitting_features(item) for item in inputs):
        yield "feature_names for every position or none, each once, and unread_positions in the row"
    if len(signature.hash) != _SHA256_LENGTH:
        yield "the signature's hash"
    if not all(_are_tables_of(signature, inputs)):
        yield "id_tables over positions of inputs of whole numbers"


def _has_fitting_features(item: ServedInput) -> bool:
    names = item.feature_names
    return (
        len(names) in (0, item.width)
        and len(set(names)) == len(names)
        and all(0 <= position < item.width for position in item.unread_positions)
    )


def _is_of_lists(item: ServedInput) -> bool:
    return (
        item.type == bundle_pb2.VALUE_TYPE_INT64
        and item.width == 1
        and not item.unread_positions
        and not item.HasField("allowed_values")
    )


def _are_tables_of(signature: FeatureSignature, inputs: Sequence[ServedInput]) -> Iterator[bool]:
    whole = {item.name: item.width for item in inputs if item.type == bundle_pb2.VALUE_TYPE_INT64}
    for table in signature.id_tables:
        yield 0 <= table.position < whole.get(table.input, 0) and table.num_ids > 0 and table.out_of_range_ids in (1, 2)
