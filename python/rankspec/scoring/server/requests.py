"""A request for scores and its answer, whichever protocol they come and go by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rankspec.scoring.server.refusals import Kind, Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# What the Open Inference Protocol calls the types of a signature.
DTYPES: dict[str, np.dtype[Any]] = {"FP32": np.dtype("<f4"), "INT64": np.dtype("<i8")}
DATATYPES = {dtype.newbyteorder("="): name for name, dtype in DTYPES.items()}

# What a request may say of itself.
SIGNATURE_HASH, TIMEOUT = "signature_hash", "timeout"


@dataclass(frozen=True)
class ScoreRequest:
    """A request for scores.

    Attributes:
        model: the model's name.
        version: the bundle's step; empty takes what is served.
        id: what the client calls the request.
        columns: as the scorer takes them.
        signature_hash: of the signature that whole vectors were made for, if one came.
        timeout_s: seconds after which nobody waits for the answer.
        outputs: names of the outputs that are wanted, in their order; None wants all.
    """

    model: str
    version: str
    id: str
    columns: Mapping[str, NDArray[Any]]
    signature_hash: str | None
    timeout_s: float
    outputs: Sequence[str] | None


@dataclass(frozen=True)
class ScoreAnswer:
    """Scores.

    Attributes:
        model: the model's name.
        step: of the bundle that scored.
        digest: of that bundle.
        outputs: float32 `[rows]` by name.
    """

    model: str
    step: int
    digest: str
    outputs: Mapping[str, NDArray[np.float32]]


def dtype_named(datatype: object, name: str) -> np.dtype[Any]:
    """The type of a tensor's values.

    Raises:
        Refusal: TYPE_MISMATCH, if it is none that a bundle takes.
    """
    dtype = DTYPES.get(datatype) if isinstance(datatype, str) else None
    if dtype is None:
        raise about(name, "TYPE_MISMATCH", f"values of {' or '.join(DTYPES)}, which a recipe makes of raw rows")
    return dtype


def checked_shape(shape: Sequence[object], name: str, max_rows: int) -> tuple[int, ...]:
    """A tensor's shape, `[rows]` or `[rows, width]`.

    Raises:
        Refusal: SHAPE_INVALID or TOO_MANY_ROWS.
    """
    sizes = tuple(size for size in shape if type(size) is int and 0 <= size < 2**31)
    if len(sizes) != len(shape) or len(sizes) not in (1, 2):
        raise about(name, "SHAPE_INVALID", "a shape of [rows] or [rows, width]")
    if sizes[0] > max_rows:
        raise Refusal(Kind.TOO_LARGE, "TOO_MANY_ROWS", f"a request has {max_rows} rows at most", input=name[:200])
    return sizes


def of_bytes(content: bytes | memoryview, dtype: np.dtype[Any], shape: tuple[int, ...], name: str) -> NDArray[Any]:
    """A tensor from its values in memory, little-endian, a row after the other.

    Raises:
        Refusal: DATA_LENGTH, if they are not as many as the shape says.
    """
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise about(name, "DATA_LENGTH", "as many values as the shape says")
    return np.frombuffer(content, dtype).astype(dtype.newbyteorder("="), copy=False).reshape(shape)


def of_numbers(values: NDArray[Any], dtype: np.dtype[Any], shape: tuple[int, ...], name: str) -> NDArray[Any]:
    """A tensor from numbers that were written out.

    Raises:
        Refusal: DATA_LENGTH, or TYPE_MISMATCH if one is none of the type.
    """
    if values.size != math.prod(shape):
        raise about(name, "DATA_LENGTH", "as many values as the shape says")
    return values.astype(dtype.newbyteorder("="), copy=False).reshape(shape)


def add_column(columns: dict[str, NDArray[Any]], name: str, values: NDArray[Any]) -> None:
    """Adds a column.

    Raises:
        Refusal: INPUT_TWICE, if there is one of the name.
    """
    if name in columns:
        raise about(name, "INPUT_TWICE", "each column once")
    columns[name] = values


def seconds_of(timeout: object) -> float:
    """The seconds of the parameter `timeout`, which has microseconds; 0 means no end, as leaving it out.

    Raises:
        Refusal: PARAMETER_INVALID.
    """
    if type(timeout) is not int or timeout < 0:
        raise invalid("PARAMETER_INVALID", f"{TIMEOUT}: give whole microseconds from 0 on")
    return timeout / 1e6 if timeout else math.inf


def text_of(value: object, name: str) -> str:
    """A text of a request.

    Raises:
        Refusal: PARAMETER_INVALID, if it is none.
    """
    if not isinstance(value, str):
        raise invalid("PARAMETER_INVALID", f"{name}: give a text")
    return value


def unknown_parameter(known: str) -> Refusal:
    """A parameter that would be ignored."""
    return invalid("PARAMETER_UNKNOWN", f"a parameter is none of {known}; nothing would come of it")


def about(name: str, code: str, expectation: str) -> Refusal:
    """A refusal of a column for what it is."""
    name = name[:200]
    return Refusal(Kind.INVALID, code, f"{code} {name}: expected {expectation}", input=name)
