"""Looks at an ONNX model before ONNX Runtime is given it, and starts a session that scores with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import onnxruntime
from google.protobuf.message import DecodeError

from rankspec.scoring.errors import ScoringError
from rankspec.scoring.layout import MAX_MODEL_BYTES, OUTPUTS
from rankspec.scoring.reading import BundleFiles
from rankspec.scoring.signature import dtype_of
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import BundleManifest, ExternalTensor
from rankspec.serving.v1.onnx_pb2 import OnnxGraph, OnnxModel, OnnxTensor

_OWN_DOMAINS = ("", "ai.onnx")
_FLOAT32, _EXTERNAL = 1, 1
# Of the columns of lists, whose number the rows decide.
_ANY_WIDTH = -1
_ORT_TYPES = {"float32": "tensor(float)", "int64": "tensor(int64)"}


def start_session(bundle: BundleFiles, num_threads: int) -> onnxruntime.InferenceSession:
    """Starts ONNX Runtime with a bundle's model.

    Raises:
        ScoringError: FILE_TOO_LARGE, MODEL_INVALID or EXTERNAL_DATA_INVALID.
    """
    manifest = bundle.manifest
    content = bundle.contents[manifest.model_file]
    if len(content) > MAX_MODEL_BYTES:
        raise ScoringError(
            bundle_pb2.ERROR_CODE_FILE_TOO_LARGE,
            f"{MAX_MODEL_BYTES} bytes at most",
            input=manifest.model_file,
            found=str(len(content)),
        )
    data = bytes(content)
    check_model(data, manifest)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # What fails is raised.
    tensors = _external_values(bundle)
    if tensors:
        options.add_external_initializers(list(tensors), list(tensors.values()))
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no common class below this one.
        raise _invalid(manifest, f"a model that ONNX Runtime {onnxruntime.__version__} can load") from error
    _check_interface(session, manifest)
    return session


def check_model(data: bytes, manifest: BundleManifest) -> None:
    """Makes sure that a model has ONNX's own operators only, and its tensors in itself or where the manifest says.

    Raises:
        ScoringError: MODEL_INVALID or EXTERNAL_DATA_INVALID.
    """
    try:
        model = OnnxModel.FromString(data)
    except DecodeError as error:
        raise _invalid(manifest, "an ONNX model") from error
    domains = {used.domain for used in model.opset_import} | set(_domains(model.graph))
    if foreign := sorted(domains - set(_OWN_DOMAINS)):
        raise _invalid(manifest, "ONNX's own operators alone", f"operators of {foreign[0]!a}")
    if model.functions or model.graph.sparse_initializer:
        raise _invalid(manifest, "plain operators and tensors", "functions, or sparse tensors")
    external = {tensor.name: tensor for tensor in model.graph.initializer if tensor.data_location == _EXTERNAL}
    listed = {tensor.name: tensor for tensor in manifest.external_tensors}
    hidden = any(tensor.data_location == _EXTERNAL for tensor in _inner_tensors(model.graph))
    sizes = {file.name: file.size for file in manifest.files}
    if hidden or external.keys() != listed.keys() or len(listed) != len(manifest.external_tensors):
        raise _external_invalid(manifest)
    if not all(_agree(external[name], listed[name], sizes) for name in listed):
        raise _external_invalid(manifest)


def _agree(tensor: OnnxTensor, listed: ExternalTensor, sizes: Mapping[str, int]) -> bool:
    """Whether model and manifest say the same of where a tensor lies, and it lies there."""
    said = {entry.key: entry.value for entry in tensor.external_data}
    num_bytes = 4 * math.prod(listed.shape)
    return (
        tensor.data_type == _FLOAT32
        and list(tensor.dims) == list(listed.shape)
        and all(size > 0 for size in listed.shape)
        and said.get("location") == listed.file
        and said.get("offset", "0") == str(listed.offset)
        and said.get("length", str(num_bytes)) == str(num_bytes)
        and 0 <= listed.offset <= sizes.get(listed.file, -1) - num_bytes
        and listed.offset % 4 == 0
    )


def _domains(graph: OnnxGraph) -> Iterator[str]:
    for node in graph.node:
        yield node.domain
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _domains(inner)


def _inner_tensors(graph: OnnxGraph) -> Iterator[OnnxTensor]:
    """Tensors of a graph's operators, and all those of graphs inside of them."""
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from inner.initializer
                yield from _inner_tensors(inner)


def _external_values(bundle: BundleFiles) -> dict[str, Any]:
    """The external tensors as ONNX Runtime takes them, in the memory that the files are mapped to."""
    values = {}
    for tensor in bundle.manifest.external_tensors:
        count = math.prod(tensor.shape)
        array = np.frombuffer(bundle.contents[tensor.file], "<f4", count, tensor.offset)
        values[tensor.name] = onnxruntime.OrtValue.ortvalue_from_numpy(array.reshape(tuple(tensor.shape)))
    return values


def _check_interface(session: onnxruntime.InferenceSession, manifest: BundleManifest) -> None:
    """Makes sure that the model takes the signature's inputs and gives the outputs."""
    expected = [
        (item.name, _ORT_TYPES[dtype_of(item).name], _ANY_WIDTH if item.list else item.width)
        for item in manifest.signature.inputs
    ]
    given = [
        (node.name, node.type, width if isinstance(width := node.shape[-1], int) else _ANY_WIDTH)
        for node in session.get_inputs()
        if len(node.shape) == 2
    ]
    outputs = [(node.name, node.type, list(node.shape)[1:]) for node in session.get_outputs()]
    if len(given) != len(session.get_inputs()) or sorted(given) != sorted(expected):
        raise _invalid(manifest, f"the signature's inputs, {_listed(expected)}", _listed(given))
    if outputs != [(OUTPUTS, "tensor(float)", [len(manifest.outputs)])]:
        columns = len(manifest.outputs)
        found = ", ".join(f"{name!a} {kind}{shape}" for name, kind, shape in outputs)
        raise _invalid(manifest, f"one output, {OUTPUTS}, with {columns} columns, one of each of outputs", found)


def _listed(inputs: Iterable[tuple[str, str, int]]) -> str:
    """Inputs by name, type and width."""
    return ", ".join(
        f"{name!a} {kind}[{'any' if width == _ANY_WIDTH else width}]" for name, kind, width in sorted(inputs)
    )


def _invalid(manifest: BundleManifest, expectation: str, found: str = "") -> ScoringError:
    return ScoringError(bundle_pb2.ERROR_CODE_MODEL_INVALID, expectation, input=manifest.model_file, found=found)


def _external_invalid(manifest: BundleManifest) -> ScoringError:
    return ScoringError(
        bundle_pb2.ERROR_CODE_EXTERNAL_DATA_INVALID,
        "external tensors of float32 exactly where external_tensors says",
        input=manifest.model_file,
    )
