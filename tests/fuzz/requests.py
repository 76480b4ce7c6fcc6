"""Requests to the server that are damaged in some way, each made again from its number."""

from __future__ import annotations

import gzip
import json
import random
from typing import Any, NamedTuple

from tests.unit.served_bundles import NAME, grpc_request, json_request, lists, rows

_ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    3,
    10**30,
    1.5,
    1e300,
    "",
    "x" * 300,
    [],
    [[]],
    {},
    {"a": []},
    "\udc80",
    "FP64",
    "BYTES",
)
_INFER = f"/v2/models/{NAME}/infer"


# More than the server under test takes.
OVERSIZE = 1_200_000


class Request(NamedTuple):
    """A request: over gRPC if there is no path, over HTTP otherwise.

    Attributes:
        body: of it; of one that is written to a port as it is, all of it.
        path: over HTTP.
        headers: over HTTP.
        port: `grpc` or `http`, if it is written there as it is.
        is_compressed: whether gRPC compresses it.
    """

    body: bytes
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    port: str = ""
    is_compressed: bool = False


def request_of(seed: int, number: int, signature_hash: str) -> Request:
    """The request of a number: over gRPC where it is even, over HTTP where it is odd."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311 - no secret
    num_rows, own = chance.randint(0, 5), chance.randint(0, 99)
    dense, ids = rows(num_rows, own)
    tags = lists(num_rows, own)
    if chance.random() < 0.02:
        return _raw(("grpc", "http")[number % 2], chance)
    if number % 2 == 0:
        if chance.random() < 0.01:
            return Request(bytes(OVERSIZE), is_compressed=chance.random() < 0.5)
        message = grpc_request(dense, ids, signature_hash, tags)
        _damage_message(message, chance)
        return Request(_damaged(message.SerializeToString(), chance), is_compressed=chance.random() < 0.05)
    message = json_request(dense, ids, signature_hash, tags)
    if chance.random() < 0.7:
        _damage_json(message, chance)
        body = json.dumps(message).encode()
    else:
        body = _damaged(json.dumps(message).encode(), chance)
    if chance.random() < 0.01:
        body = chance.choice([b"[" * 100_000, b'{"inputs":' * 1000, b'"' + b"\\" * 99_999, bytes(OVERSIZE)])
    return _with_headers(body, chance)


# How both protocols begin, of HTTP/2 with settings and a request's first frame.
_HTTP1 = (
    f"POST {_INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n{{}} "
    f"GET /v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
).encode()
_HTTP2 = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\4\1\4\0\0\0\1\x83\x86\x84\x41"
    b"\0\0\7\0\1\0\0\0\1\0\0\0\0\2hi\0\0\4\3\0\0\0\0\1\0\0\0\5"
)


def _raw(port: str, chance: random.Random) -> Request:
    """What a client may write that does not know the protocol, or breaks off."""
    begun = {"http": _HTTP1, "grpc": _HTTP2}
    body = _damaged(begun[port if chance.random() < 0.9 else ("http" if port == "grpc" else "grpc")], chance)
    if chance.random() < 0.1:
        body = b"GET / HTTP/1.1\r\n" + chance.choice([b"A: b\r\n" * 2000, b"A: " + b"b" * 20_000, b"\r\n" * 5000])
    return Request(body, port=port)


def _with_headers(body: bytes, chance: random.Random) -> Request:
    headers: list[tuple[str, str]] = []
    if chance.random() < 0.1:
        body = gzip.compress(body if chance.random() < 0.8 else bytes(5_000_000))
        body = _damaged(body, chance) if chance.random() < 0.5 else body
        headers.append(("Content-Encoding", chance.choice(["gzip", "gzip", "deflate", "br"])))
    if chance.random() < 0.1:
        length = chance.choice(["0", "-1", "x", str(len(body) - 1), str(len(body)), str(len(body) + 1), "9" * 30])
        headers.append(("Inference-Header-Content-Length", length))
    path = (
        _INFER
        if chance.random() < 0.95
        else chance.choice(["/v2/models//infer", f"/v2/models/{NAME}/versions/%00/infer"])
    )
    return Request(body, path, tuple(headers))


def _damaged(data: bytes, chance: random.Random) -> bytes:
    kind = chance.randrange(5)
    if kind == 0 or not data:
        return data
    if kind == 1:
        return data[: chance.randrange(len(data))]
    if kind == 2:
        return chance.randbytes(chance.randint(0, 200))
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged) if kind == 3 else bytes(damaged) + chance.randbytes(5)


def _damage_message(message: Any, chance: random.Random) -> None:
    item = chance.choice(message.inputs)
    kind = chance.randrange(10)
    if kind == 0:
        item.datatype = chance.choice(["FP64", "INT32", "BYTES", "", "fp32"])
    elif kind == 1:
        item.shape[:] = [chance.choice([-1, 0, 1, 2, 2**62]) for _ in range(chance.randint(0, 4))]
    elif kind == 2:
        item.name = chance.choice(["dense", "dense/age", "tags", "x" * 1000, ""])
    elif kind == 3:
        message.raw_input_contents.append(b"12345678")
    elif kind == 4:
        message.raw_input_contents[0] = chance.randbytes(chance.randint(0, 100))
    elif kind == 5:
        item.contents.fp32_contents.extend([1.0] * chance.randint(0, 9))
        del message.raw_input_contents[:]
    elif kind == 6:
        message.parameters[chance.choice(["timeout", "signature_hash", "x"])].int64_param = chance.choice(
            [-5, 1, 2**62]
        )
    elif kind == 7:
        message.outputs.add(name=chance.choice(["like", "share"]))


def _damage_json(message: dict[str, Any], chance: random.Random) -> None:
    """Replaces or removes something, at any depth."""
    place: Any = message
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(place[key], dict | list) and chance.random() < 0.7:
            place = place[key]
            continue
        if chance.random() < 0.3:
            del place[key]
        else:
            place[key] = chance.choice(_ODD)
        return
