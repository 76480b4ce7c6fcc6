"""Small embedding tables: every process holds them whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from rankspec.claims.registry import obeys
from rankspec.families.recap.feature_refs import column_of, list_of
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.model.blocks import split
from rankspec.families.recap.program.model.dropout import RandomPosition, build_dropout
from rankspec.recap.v1.embedding_pb2 import (
    OUT_OF_RANGE_IDS_BUCKET,
    POOLING_MEAN,
    IdListConfig,
    SmallEmbeddingBagConfig,
    SmallEmbeddingsConfig,
)
from rankspec.trainer.data.ids import IdRange
from rankspec.trainer.inputs import Input
from rankspec.trainer.memory import allocating


@dataclass(frozen=True, slots=True)
class ColumnIds:
    """Ids that are one column of the discrete features, from 0."""

    column: int


@dataclass(frozen=True, slots=True)
class ListIds:
    """Ids that are lists of an input.

    Attributes:
        input: the input's name.
        is_mean: whether the rows that a list names are averaged; otherwise they are added up.
    """

    input: str
    is_mean: bool


# What the names of the tables' blocks begin with.
TABLE_BLOCKS = "small_embeddings/"


@obeys(
    SmallEmbeddingBagConfig,
    *("name", "num_embeddings", "embedding_dim", "out_of_range_ids", "init_std"),
)
class EmbeddingTable(nn.Module):
    """Rows looked up by one column of the discrete features, or by lists of ids.

    Args:
        config: size and first values of the table.
        ids: what it is looked up by.

    Attributes:
        ids: what it is looked up by.
        weight: the rows, `[num_embeddings, embedding_dim]`, and one more where out-of-range ids share a bucket.
        init_std: standard deviation of the first values.
    """

    def __init__(self, config: SmallEmbeddingBagConfig, ids: ColumnIds | ListIds) -> None:
        super().__init__()
        self.name = config.name
        self.ids = ids
        self.num_embeddings = config.num_embeddings
        self.has_bucket = config.out_of_range_ids == OUT_OF_RANGE_IDS_BUCKET
        self.init_std = config.init_std
        num_rows = config.num_embeddings + self.has_bucket
        self.weight = nn.Parameter(torch.empty(num_rows, config.embedding_dim))

    def forward(self, batch: RecapBatch) -> Tensor:
        """A row of the table, or of several pooled, for each row of a batch: `[B, dim]`.

        Without a bucket, what reads the ids makes sure that all have a row.
        """
        if isinstance(self.ids, ListIds):
            return batch.lists[self.ids.input].pooled(self.weight, self._row_of, is_mean=self.ids.is_mean)
        assert batch.discrete is not None, "the spec's rules make the data have ids to look up"
        return functional.embedding(self._row_of(batch.discrete[:, self.ids.column]), self.weight)

    def _row_of(self, ids: Tensor) -> Tensor:
        """The numbers of the rows of ids, of any shape."""
        if not self.has_bucket:
            return ids
        return ids.masked_fill((ids < 0) | (ids >= self.num_embeddings), self.num_embeddings)

    @property
    def id_range(self) -> tuple[str, int | None]:
        """The input that holds the ids, and their column; None of lists."""
        return (self.ids.input, None) if isinstance(self.ids, ListIds) else ("discrete", self.ids.column)


class SmallEmbeddings(nn.Module):
    """All small tables; their rows joined in the order of the spec.

    Args:
        tables: the tables.
        dropout: what drops values of the joined rows, or the identity.
        path: path of the tables in the spec.

    Attributes:
        widths: columns of the blocks that come out, by name.
        columns: for each table, the column of the discrete features that it is looked up by; None of lists.
        id_ranges: the ids that tables without a bucket have rows for.
    """

    def __init__(self, tables: Sequence[EmbeddingTable], dropout: nn.Module, path: str) -> None:
        super().__init__()
        # The prefix keeps a table called `keys` or `type` from hiding an attribute of the container.
        self.tables = nn.ModuleDict({f"table_{table.name}": table for table in tables})
        self.dropout = dropout
        self.widths = {f"{TABLE_BLOCKS}{table.name}": table.weight.shape[1] for table in tables}
        self.columns = [None if isinstance(table.ids, ListIds) else table.ids.column for table in tables]
        self.id_ranges = tuple(
            IdRange(*table.id_range, table.num_embeddings, table.name, f"{path}[{place}].num_embeddings")
            for place, table in enumerate(tables)
            if not table.has_bucket
        )

    def forward(self, batch: RecapBatch) -> dict[str, Tensor]:
        """Looks up ids, which are in `id_ranges` where there is no bucket; returns the rows of each table."""
        rows = [table(batch) for table in self.tables.values()]
        return split(self.dropout(torch.cat(rows, dim=1)), self.widths)


@obeys(SmallEmbeddingBagConfig, "list")
@obeys(IdListConfig, "pooling")
def _ids_of(config: SmallEmbeddingBagConfig, inputs: Mapping[str, Input], path: str) -> ColumnIds | ListIds:
    if not config.HasField("list"):
        return ColumnIds(column_of(config, inputs["discrete"], path))
    return ListIds(list_of(config, inputs, path).name, is_mean=config.list.pooling == POOLING_MEAN)


@obeys(SmallEmbeddingsConfig, "tables", "dropout")
def build_small_embeddings(
    config: SmallEmbeddingsConfig, inputs: Mapping[str, Input], path: str, position: RandomPosition
) -> SmallEmbeddings:
    """The small tables of a model.

    Args:
        config: tables and dropout.
        inputs: the data's inputs, by name.
        path: path of `config` in the spec.
        position: where in the run a forward pass is.

    Raises:
        DataError: if a table asks for a feature that there is not, or for lists of an input that has none.
        TrainError: if a table does not fit into memory.
    """
    ids = [_ids_of(table, inputs, f"{path}.tables[{place}]") for place, table in enumerate(config.tables)]
    dropout: nn.Module = nn.Identity()
    if config.HasField("dropout"):
        dropout = build_dropout(config.dropout, f"{path}.dropout", position)
    tables = []
    for place, (table, own) in enumerate(zip(config.tables, ids, strict=True)):
        with allocating(f"{path}.tables[{place}].num_embeddings"):
            tables.append(EmbeddingTable(table, own))
    return SmallEmbeddings(tables, dropout, f"{path}.tables")
