"""Tables that begin with vectors of an earlier run or of another program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rankspec.claims.registry import obeys
from rankspec.embedding.v1.embedding_pb2 import EmbeddingBagConfig, EmbeddingSnapshot
from rankspec.families.twhin.program.vocabulary import COLUMN, Vocabulary, continues, id_column
from rankspec.schema.field_paths import join
from rankspec.trainer.checkpoints import STATE_FILE, Checkpoint, committed
from rankspec.trainer.data.parquet import open_file
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.source import place_in
from rankspec.trainer.data.storage.address import located
from rankspec.trainer.data.storage.storage import StoredFile
from rankspec.trainer.data.values import Array, StoredColumn, fixed
from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError

_VECTOR = "vector"
# In the state of a checkpoint: the vocabularies it was trained with.
VOCABULARIES = "vocabularies"


@dataclass(frozen=True)
class Snapshot:
    """Where the first vectors of a table come from.

    Attributes:
        table: the table's name.
        name: its name in the snapshot.
        text: the snapshot, as the config says it.
        path: the field that says it.
    """

    table: str
    name: str
    text: str
    path: str


@obeys(EmbeddingBagConfig, "name", "pretrained")
@obeys(EmbeddingSnapshot, "emb_name", "embedding_snapshot_uri")
def snapshots_of(tables: Sequence[EmbeddingBagConfig]) -> list[Snapshot]:
    """The snapshots of the tables that have one."""
    return [
        Snapshot(
            table.name,
            table.pretrained.emb_name,
            table.pretrained.embedding_snapshot_uri,
            f"model.embeddings.tables[{place}].pretrained.embedding_snapshot_uri",
        )
        for place, table in enumerate(tables)
        if table.HasField("pretrained")
    ]


def fill(snapshot: Snapshot, table: Tensor, vocabulary: Vocabulary | None) -> Iterator[str]:
    """Writes a snapshot's vectors over rows of a table, `[rows, width]`; yields what to say of it.

    Raises:
        DataError: the snapshot cannot be used; the text says why and where.
        TrainError: it is a checkpoint that cannot be read, or of another vocabulary.
    """
    storage, text = located(snapshot.text, snapshot.path)
    folder = storage.path(text)
    checkpoint = None if storage.is_remote else _checkpoint(Path(folder))
    if checkpoint is not None:
        filled, left_out = _from_checkpoint(checkpoint, snapshot, table, vocabulary), 0
    else:
        file = StoredFile(storage, folder / f"{snapshot.name}.parquet")
        try:
            filled, left_out = _from_parquet(file, table, vocabulary)
        except DataError as error:
            raise DataError(error.message, snapshot.path) from error
    yield f"{filled} of {len(table)} rows of {snapshot.table} begin with vectors of {snapshot.text}"
    if left_out:
        yield f"{left_out} vectors of {snapshot.text} are left out: {snapshot.table}'s vocabulary lacks their entities"


def _checkpoint(folder: Path) -> Checkpoint | None:
    return next((c for c in committed(folder.parent) if c.folder.name == folder.name), None)


def _from_checkpoint(checkpoint: Checkpoint, snapshot: Snapshot, table: Tensor, vocabulary: Vocabulary | None) -> int:
    if damage := checkpoint.damage():
        raise TrainError(f"{checkpoint.folder} is damaged: {damage}", snapshot.path)
    _check_vocabulary(checkpoint, snapshot, vocabulary)
    name = f"model.tables.table_{snapshot.name}"
    saved = checkpoint.empty_tensors(name).get(name)
    if saved is None:
        known = sorted(found.removeprefix("model.tables.table_") for found in checkpoint.empty_tensors("model.tables."))
        raise DataError(
            f'{checkpoint.folder} has no table "{snapshot.name}"; it has {", ".join(known) or "none"}',
            join(snapshot.path.rpartition(".")[0], "emb_name"),
        )
    if saved.dim() != 2 or saved.shape[1] != table.shape[1] or len(saved) > len(table):
        raise DataError(
            f"{checkpoint.folder}: the table is {_shown(saved)}, and here it is {_shown(table)}; the width has to be "
            "the same, and rows may only be added",
            snapshot.path,
        )
    checkpoint.load({name: saved})
    if not saved.isfinite().all():
        raise DataError(f"{checkpoint.folder}: the table has numbers that are not finite", snapshot.path)
    with torch.no_grad():
        table[: len(saved)] = saved.to(table)
    return len(saved)


def _check_vocabulary(checkpoint: Checkpoint, snapshot: Snapshot, vocabulary: Vocabulary | None) -> None:
    state = checkpoint.state
    with checkpoint.interpreting(STATE_FILE):
        before: Mapping[str, Any] | None = state.get(VOCABULARIES, {}).get(snapshot.name)
        fits = vocabulary is None if before is None else vocabulary is not None and continues(vocabulary, before)
    if not fits:
        raise TrainError(
            f"{checkpoint.folder} was trained with another vocabulary of the table, so that its rows are of other "
            "entities; write its vectors to Parquet, with their entities as ids, and name that",
            snapshot.path,
        )


def _shown(table: Tensor) -> str:
    return " x ".join(map(str, table.shape))


def _from_parquet(file: StoredFile, table: Tensor, vocabulary: Vocabulary | None) -> tuple[int, int]:
    """Fills rows of a table; returns how many, and how many vectors there are of entities that it does not have."""
    ids = StoredColumn(COLUMN, "int64", 1) if vocabulary is None else id_column(file)
    if vocabulary is not None and (ids.dtype == "text") != vocabulary.is_text:
        kinds = ("strings", "whole numbers")
        here, there = kinds if vocabulary.is_text else reversed(kinds)
        raise DataError(f'{file}: column "{COLUMN}" has {there}, and the table\'s vocabulary {here}')
    columns = [ids, StoredColumn(_VECTOR, "float32", table.shape[1])]
    opened, filled, left_out = open_file(file, columns), np.zeros(len(table), np.bool_), 0
    for row_group in range(len(opened.rows)):
        for first, chunk in opened.chunks(row_group, columns):
            place = place_in(opened, row_group, first)
            rows = _rows(fixed(chunk[COLUMN])[:, 0], len(table), vocabulary, place)
            known = rows >= 0
            vectors = fixed(chunk[_VECTOR])
            _check(vectors, rows[known], filled, place)
            left_out += int((~known).sum())
            with torch.no_grad():
                table[torch.from_numpy(rows[known])] = torch.tensor(vectors[known]).to(table)
    return int(filled.sum()), left_out


def _rows(ids: Array, num_rows: int, vocabulary: Vocabulary | None, place: Place) -> NDArray[np.int64]:
    if vocabulary is not None:
        return vocabulary.rows(ids)
    if (wrong := np.flatnonzero((ids < 0) | (ids >= num_rows))).size:
        row = int(wrong[0])
        raise DataError(
            f"{place.of(COLUMN, row)}: the id is {ids[row]}, and the table has ids from 0 to {num_rows - 1}"
        )
    return ids


def _check(vectors: Array, rows: NDArray[np.int64], filled: NDArray[np.bool_], place: Place) -> None:
    """Makes sure that vectors are finite and no row is filled twice; notes the rows as filled."""
    if (wrong := np.flatnonzero(~np.isfinite(vectors).all(1))).size:
        raise DataError(f"{place.of(_VECTOR, int(wrong[0]))}: a value is not finite")
    before = int(filled.sum())
    filled[rows] = True
    if int(filled.sum()) != before + len(rows):
        raise DataError(f'{place}: an id of column "{COLUMN}" is there a second time; a row begins with one vector')
