"""A bundle of a network of usual size, with random weights, for benchmarks of serving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import BundleManifest, ServedInput

from rankspec.files.durable import staged, write_file
from rankspec.scoring.golden import GoldenBatch, golden_bytes
from rankspec.scoring.signature import signature_hash
from rankspec.scoring.writing import list_files, write_manifest

WIDTH = 512
_LAYERS = (512, 256, 128, 4)
_INPUT = ServedInput(
    name="dense",
    type=bundle_pb2.VALUE_TYPE_FLOAT32,
    width=WIDTH,
    non_finite_value=0,
    feature_names=[f"feature_{position}" for position in range(WIDTH)],
)
SIGNATURE_HASH = signature_hash([_INPUT])


def write(folder: Path, step: int = 1) -> None:
    """Writes the bundle of a step: 512 named numbers a row, three hidden layers, four outputs."""
    model = _model().SerializeToString()
    rows = np.random.default_rng(0).normal(size=(8, WIDTH)).astype(np.float32)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (outputs,) = session.run(None, {"dense": rows})
    manifest = BundleManifest(
        format_version=1,
        least_reader_version=1,
        fingerprint="f",
        semantic_fingerprint="s",
        run_fingerprint="r",
        step=step,
        config_message="rankspec.recap.v1.RecapConfig",
        config_file="resolved.binpb",
        config_text_file="resolved.textproto",
        model_file="model.onnx",
        golden_file="golden.bin",
    )
    manifest.signature.inputs.append(_INPUT)
    manifest.signature.hash = SIGNATURE_HASH
    for number in range(_LAYERS[-1]):
        manifest.outputs.add(name=f"task_{number}", kind=bundle_pb2.OUTPUT_KIND_PROBABILITY)
    manifest.tolerance.SetInParent()
    manifest.precision.SetInParent()
    manifest.golden_batches.add(name="rows", num_rows=len(rows))
    with staged(folder) as place:
        write_file(place, "model.onnx", model)
        write_file(place, "golden.bin", golden_bytes([GoldenBatch("rows", {"dense": rows}, outputs)]))
        write_file(place, "resolved.binpb", b"")
        write_file(place, "resolved.textproto", b"")
        list_files(place, manifest)
        write_manifest(place, manifest)


def _model() -> onnx.ModelProto:
    generator = np.random.default_rng(1)
    nodes, constants, width, name = [], [], WIDTH, "dense"
    for number, size in enumerate(_LAYERS):
        kernel = (generator.normal(size=(width, size)) / np.sqrt(width)).astype(np.float32)
        constants.append(numpy_helper.from_array(kernel, f"kernel_{number}"))
        nodes.append(helper.make_node("MatMul", [name, f"kernel_{number}"], [f"sums_{number}"]))
        is_last = number == len(_LAYERS) - 1
        name, width = "outputs" if is_last else f"layer_{number}", size
        nodes.append(helper.make_node("Sigmoid" if is_last else "Relu", [f"sums_{number}"], [name]))
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("dense", TensorProto.FLOAT, ["rows", WIDTH])],
        [helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["rows", _LAYERS[-1]])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
