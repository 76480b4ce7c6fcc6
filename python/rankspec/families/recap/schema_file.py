"""Reads the schema file of a data set: its columns, and the features at their places."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rankspec.claims.registry import obeys
from rankspec.recap.v1.data_pb2 import SegDenseSchema
from rankspec.schema.field_paths import join
from rankspec.trainer.data_error import DataError
from rankspec.trainer.home_folder import expanded
from rankspec.trainer.inputs import VARYING, Column, DType

_DTYPES: dict[str, DType] = {"float_list": "float32", "int64_list": "int64"}


@obeys(SegDenseSchema, "schema_path")
def read_schema(schema: SegDenseSchema, path: str = "") -> dict[str, Column]:
    """Reads the schema file of a data set, `{"schema": [{"feature_name", "dtype", "length"}, ...]}`.

    An entry may have lists with an item for each place of the column beside these: `names`, `sizes` and
    `vocabularies`; see `rankspec.trainer.inputs.Column`.

    Returns:
        The columns by name.

    Raises:
        DataError: there is no such file, or it is not of that form.
    """
    return schema_columns(schema.schema_path, join(path, "seg_dense_schema.schema_path"))


def schema_columns(schema_path: str, path: str) -> dict[str, Column]:
    """Reads a schema file, as `read_schema`.

    Args:
        schema_path: the file.
        path: the field that names it, for errors.

    Raises:
        DataError: there is no such file, or it is not of that form.
    """
    try:
        document = json.loads(Path(expanded(schema_path, path)).read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"cannot read the schema file {schema_path}: {reason}", path) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{schema_path} is not JSON of a schema: {error}", path) from error
    entries = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise DataError(f'{schema_path}: expected an object with a list "schema"', path)
    columns: dict[str, Column] = {}
    for index, entry in enumerate(entries):
        place = f"{schema_path}: schema[{index}]"
        name, column = _parsed_entry(entry, place, path)
        if name in columns:
            raise DataError(f'{place}: a second entry for "{name}"; a column has one', path)
        columns[name] = column
    return columns


def _parsed_entry(entry: object, place: str, path: str) -> tuple[str, Column]:
    fields = entry if isinstance(entry, dict) else {}
    name, dtype, length = (fields.get(key) for key in ("feature_name", "dtype", "length"))
    if not (isinstance(name, str) and isinstance(dtype, str) and type(length) is int):
        raise DataError(f"{place}: expected feature_name and dtype (text) and length (a whole number)", path)
    if length < 1 and length != VARYING:
        raise DataError(f"{place}: length {length}; give the values in a row, or -1 if they vary", path)
    here = f'{place}, column "{name}"'
    column = Column(
        _DTYPES.get(dtype),
        length,
        _items(fields, "names", length, _is_name, "a text that is not empty", here, path),
        _items(fields, "sizes", length, _is_size, "a number of ids above 0, or null where there are none", here, path),
        _items(fields, "vocabularies", length, _is_file, "a file, relative to this one, or null", here, path),
    )
    _check_features(column, here, path)
    return name, column


def _items(
    fields: dict[str, Any], key: str, length: int, fits: Callable[[object], bool], what: str, place: str, path: str
) -> tuple[Any, ...] | None:
    """A list with an item for each place of a column, one for all where rows vary in length; None if there is none."""
    items = fields.get(key)
    if items is None:
        return None
    expected = max(length, 1)
    if not isinstance(items, list) or len(items) != expected:
        given = f"{len(items)} items" if isinstance(items, list) else "no list"
        number = "1 item for all values" if length == VARYING else f"{expected}, one for each place"
        raise DataError(f"{place}: {key} is {given}; give {number}, or leave {key} out", path)
    for index, item in enumerate(items):
        if not fits(item):
            raise DataError(f"{place}: {key}[{index}] is {json.dumps(item)}; give {what}", path)
    return tuple(items)


def _is_name(item: object) -> bool:
    return isinstance(item, str) and item.strip() != ""


def _is_size(item: object) -> bool:
    return item is None or (type(item) is int and 0 < item < 1 << 63)


def _is_file(item: object) -> bool:
    return item is None or (isinstance(item, str) and item != "")


def _check_features(column: Column, place: str, path: str) -> None:
    """Makes sure that names differ, that ids are whole numbers, and that only ids have a vocabulary."""
    names, sizes = column.names or (), column.sizes or ()
    if len(set(names)) != len(names):
        first: dict[str, int] = {}
        index, name = next((i, n) for i, n in enumerate(names) if first.setdefault(n, i) != i)
        raise DataError(f'{place}: names[{index}] is "{name}", as names[{first[name]}] is; give each its own', path)
    if column.dtype != "int64" and any(size is not None for size in sizes):
        raise DataError(f"{place}: sizes are numbers of ids, which only an int64_list holds; write null", path)
    for index, file in enumerate(column.vocabularies or ()):
        if file is not None and (not sizes or sizes[index] is None):
            raise DataError(f"{place}: vocabularies[{index}] is of ids; give their number in sizes[{index}]", path)
