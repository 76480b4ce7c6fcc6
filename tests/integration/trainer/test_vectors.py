"""Training on vectors that are bytes: to the bit what training on the same vectors in lists is."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import Plan, Runs, assert_same_end
from tests.unit.small_data import bytes_of

_KILLED = -signal.SIGKILL


@pytest.fixture
def in_bytes(tmp_path: Path, data: Path) -> Runs:
    """Runs over the usual data, whose vectors are bytes."""
    shutil.copy(data / "schema.json", tmp_path)
    for name in ("train", "valid"):
        table = pq.read_table(data / f"{name}.parquet")
        columns = {column: _in_bytes(table[column]) for column in table.column_names}
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet", row_group_size=64)
    return Runs(tmp_path, tmp_path)


def _in_bytes(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if not pa.types.is_fixed_size_list(column.type):
        return column
    return bytes_of(column.combine_chunks().flatten().to_numpy(), column.type.list_size)


def test_killed_and_resumed_it_ends_as_on_lists(in_bytes: Runs, finished: Path) -> None:
    assert pa.types.is_fixed_size_binary(pq.read_schema(in_bytes.data / "train.parquet").field("continuous").type)
    first = in_bytes.start("run", plan=Plan(interruptions.in_step, [12, signal.SIGKILL]))
    assert first.wait() == [_KILLED], first.output

    assert_same_end(in_bytes.train("run"), finished)
