"""Between bodies of the Open Inference Protocol over HTTP, with its binary tensors, and requests and answers."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from rankspec.scoring.server.refusals import Refusal, invalid
from rankspec.scoring.server.requests import (
    SIGNATURE_HASH,
    TIMEOUT,
    ScoreAnswer,
    ScoreRequest,
    about,
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
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rankspec.scoring.server.models import ServedModel, Tensor

# The header that says how long the JSON before binary tensors is.
JSON_LENGTH_HEADER = "Inference-Header-Content-Length"

_BINARY_SIZE, _BINARY_OUTPUT, _BINARY = "binary_data_size", "binary_data_output", "binary_data"


class _Named(float):
    """NaN or an infinity that is called so; what is written in digits and becomes one is too large."""


_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_STEPS = np.zeros(256, np.int8)
_STEPS[[ord("["), ord("{")]] = 1
_STEPS[[ord("]"), ord("}")]] = -1


class WantedOutput:
    """How outputs are to be written: which, and which of them in binary form."""

    def __init__(self, message: Mapping[str, Any], *, all_binary: bool) -> None:
        """Reads what a request says.

        Raises:
            Refusal: it says something else.
        """
        self._default = all_binary
        self._binary: dict[str, bool] = {}
        for item in _objects(message, "outputs"):
            _only(item, {"name", "parameters"}, "an output")
            parameters = _object(item.get("parameters", {}), "parameters")
            if parameters.keys() - {_BINARY}:
                raise unknown_parameter(_BINARY)
            self._binary[text_of(item.get("name"), "name")] = _flag(parameters.get(_BINARY, all_binary), _BINARY)

    @property
    def names(self) -> list[str] | None:
        """Of the outputs that are wanted; None wants all."""
        return list(self._binary) or None

    def is_binary(self, name: str) -> bool:
        """Whether an output goes in binary form."""
        return self._binary.get(name, self._default)


def request_of(
    body: bytes, json_length: int | None, model: str, version: str, max_rows: int, max_depth: int
) -> tuple[ScoreRequest, WantedOutput]:
    """Reads the body of a request.

    Args:
        body: the JSON, and binary tensors behind it.
        json_length: bytes of the JSON; None if it is all.
        model: that the address names.
        version: that the address names, or an empty text.
        max_rows: that a request may have.
        max_depth: how deep JSON may be nested.

    Raises:
        Refusal: it is not what the protocol says, or asks for something that is not there.
    """
    if json_length is not None and json_length > len(body):
        raise invalid("REQUEST_INVALID", f"{JSON_LENGTH_HEADER} is larger than the body")
    head = body if json_length is None else body[:json_length]
    message = _object(_parsed(head, max_depth), "the request")
    _only(message, {"id", "parameters", "inputs", "outputs"}, "the request")
    parameters = dict(_object(message.get("parameters", {}), "parameters"))
    wanted = WantedOutput(message, all_binary=_flag(parameters.pop(_BINARY_OUTPUT, False), _BINARY_OUTPUT))
    signature_hash = text_of(parameters.pop(SIGNATURE_HASH), SIGNATURE_HASH) if SIGNATURE_HASH in parameters else None
    timeout_s = seconds_of(parameters.pop(TIMEOUT, 0))
    if parameters:
        raise unknown_parameter(f"{SIGNATURE_HASH}, {TIMEOUT} and {_BINARY_OUTPUT}")
    columns = _columns(_objects(message, "inputs"), memoryview(body)[len(head) :], max_rows)
    request_id = text_of(message.get("id", ""), "id")
    return ScoreRequest(model, version, request_id, columns, signature_hash, timeout_s, wanted.names), wanted


def _parsed(text: bytes, max_depth: int) -> object:
    bare = _STRING.sub(b"", text)
    # Of brackets outside of strings. Where a string does not end, the parser finds out.
    if np.cumsum(_STEPS[np.frombuffer(bare, np.uint8)], dtype=np.int32).max(initial=0) > max_depth:
        raise invalid("REQUEST_INVALID", f"JSON that is nested deeper than {max_depth}")
    try:
        return json.loads(text, parse_constant=_Named)
    except (ValueError, RecursionError):
        # Not what the parser says: it quotes.
        raise invalid("REQUEST_INVALID", "the body is no JSON") from None


def _columns(inputs: Sequence[Mapping[str, Any]], binary: memoryview, max_rows: int) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {}
    start = 0
    for item in inputs:
        _only(item, {"name", "datatype", "shape", "data", "parameters"}, "an input")
        name = text_of(item.get("name"), "name")
        dtype = dtype_named(item.get("datatype"), name)
        shape = checked_shape(_list(item.get("shape"), "shape"), name, max_rows)
        size = _binary_size(item)
        if size is None:
            values = of_numbers(_numbers(_list(item.get("data"), "data"), dtype, name), dtype, shape, name)
        else:
            if size > len(binary) - start:
                raise invalid("REQUEST_INVALID", f"{_BINARY_SIZE} is larger than what is left of the body")
            values = of_bytes(binary[start : start + size], dtype, shape, name)
            start += size
        add_column(columns, name, values)
    if start != len(binary):
        raise invalid("REQUEST_INVALID", "there is more behind the JSON than binary_data_size says")
    return columns


def _binary_size(item: Mapping[str, Any]) -> int | None:
    """Bytes of an input behind the JSON; None if it is in it."""
    parameters = _object(item.get("parameters", {}), "parameters")
    if parameters.keys() - {_BINARY_SIZE}:
        raise unknown_parameter(_BINARY_SIZE)
    size = parameters.get(_BINARY_SIZE)
    if (size is None) != ("data" in item):
        raise invalid("REQUEST_INVALID", f"an input needs either data or {_BINARY_SIZE}")
    if size is not None and (type(size) is not int or size < 0):
        raise invalid("PARAMETER_INVALID", f"{_BINARY_SIZE}: give a whole number from 0 on")
    return size


def _numbers(data: list[Any], dtype: np.dtype[Any], name: str) -> NDArray[Any]:
    """Numbers of JSON, in one list or one list a row, as they are: float64 or int64."""
    flat = list(chain.from_iterable(data)) if data and all(type(row) is list for row in data) else data
    wrong = about(name, "TYPE_MISMATCH", f"values of {dtype.name}")
    if not set(map(type, flat)) <= ({int, float, _Named} if dtype.kind == "f" else {int}):
        raise wrong
    try:
        values = np.array(flat, np.float64 if dtype.kind == "f" else np.int64)
    except OverflowError:
        raise wrong from None
    # A number that float32 has not would become an infinity, which counts as a missing value.
    places: Any = np.flatnonzero(np.abs(values) > np.finfo(np.float32).max) if dtype.kind == "f" else []
    if any(type(flat[place]) is not _Named for place in places):
        raise wrong
    return values


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid("REQUEST_INVALID", f"{what}: give a JSON object")
    return value


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise invalid("REQUEST_INVALID", f"{what}: give a JSON array")
    return value


def _objects(message: Mapping[str, Any], what: str) -> list[dict[str, Any]]:
    return [_object(item, what) for item in _list(message.get(what, []), what)]


def _only(item: Mapping[str, Any], known: set[str], what: str) -> None:
    if item.keys() - known:
        raise invalid("REQUEST_INVALID", f"{what} has a member that is none of {', '.join(sorted(known))}")


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise invalid("PARAMETER_INVALID", f"{name}: give true or false")
    return value


def answer_body(answer: ScoreAnswer, request_id: str, wanted: WantedOutput) -> tuple[bytes, int | None]:
    """An answer's body, and how long its JSON is if there is more than JSON."""
    outputs, tail = [], []
    for name, values in answer.outputs.items():
        output: dict[str, Any] = {"name": name, "datatype": "FP32", "shape": list(values.shape)}
        if wanted.is_binary(name):
            tail.append(values.astype("<f4", copy=False).tobytes())
            output["parameters"] = {_BINARY_SIZE: len(tail[-1])}
        else:
            output["data"] = values.tolist()
        outputs.append(output)
    message = {
        "model_name": answer.model,
        "model_version": str(answer.step),
        **({"id": request_id} if request_id else {}),
        "parameters": {"bundle_digest": answer.digest, "step": answer.step},
        "outputs": outputs,
    }
    head = json_bytes(message)
    return head + b"".join(tail), len(head) if tail else None


def metadata_of(model: ServedModel) -> dict[str, Any]:
    """What a model takes and gives."""
    return {
        "name": model.name,
        "versions": [str(model.step)],
        "platform": "onnxruntime_onnx",
        "inputs": [_tensor(tensor) for tensor in model.inputs],
        "outputs": [_tensor(tensor) for tensor in model.outputs],
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


def error_of(refusal: Refusal) -> dict[str, Any]:
    """What is said of a request that is not scored."""
    return {
        "error": str(refusal),
        "code": refusal.code,
        **({"input": refusal.input} if refusal.input else {}),
        **({"row": refusal.row} if refusal.row is not None else {}),
    }


def json_bytes(message: object) -> bytes:
    """A message as JSON."""
    return json.dumps(message, separators=(",", ":")).encode()
