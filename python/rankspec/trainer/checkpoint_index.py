"""Reads a checkpoint's index, torch.distributed.checkpoint's `.metadata`, without running anything that it says.

The index is a pickle, and a pickle calls whatever it names. Here stand-ins take the place of the classes that an index
consists of, and nothing else can be named; what they caught is made into torch's own objects value by value, each of
them checked against the files it speaks of.
"""

import io
import pickle
import pickletools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any, TypeGuard

import torch
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import (
    ChunkStorageMetadata,
    Metadata,
    MetadataIndex,
    StorageMeta,
    TensorProperties,
    TensorStorageMetadata,
)

INDEX_FILE = ".metadata"
_MAX_INDEX_BYTES = 1 << 28
_MAX_NUMBERS = 1 << 48
# What pickles of an index are made of. Without the opcodes that carry a place in the memo, its size is bounded.
_OPCODES = {
    *("PROTO", "FRAME", "MARK", "STOP", "MEMOIZE", "BINGET", "LONG_BINGET", "NONE", "NEWTRUE", "NEWFALSE"),
    *("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "SHORT_BINUNICODE"),
    *("EMPTY_DICT", "SETITEM", "SETITEMS", "EMPTY_LIST", "APPEND", "APPENDS"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("STACK_GLOBAL", "NEWOBJ", "REDUCE", "BUILD"),
}
_DTYPES = {name: value for name, value in vars(torch).items() if isinstance(value, torch.dtype)}


class UnsafeIndexError(ValueError):
    """An index that names what no checkpoint consists of, or that does not fit its files."""


@dataclass(frozen=True)
class StoredChunk:
    """Where a part of a tensor lies, with the attributes that torch's reader asks for."""

    relative_path: str
    offset: int
    length: int
    transform_descriptors: None = None


class IndexReader(FileSystemReader):
    """torch's reader of a checkpoint's files, with an index that was read before, by `read_index`."""

    def __init__(self, folder: Path, index: Metadata) -> None:
        super().__init__(folder)
        self._index = index

    def read_metadata(self, *_arguments: Any, **_options: Any) -> Metadata:
        """The index."""
        return replace(self._index, storage_meta=StorageMeta(load_id=self.load_id))


def read_index(folder: Path, sizes: Mapping[str, int]) -> Metadata:
    """Reads a checkpoint's index.

    Args:
        folder: the checkpoint's.
        sizes: the files that the checkpoint consists of, with their sizes in bytes; the index may name no others.

    Raises:
        UnsafeIndexError: if it names anything but tensors in the checkpoint's own files.
    """
    path = folder / INDEX_FILE
    if path.stat().st_size > _MAX_INDEX_BYTES:
        raise UnsafeIndexError(f"{INDEX_FILE} is larger than any index")
    data = path.read_bytes()
    try:
        _check_opcodes(data)
        return _metadata(_Unpickler(io.BytesIO(data)).load(), sizes)
    except UnsafeIndexError:
        raise
    except Exception as error:
        raise UnsafeIndexError(f"{INDEX_FILE} is no index: {error}") from error


def _check_opcodes(data: bytes) -> None:
    for opcode, _, _ in pickletools.genops(data):
        if opcode.name not in _OPCODES:
            raise UnsafeIndexError(f"{INDEX_FILE} does what no index does ({opcode.name})")


class _Record:
    """Stands in for an object: keeps what the pickle says of it."""

    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        self.state = state


_DCP = "torch.distributed.checkpoint"
# What an index names, and what it is called here.
_KINDS = {
    (f"{_DCP}.metadata", "Metadata"): "Metadata",
    (f"{_DCP}.metadata", "TensorStorageMetadata"): "Tensor",
    (f"{_DCP}.metadata", "TensorProperties"): "Properties",
    (f"{_DCP}.metadata", "ChunkStorageMetadata"): "Chunk",
    (f"{_DCP}.metadata", "MetadataIndex"): "Index",
    (f"{_DCP}.filesystem", "_StorageInfo"): "Storage",
    ("torch", "Size"): "Size",
    # Where it was saved, and how its tensors lay in memory: nothing is done with it.
    (f"{_DCP}.metadata", "StorageMeta"): "Ignored",
    (f"{_DCP}.metadata", "_MEM_FORMAT_ENCODING"): "Ignored",
    ("torch.serialization", "_get_layout"): "Ignored",
    ("pathlib", "PosixPath"): "Ignored",
    # From Python 3.13 on.
    ("pathlib._local", "PosixPath"): "Ignored",
}
_STAND_INS = {named: type(kind, (_Record,), {}) for named, kind in _KINDS.items()}


def _is(record: Any, kind: str) -> TypeGuard[_Record]:
    return isinstance(record, _Record) and type(record).__name__ == kind


class _Unpickler(pickle.Unpickler):
    """Knows the stand-ins, and torch's names of types of numbers."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if (module, name) not in _STAND_INS:
            raise UnsafeIndexError(f"{INDEX_FILE} names {module}.{name}, which is no part of a checkpoint")
        return _STAND_INS[module, name]


def _metadata(record: Any, sizes: Mapping[str, int]) -> Metadata:
    fields = _fields(record, "Metadata")
    storage = {_index(key): _storage(value, sizes) for key, value in _typed(fields.get("storage_data"), dict).items()}
    tensors = {
        _typed(name, str): _tensor(name, entry, storage)
        for name, entry in _typed(fields.get("state_dict_metadata"), dict).items()
    }
    # Several names for the same bytes would multiply the memory that they take.
    if sum(stored.length for stored in storage.values()) > sum(sizes.values()):
        raise UnsafeIndexError(f"{INDEX_FILE} speaks of more than is stored")
    return Metadata(state_dict_metadata=dict(tensors), storage_data=storage)


def _tensor(name: str, record: Any, storage: Mapping[MetadataIndex, StoredChunk]) -> TensorStorageMetadata:
    fields = _fields(record, "Tensor")
    properties = fields.get("properties")
    state = properties.state if _is(properties, "Properties") else None
    dtype = state[0] if isinstance(state, tuple) and state else None
    if not isinstance(dtype, torch.dtype):
        raise UnsafeIndexError(f"{name} has no type of numbers")
    size = _size(fields.get("size"))
    chunks = [_chunk(chunk) for chunk in _typed(fields.get("chunks"), list)]
    # What a run saves is in one piece. Of other pieces the reader would read those that fit, and leave the rest of the
    # tensor as it was in memory.
    if [(tuple(chunk.offsets), chunk.sizes) for chunk in chunks] != [((0,) * len(size), size)]:
        raise UnsafeIndexError(f"{name} is not stored in one piece")
    stored = storage.get(MetadataIndex(name, chunks[0].offsets))
    # An index that speaks of more than is stored would make the reader take the memory for it.
    if stored is None or stored.length < prod(size) * dtype.itemsize:
        raise UnsafeIndexError(f"{name} is larger than what is stored of it")
    return TensorStorageMetadata(TensorProperties(dtype=dtype), size, chunks)


def _chunk(record: Any) -> ChunkStorageMetadata:
    fields = _fields(record, "Chunk")
    return ChunkStorageMetadata(_size(fields.get("offsets")), _size(fields.get("sizes")))


def _index(record: Any) -> MetadataIndex:
    fields = _fields(record, "Index")
    return MetadataIndex(_typed(fields.get("fqn"), str), _size(fields.get("offset")))


def _storage(record: Any, sizes: Mapping[str, int]) -> StoredChunk:
    fields = _fields(record, "Storage")
    file = _typed(fields.get("relative_path"), str)
    offset, length = _count(fields.get("offset")), _count(fields.get("length"))
    if fields.get("transform_descriptors"):
        raise UnsafeIndexError(f"{file} is packed in a way that no run packs it")
    if offset + length > sizes.get(file, -1):
        raise UnsafeIndexError(f"{INDEX_FILE} reads beyond the checkpoint's own files: {file}")
    return StoredChunk(file, offset, length)


def _size(record: Any) -> torch.Size:
    if not _is(record, "Size") or len(record.arguments) != 1:
        raise UnsafeIndexError(f"{INDEX_FILE} lacks a size")
    numbers = [_count(number) for number in record.arguments[0]]
    # An empty tensor has strides too, which have to be numbers.
    if prod(max(number, 1) for number in numbers) > _MAX_NUMBERS:
        raise UnsafeIndexError(f"{INDEX_FILE} speaks of a tensor of more numbers than there can be")
    return torch.Size(numbers)


def _fields(record: Any, kind: str) -> dict[str, Any]:
    if not _is(record, kind):
        raise UnsafeIndexError(f"{INDEX_FILE} holds a {type(record).__name__} where no index has one")
    return dict(_typed(record.state, dict))


def _typed(value: Any, kind: type[Any]) -> Any:
    if type(value) is not kind:
        raise UnsafeIndexError(f"{INDEX_FILE} holds a {type(value).__name__} where an index has a {kind.__name__}")
    return value


def _count(value: Any) -> int:
    count: int = _typed(value, int)
    if count < 0:
        raise UnsafeIndexError(f"{INDEX_FILE} holds a negative size")
    return count
