"""The names of features, in the metadata of a Parquet file: which feature is at which place of a vector.

They stand in the schema file too. A file whose names are others, or in another order, is not the data that the schema
file describes, whatever the widths of its columns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

KEY = "rankspec.names"


def names_metadata(names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What a file's metadata say of the features in its columns, by the columns' names; empty if there are no names."""
    return {KEY: json.dumps(names, separators=(",", ":"), ensure_ascii=False)} if names else {}


def feature_names_in(metadata: Mapping[bytes, bytes] | None) -> dict[str, list[str]]:
    """The names that a file's metadata give, by column; empty if they give none.

    Raises:
        ValueError: what stands in their place is something else.
    """
    text = (metadata or {}).get(KEY.encode())
    if text is None:
        return {}
    try:
        names = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its metadata have no names of features under {KEY}: {error}; write the file anew") from error
    if not isinstance(names, dict) or not all(map(_is_list_of_names, names.values())):
        raise ValueError(f"its metadata have no lists of names by column under {KEY}; write the file anew")
    return names


def schema_entry(
    name: str, dtype: str, length: int, names: Sequence[str] = (), sizes: Sequence[int] = ()
) -> dict[str, Any]:
    """A column's entry in a schema file.

    Args:
        name: of the column.
        dtype: `float_list` or `int64_list`.
        length: values in a row.
        names: of the features, one for each place; none leaves them out.
        sizes: numbers of ids, one for each place; none leaves them out.
    """
    features = {key: list(items) for key, items in (("names", names), ("sizes", sizes)) if items}
    return {"feature_name": name, "dtype": dtype, "length": length, **features}


def names_in_schema(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The names that entries of a schema file give, by column."""
    return {entry["feature_name"]: entry["names"] for entry in entries if entry.get("names")}


def write_named(table: pa.Table, file: Path, names: Mapping[str, Sequence[str]], **options: Any) -> None:
    """Writes a table as a Parquet file that has its features' names.

    Args:
        table: the rows.
        file: where to.
        names: of the features, by column.
        options: of `pyarrow.parquet.write_table`.
    """
    row_group_size = options.pop("row_group_size", None)
    with pq.ParquetWriter(file, table.schema, **options) as writer:
        writer.write_table(table, row_group_size=row_group_size)
        writer.add_key_value_metadata(names_metadata(names))


def _is_list_of_names(names: object) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)
