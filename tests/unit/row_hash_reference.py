"""The hash that gives rows their places, value by value, in whole numbers of Python."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TypeAlias

Value: TypeAlias = "int | float | str | bool | Sequence[Value] | None"

_PRIMES = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_MISSING = b"!gnissim"


def row_hash(salt: str, row: Sequence[Value]) -> int:
    """The hash of a row's values."""
    return hash_of(b"".join(map(_word, row)), hash_of(salt.encode()))


def hash_of(data: bytes, seed: int = 0) -> int:
    """The hash of some bytes."""
    state = _cut(seed + _PRIMES[4] + len(data))
    for start in range(0, len(data), 8):
        word = int.from_bytes(data[start : start + 8], "little")
        state ^= _cut(_rotated(_cut(word * _PRIMES[1]), 31) * _PRIMES[0])
        state = _cut(_rotated(state, 27) * _PRIMES[0] + _PRIMES[3])
    for shift, prime in ((33, _PRIMES[1]), (29, _PRIMES[2]), (32, 1)):
        state = _cut((state ^ (state >> shift)) * prime)
    return state


def _word(value: Value) -> bytes:
    if value is None:
        return _MISSING
    if isinstance(value, float):
        return struct.pack("<d", value + 0.0)
    if isinstance(value, int):
        return struct.pack("<q", value)
    data = value.encode() if isinstance(value, str) else b"".join(map(_word, value))
    return hash_of(data).to_bytes(8, "little")


def _rotated(value: int, bits: int) -> int:
    return _cut(value << bits) | value >> (64 - bits)


def _cut(value: int) -> int:
    return value & (2**64 - 1)
