"""Writes a model as ONNX."""

from __future__ import annotations

import logging
import math
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rankspec.scoring.layout import MODEL_FILE, OUTPUTS, WEIGHTS_FILE
from rankspec.serving.v1.bundle_pb2 import ExternalTensor
from rankspec.trainer.errors import TrainError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import onnx
    from torch import nn

    from rankspec.trainer.inputs import Input

# Has all that is needed, and ONNX Runtime has known it since 1.17.
_OPSET = 20
# Above so many bytes of weights, large tensors lie in a file of their own, which has no limit and is mapped to memory.
EXTERNAL_ABOVE = 64 * 2**20
_LARGE_TENSOR = 2**16
_ALIGNMENT = 4096
# Below this log(1 + x) loses digits, and three terms of its series are exact to a double.
_SMALL = 1e-5
# ONNX's numbers of types.
_FLOAT, _DOUBLE = 1, 11


def write_model(
    model: nn.Module, inputs: Sequence[Input], place: Path, external_above: int = EXTERNAL_ABOVE
) -> list[ExternalTensor]:
    """Writes a model, in evaluation mode and on the CPU, into a bundle's folder.

    Args:
        model: maps stored inputs to outputs.
        inputs: its inputs.
        place: the folder.
        external_above: bytes of weights from which on large tensors get a file of their own.

    Returns:
        The tensors that lie in it.

    Raises:
        TrainError: the exporter is not installed, or cannot express the model.
    """
    exported = _exported(model, inputs)
    beside = place / "exported"
    beside.mkdir()
    exported.save(beside / MODEL_FILE, external_data=True)
    import onnx

    proto = onnx.load(beside / MODEL_FILE, load_external_data=False)
    _strip(proto)
    tensors = _place_tensors(proto, beside, place, external_above)
    (place / MODEL_FILE).write_bytes(proto.SerializeToString(deterministic=True))
    for file in beside.iterdir():
        file.unlink()
    beside.rmdir()
    return tensors


def _exported(model: nn.Module, inputs: Sequence[Input]) -> Any:
    try:
        import onnx  # noqa: F401 - asked for by torch's exporter
        import onnxscript  # noqa: F401 - likewise
    except ModuleNotFoundError as error:
        raise TrainError(
            f"{error.name} is not installed; `pip install 'rankspec[export]'` installs what this takes"
        ) from error
    rows = torch.export.Dim("rows", min=1)
    samples = tuple(
        torch.zeros(3, 2 if item.is_list else item.stored_length, dtype=getattr(torch, item.dtype)) for item in inputs
    )
    # A list's matrix is as wide as the longest list.
    shapes = tuple(
        {0: rows, 1: torch.export.Dim(f"ids_{place}", min=1)} if item.is_list else {0: rows}
        for place, item in enumerate(inputs)
    )
    with _quietly(), torch.no_grad():
        try:
            return torch.onnx.export(
                model,
                samples,
                dynamo=True,
                verbose=False,
                opset_version=_OPSET,
                input_names=[item.name for item in inputs],
                output_names=[OUTPUTS],
                dynamic_shapes=(shapes,),
                custom_translation_table={torch.ops.aten.log1p.default: _precise_log1p},
            )
        except torch.onnx.errors.OnnxExporterError as error:
            reason = str(error).strip().splitlines()[0]
            raise TrainError(f"torch cannot write this model as ONNX: {reason}", "model") from error


def _precise_log1p(self: Any) -> Any:
    """log(1 + x) in double, and its series where that would lose digits: what follows may multiply an error."""
    import onnxscript

    # Types of an operator's inputs are a matter of the graph, not of Python's.
    op: Any = onnxscript.opset20
    wide = op.Cast(self, to=_DOUBLE)
    one, half, third, small = (
        op.CastLike(op.Constant(value_float=value), wide) for value in (1.0, 0.5, 1.0 / 3.0, _SMALL)
    )
    series = op.Mul(wide, op.Sub(one, op.Mul(wide, op.Sub(half, op.Mul(wide, third)))))
    logarithm = op.Log(op.Add(one, wide))
    return op.Cast(op.Where(op.Less(op.Abs(wide), small), series, logarithm), to=_FLOAT)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keeps the exporter's progress and advice to developers from the user's terminal."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _strip(proto: onnx.ModelProto) -> None:
    """Leaves out what says where and how the model was exported: names of files, lines of code."""
    for holder in (proto, proto.graph, *proto.graph.node, *proto.graph.value_info, *proto.graph.initializer):
        holder.ClearField("metadata_props")
        holder.ClearField("doc_string")
    for value in (*proto.graph.input, *proto.graph.output):
        value.ClearField("metadata_props")
        value.ClearField("doc_string")


def _place_tensors(proto: onnx.ModelProto, beside: Path, place: Path, external_above: int) -> list[ExternalTensor]:
    """Puts the values of tensors into the model, or the large ones into a file if they are many."""
    import onnx
    from onnx import external_data_helper

    sizes = [4 * math.prod(tensor.dims) for tensor in proto.graph.initializer]
    separate = sum(sizes) > external_above
    found: list[ExternalTensor] = []
    for tensor, size in zip(proto.graph.initializer, sizes, strict=True):
        if separate and tensor.data_type == onnx.TensorProto.FLOAT and size >= min(_LARGE_TENSOR, external_above):
            found.append(_moved(tensor, beside, place / WEIGHTS_FILE))
        elif external_data_helper.uses_external_data(tensor):
            external_data_helper.load_external_data_for_tensor(tensor, str(beside))
            tensor.ClearField("external_data")
            tensor.data_location = onnx.TensorProto.DEFAULT
    return found


def _moved(tensor: onnx.TensorProto, beside: Path, file: Path) -> ExternalTensor:
    """Appends the values of a tensor, which may lie in a folder beside, to a file, and has it name their place."""
    import onnx
    from onnx import external_data_helper

    values = memoryview(tensor.raw_data)
    if external_data_helper.uses_external_data(tensor):
        stored = {entry.key: entry.value for entry in tensor.external_data}
        # Mapped: a table may be larger than what is left of the memory.
        mapped = np.memmap(
            str(beside / stored["location"]), np.uint8, "r", int(stored["offset"]), (4 * math.prod(tensor.dims),)
        )
        values = mapped.data
    with file.open("ab") as weights:
        offset = -(-weights.tell() // _ALIGNMENT) * _ALIGNMENT
        weights.write(b"\0" * (offset - weights.tell()))
        length = weights.write(values)
    tensor.ClearField("external_data")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", file.name), ("offset", str(offset)), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)
    return ExternalTensor(name=tensor.name, file=file.name, offset=offset, shape=tensor.dims)
