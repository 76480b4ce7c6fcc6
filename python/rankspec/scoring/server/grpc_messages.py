"""Between messages of the Open Inference Protocol over gRPC and requests and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from google.protobuf.message import DecodeError
from tritonclient.grpc import service_pb2

from rankspec.scoring.server.refusals import invalid
from rankspec.scoring.server.requests import (
    DTYPES,
    SIGNATURE_HASH,
    TIMEOUT,
    ScoreAnswer,
    ScoreRequest,
    add_column,
    checked_shape,
    dtype_named,
    of_bytes,
    of_numbers,
    seconds_of,
    text_of,
    unknown_parameter,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rankspec.scoring.server.models import ServedModel

_FLOAT32 = DTYPES["FP32"]
_CONTENTS = {"FP32": "fp32_contents", "INT64": "int64_contents"}


def request_of(data: bytes, max_rows: int) -> ScoreRequest:
    """Reads a ModelInferRequest.

    Raises:
        Refusal: it is not what the protocol says, or asks for something that is not there.
    """
    try:
        message = service_pb2.ModelInferRequest.FromString(data)
    except DecodeError:
        raise invalid("REQUEST_INVALID", "the message is no ModelInferRequest") from None
    signature_hash, timeout_s = _parameters(message.parameters)
    if any(item.parameters for item in message.inputs) or any(item.parameters for item in message.outputs):
        raise unknown_parameter("a tensor's; it has none here")
    return ScoreRequest(
        message.model_name,
        message.model_version,
        message.id,
        _columns(message, max_rows),
        signature_hash,
        timeout_s,
        [item.name for item in message.outputs] or None,
    )


def _parameters(parameters: Any) -> tuple[str | None, float]:
    """The signature's hash, if one came, and seconds until the answer is of no use."""
    values = {
        name: getattr(value, value.WhichOneof("parameter_choice") or "", None) for name, value in parameters.items()
    }
    signature_hash = text_of(values.pop(SIGNATURE_HASH), SIGNATURE_HASH) if SIGNATURE_HASH in values else None
    timeout_s = seconds_of(values.pop(TIMEOUT, 0))
    if values:
        raise unknown_parameter(f"{SIGNATURE_HASH} and {TIMEOUT}")
    return signature_hash, timeout_s


def _columns(message: Any, max_rows: int) -> dict[str, NDArray[Any]]:
    raw = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        raise invalid("REQUEST_INVALID", f"{len(raw)} raw_input_contents for {len(message.inputs)} inputs")
    columns: dict[str, NDArray[Any]] = {}
    for place, item in enumerate(message.inputs):
        dtype = dtype_named(item.datatype, item.name)
        shape = checked_shape(item.shape, item.name, max_rows)
        if raw and item.HasField("contents"):
            raise invalid("REQUEST_INVALID", "an input has contents beside raw_input_contents; give one of them")
        values = of_bytes(raw[place], dtype, shape, item.name) if raw else _written_out(item, dtype, shape)
        add_column(columns, item.name, values)
    return columns


def _written_out(item: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    given = [field.name for field, _ in item.contents.ListFields()]
    if given not in ([], [_CONTENTS[item.datatype]]):
        raise invalid("REQUEST_INVALID", f"an input of {item.datatype} has contents of another type")
    return of_numbers(np.array(getattr(item.contents, _CONTENTS[item.datatype]), dtype), dtype, shape, item.name)


def answer_message(answer: ScoreAnswer, request_id: str) -> Any:
    """An answer as a ModelInferResponse."""
    message = service_pb2.ModelInferResponse(model_name=answer.model, model_version=str(answer.step), id=request_id)
    message.parameters["bundle_digest"].string_param = answer.digest
    message.parameters["step"].int64_param = answer.step
    for name, values in answer.outputs.items():
        message.outputs.add(name=name, datatype="FP32", shape=values.shape)
        message.raw_output_contents.append(values.astype(_FLOAT32, copy=False).tobytes())
    return message


def metadata_message(model: ServedModel) -> Any:
    """What a model takes and gives, as a ModelMetadataResponse."""
    message = service_pb2.ModelMetadataResponse(
        name=model.name, versions=[str(model.step)], platform="onnxruntime_onnx"
    )
    for tensor in model.inputs:
        message.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
    for tensor in model.outputs:
        message.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
    return message


assert _CONTENTS.keys() == DTYPES.keys()
