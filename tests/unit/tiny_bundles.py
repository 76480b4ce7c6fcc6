"""Bundles of a model of three lines, made without training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from rankspec.recap.v1.embedding_pb2 import OUT_OF_RANGE_IDS_BUCKET, OUT_OF_RANGE_IDS_ERROR
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import BundleManifest

from rankspec.encoding.lists import PADDING
from rankspec.files.durable import staged, write_file
from rankspec.scoring.golden import GoldenBatch, golden_bytes
from rankspec.scoring.layout import LISTS_SINCE
from rankspec.scoring.signature import signature_hash
from rankspec.scoring.writing import list_files, write_manifest

WIDTH, NUM_IDS = 3, 5
# Of the lists that bundles with lists take.
NUM_TAGS, NUM_LABELS = 50, 40
TASKS = ("like", "reply")
FEATURES = ("age", "clicks", "weight")


def scores_of(dense: np.ndarray, ids: np.ndarray, shift: float, tags: np.ndarray | None = None) -> np.ndarray:
    """What the model gives, float32 `[rows, 2]`: the logistic of sums that tell rows, features and bundles apart.

    Args:
        dense: `[rows, 3]`.
        ids: `[rows, 2]`.
        shift: of the bundle.
        tags: padded lists, of a bundle that takes them; each id counts 1/64 of itself.
    """
    kernel = _kernel()
    logits = (
        np.nan_to_num(dense, posinf=0, neginf=0) @ kernel + ids[:, :1].astype(np.float32) * 0.125 + np.float32(shift)
    )
    if tags is not None:
        logits += np.where(tags == PADDING, 0, tags).sum(1, keepdims=True).astype(np.float32) / 64
    return (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)


def _kernel() -> np.ndarray:
    return np.array([[0.5, -0.25], [0.125, 1.0], [-1.0, 0.0625]], np.float32)


def write_bundle(
    folder: Path, step: int = 1, shift: float = 0.0, *, is_right: bool = True, has_lists: bool = False
) -> str:
    """Writes a bundle, and returns its digest.

    Args:
        folder: the bundle's.
        step: of it.
        shift: is added to logits.
        is_right: whether the golden rows' outputs are the model's.
        has_lists: whether it takes lists of ids, `tags`, too.
    """
    manifest = _manifest(step, has_lists=has_lists)
    dense = np.array([[0, 1, 2], [np.nan, -1, np.inf]], np.float32)
    ids = np.array([[0, 4], [3, 1]])
    tags = {"tags": np.array([[1, 2, 2], [3, PADDING, PADDING]])} if has_lists else {}
    outputs = scores_of(dense, ids, shift, **tags) + np.float32(0 if is_right else 0.5)
    batch = GoldenBatch("rows", {"dense": dense, "ids": ids, **tags}, outputs.astype(np.float32))
    manifest.golden_batches.add(name=batch.name, num_rows=2)
    with staged(folder) as place:
        write_file(place, "model.onnx", _model(shift, has_lists=has_lists).SerializeToString())
        write_file(place, "golden.bin", golden_bytes([batch], tags))
        write_file(place, "resolved.binpb", b"")
        write_file(place, "resolved.textproto", b"")
        list_files(place, manifest)
        return write_manifest(place, manifest)


def _manifest(step: int, *, has_lists: bool) -> BundleManifest:
    manifest = BundleManifest(
        format_version=1,
        least_reader_version=LISTS_SINCE if has_lists else 1,
        generator="tests",
        fingerprint="f",
        semantic_fingerprint="s",
        run_fingerprint="r",
        step=step,
        config_message="rankspec.recap.v1.RecapConfig",
        config_file="resolved.binpb",
        config_text_file="resolved.textproto",
        model_file="model.onnx",
        golden_file="golden.bin",
        score_weights={"like": 1.0, "reply": 2.0},
    )
    signature = manifest.signature
    signature.inputs.add(
        name="dense",
        type=bundle_pb2.VALUE_TYPE_FLOAT32,
        width=WIDTH,
        feature_names=FEATURES,
        non_finite_value=0,
    )
    signature.inputs.add(name="ids", type=bundle_pb2.VALUE_TYPE_INT64, width=2)
    if has_lists:
        signature.inputs.add(name="tags", type=bundle_pb2.VALUE_TYPE_INT64, width=1, list=True)
    signature.hash = signature_hash(signature.inputs)
    manifest.baseline.out_of_range_shares.extend([0.1, 0])
    signature.id_tables.add(
        name="user", input="ids", position=0, num_ids=NUM_IDS, out_of_range_ids=OUT_OF_RANGE_IDS_BUCKET
    )
    signature.id_tables.add(
        name="item", input="ids", position=1, num_ids=NUM_IDS, out_of_range_ids=OUT_OF_RANGE_IDS_ERROR
    )
    if has_lists:
        for table, num_ids, policy in (
            ("tag", NUM_TAGS, OUT_OF_RANGE_IDS_ERROR),
            ("label", NUM_LABELS, OUT_OF_RANGE_IDS_BUCKET),
        ):
            signature.id_tables.add(name=table, input="tags", num_ids=num_ids, out_of_range_ids=policy)
        manifest.baseline.out_of_range_shares.extend([0, 0.3])
    for task in TASKS:
        manifest.outputs.add(name=task, kind=bundle_pb2.OUTPUT_KIND_PROBABILITY)
    manifest.tolerance.SetInParent()
    manifest.precision.SetInParent()
    manifest.baseline.validation_data, manifest.baseline.num_rows = "valid", 100
    manifest.baseline.inputs.add(input="dense", means=[0] * WIDTH, missing_shares=[0, 0, 0.75])
    manifest.baseline.mean_outputs.extend([0.25, 0.75])
    return manifest


def _model(shift: float, *, has_lists: bool) -> onnx.ModelProto:
    nodes = [
        helper.make_node("Sub", ["dense", "dense"], ["zeros_or_odd"]),
        helper.make_node("IsNaN", ["zeros_or_odd"], ["is_odd"]),
        helper.make_node("Where", ["is_odd", "zero", "dense"], ["finite"]),
        helper.make_node("MatMul", ["finite", "kernel"], ["products"]),
        helper.make_node("Slice", ["ids", "first", "second", "axis"], ["user"]),
        helper.make_node("Cast", ["user"], ["user_float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["user_float", "eighth"], ["user_part"]),
        helper.make_node("Add", ["products", "user_part"], ["sums"]),
        helper.make_node("Add", ["sums", "shift"], ["logits"]),
    ]
    if has_lists:
        nodes += [
            helper.make_node("Equal", ["tags", "padding"], ["is_padding"]),
            helper.make_node("Where", ["is_padding", "no_id", "tags"], ["own"]),
            helper.make_node("ReduceSum", ["own", "axis"], ["sum"]),
            helper.make_node("Cast", ["sum"], ["sum_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["sum_float", "part"], ["tags_part"]),
            helper.make_node("Add", ["logits", "tags_part"], ["all_logits"]),
        ]
    nodes.append(helper.make_node("Sigmoid", ["all_logits" if has_lists else "logits"], ["outputs"]))
    constants = {
        "zero": np.float32(0),
        "kernel": _kernel(),
        "first": np.array([0]),
        "second": np.array([1]),
        "axis": np.array([1]),
        "eighth": np.float32(0.125),
        "shift": np.float32(shift),
        **({"padding": np.int64(PADDING), "no_id": np.int64(0), "part": np.float32(1 / 64)} if has_lists else {}),
    }
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("dense", TensorProto.FLOAT, ["rows", WIDTH]),
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", 2]),
            *([helper.make_tensor_value_info("tags", TensorProto.INT64, ["rows", "longest"])] if has_lists else []),
        ],
        [helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["rows", len(TASKS)])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
