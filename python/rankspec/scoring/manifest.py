"""The manifest of a bundle: reading it, and what it has to say consistently."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from google.protobuf.message import DecodeError

from rankspec.scoring.combining import SCORE
from rankspec.scoring.errors import ScoringError
from rankspec.scoring.layout import FORMAT_VERSION, LISTS_SINCE, MANIFEST_FILE, PLAIN_NAME
from rankspec.scoring.signature import DTYPES
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import BundleManifest, FeatureSignature, IdTable, ServedInput

_SHA256_LENGTH = 64


def parsed_manifest(data: bytes) -> BundleManifest:
    """Reads a manifest.

    Raises:
        ScoringError: VERSION_UNKNOWN, NAME_UNSAFE or MANIFEST_INVALID, looked for in this order.
    """
    try:
        manifest = BundleManifest.FromString(data)
    except DecodeError as error:
        raise _refused(bundle_pb2.ERROR_CODE_MANIFEST_INVALID, "a BundleManifest in protobuf's binary form") from error
    if (least := manifest.least_reader_version) > FORMAT_VERSION:
        expected = f"a least_reader_version of {FORMAT_VERSION} at most"
        raise _refused(bundle_pb2.ERROR_CODE_VERSION_UNKNOWN, expected, f"{least}")
    for place, file in enumerate(manifest.files):
        if not PLAIN_NAME.fullmatch(file.name) or file.name == MANIFEST_FILE:
            expected = f"files[{place}].name: the plain name of a file in the folder itself"
            raise _refused(bundle_pb2.ERROR_CODE_NAME_UNSAFE, expected, ascii(file.name))
    if problem := next(_contradictions(manifest), None):
        raise _refused(bundle_pb2.ERROR_CODE_MANIFEST_INVALID, problem.expected, problem.found)
    return manifest


def _refused(code: bundle_pb2.ErrorCode, expectation: str, found: str = "") -> ScoringError:
    return ScoringError(code, expectation, input=MANIFEST_FILE, found=found)


class _Problem(NamedTuple):
    """What should be there, beginning with the field, and what is."""

    expected: str
    found: str = ""


def _contradictions(manifest: BundleManifest) -> Iterator[_Problem]:
    """What should be there and is not."""
    names = [file.name for file in manifest.files]
    for field in ("format_version", "least_reader_version"):
        if (version := getattr(manifest, field)) < 1:
            yield _Problem(f"{field}: a number from 1 on", str(version))
    if manifest.least_reader_version < LISTS_SINCE and any(item.list for item in manifest.signature.inputs):
        yield _Problem(f"least_reader_version: {LISTS_SINCE}, as inputs have lists", str(manifest.least_reader_version))
    for place, file in enumerate(manifest.files):
        if file.name in names[:place]:
            yield _Problem(f"files[{place}].name: every file once", f"{file.name} again")
        if file.size < 0:
            yield _Problem(f"files[{place}].size: the size of {file.name}", str(file.size))
        if len(file.sha256) != _SHA256_LENGTH:
            yield _Problem(f"files[{place}].sha256: {_SHA256_LENGTH} digits of {file.name}", str(len(file.sha256)))
    for field in ("model_file", "golden_file", "config_file", "config_text_file"):
        if (name := getattr(manifest, field)) not in names:
            yield _Problem(f"{field}: one of files", ascii(name))
    if manifest.HasField("recipe_file") and manifest.recipe_file not in names:
        yield _Problem("recipe_file: one of files", ascii(manifest.recipe_file))
    for place, table in enumerate(manifest.signature.id_tables):
        if table.HasField("vocabulary_file") and table.vocabulary_file not in names:
            yield _Problem(f"signature.id_tables[{place}].vocabulary_file: one of files", ascii(table.vocabulary_file))
    yield from _about_the_signature(manifest.signature)
    yield from _about_outputs(manifest)
    if not (0 < manifest.tolerance.at_opening < math.inf):
        yield _Problem("tolerance.at_opening: a number above 0", f"{manifest.tolerance.at_opening:g}")
    if not manifest.golden_batches:
        yield _Problem("golden_batches: one at least", "none")
    for place, batch in enumerate(manifest.golden_batches):
        if batch.num_rows < 1:
            yield _Problem(f"golden_batches[{place}].num_rows: 1 at least", str(batch.num_rows))


def _about_outputs(manifest: BundleManifest) -> Iterator[_Problem]:
    outputs = [output.name for output in manifest.outputs]
    if not outputs:
        yield _Problem("outputs: one at least", "none")
    for place, (before, after) in enumerate(pairwise(outputs), 1):
        if before.encode() >= after.encode():
            expected = f"outputs[{place}].name: each once, in the order of the names' UTF-8 bytes"
            yield _Problem(expected, f"{after!a} behind {before!a}")
    for task, weight in manifest.score_weights.items():
        if task not in outputs:
            yield _Problem(f"score_weights[{task!a}]: one of outputs", "none of this name")
        if not math.isfinite(weight):
            yield _Problem(f"score_weights[{task!a}]: a finite number", f"{weight:g}")
    if manifest.score_weights and SCORE in outputs:
        yield _Problem("score_weights: none, where an output is called as the combined score is", SCORE)


def _about_the_signature(signature: FeatureSignature) -> Iterator[_Problem]:
    names = [item.name for item in signature.inputs]
    if not names:
        yield _Problem("signature.inputs: one at least", "none")
    for place, item in enumerate(signature.inputs):
        where = f"signature.inputs[{place}]"
        if item.name in names[:place]:
            yield _Problem(f"{where}.name: every input once", f"{item.name!a} again")
        yield from (_Problem(f"{where}.{problem.expected}", problem.found) for problem in _about_input(item))
    if len(signature.hash) != _SHA256_LENGTH:
        yield _Problem(f"signature.hash: {_SHA256_LENGTH} digits", str(len(signature.hash)))
    widths = {item.name: item.width for item in signature.inputs if item.type == bundle_pb2.VALUE_TYPE_INT64}
    for place, table in enumerate(signature.id_tables):
        yield from (
            _Problem(f"signature.id_tables[{place}].{problem.expected}", problem.found)
            for problem in _about_table(table, widths)
        )


def _about_input(item: ServedInput) -> Iterator[_Problem]:
    if not PLAIN_NAME.fullmatch(item.name):
        yield _Problem("name: a plain name", ascii(item.name))
    if item.width < 1:
        yield _Problem("width: 1 at least", str(item.width))
    if item.type not in DTYPES:
        yield _Problem("type: a known one", str(item.type))
    if item.list and not _is_of_lists(item):
        yield _Problem("list: whole numbers of width 1 without unread_positions and allowed_values, as lists are")
    if len(item.feature_names) not in {0, item.width}:
        yield _Problem(f"feature_names: {item.width}, one for each place, or none", str(len(item.feature_names)))
    if len(set(item.feature_names)) != len(item.feature_names):
        yield _Problem("feature_names: each once", "one twice")
    for position in item.unread_positions:
        if not 0 <= position < item.width:
            yield _Problem(f"unread_positions: places from 0 to {item.width - 1}", str(position))


def _is_of_lists(item: ServedInput) -> bool:
    return (
        item.type == bundle_pb2.VALUE_TYPE_INT64
        and item.width == 1
        and not item.unread_positions
        and not item.HasField("allowed_values")
    )


def _about_table(table: IdTable, widths: Mapping[str, int]) -> Iterator[_Problem]:
    """What is wrong with a table over inputs of whole numbers, whose widths are given."""
    width = widths.get(table.input, 0)
    if not width:
        yield _Problem("input: an input of whole numbers", ascii(table.input))
    elif not 0 <= table.position < width:
        yield _Problem(f"position: from 0 to {width - 1}", str(table.position))
    if table.num_ids < 1:
        yield _Problem("num_ids: 1 at least", str(table.num_ids))
    if table.out_of_range_ids not in {1, 2}:
        yield _Problem("out_of_range_ids: a known way", str(table.out_of_range_ids))
