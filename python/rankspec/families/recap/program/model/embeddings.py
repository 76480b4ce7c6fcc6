"""Small embedding tables: every process holds them whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from rankspec.claims.registry import obeys
from rankspec.families.recap.feature_refs import column_of
from rankspec.families.recap.program.model.blocks import split
from rankspec.families.recap.program.model.dropout import RandomPosition, build_dropout
from rankspec.recap.v1.embedding_pb2 import (
    OUT_OF_RANGE_IDS_BUCKET,
    SmallEmbeddingBagConfig,
    SmallEmbeddingsConfig,
)
from rankspec.trainer.data.ids import IdRange
from rankspec.trainer.memory import allocating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rankspec.trainer.inputs import Input


# What the names of the tables' blocks begin with.
TABLE_BLOCKS = "small_embeddings/"


@obeys(
    SmallEmbeddingBagConfig,
    *("name", "num_embeddings", "embedding_dim", "out_of_range_ids", "init_std"),
)
class EmbeddingTable(nn.Module):
    """Rows looked up by one column of the discrete features.

    Args:
        config: size and first values of the table.
        column: the column of the discrete features.

    Attributes:
        weight: the rows, `[num_embeddings, embedding_dim]`, and one more where out-of-range ids share a bucket.
        init_std: standard deviation of the first values.
    """

    def __init__(self, config: SmallEmbeddingBagConfig, column: int) -> None:
        super().__init__()
        self.name = config.name
        self.column = column
        self.num_embeddings = config.num_embeddings
        self.has_bucket = config.out_of_range_ids == OUT_OF_RANGE_IDS_BUCKET
        self.init_std = config.init_std
        num_rows = config.num_embeddings + self.has_bucket
        self.weight = nn.Parameter(torch.empty(num_rows, config.embedding_dim))

    def forward(self, ids: Tensor) -> Tensor:
        """Rows for ids `[B]`: `[B, dim]`. Without a bucket, what reads the ids makes sure that all have a row."""
        if self.has_bucket:
            ids = ids.masked_fill((ids < 0) | (ids >= self.num_embeddings), self.num_embeddings)
        return functional.embedding(ids, self.weight)


class SmallEmbeddings(nn.Module):
    """All small tables; their rows joined in the order of the spec.

    Args:
        tables: the tables.
        dropout: what drops values of the joined rows, or the identity.
        path: path of the tables in the spec.

    Attributes:
        widths: columns of the blocks that come out, by name.
        columns: columns of the discrete features that they look up.
        id_ranges: the ids that tables without a bucket have rows for.
    """

    def __init__(self, tables: Sequence[EmbeddingTable], dropout: nn.Module, path: str) -> None:
        super().__init__()
        # The prefix keeps a table called `keys` or `type` from hiding an attribute of the container.
        self.tables = nn.ModuleDict({f"table_{table.name}": table for table in tables})
        self.dropout = dropout
        self.widths = {f"{TABLE_BLOCKS}{table.name}": table.weight.shape[1] for table in tables}
        self.columns = [table.column for table in tables]
        self.id_ranges = tuple(
            IdRange("discrete", table.column, table.num_embeddings, table.name, f"{path}[{place}].num_embeddings")
            for place, table in enumerate(tables)
            if not table.has_bucket
        )

    def forward(self, discrete: Tensor) -> dict[str, Tensor]:
        """Looks up ids `[B, D]`, int64, in `id_ranges` where there is no bucket; returns the rows of each table."""
        rows = [table(discrete[:, column]) for column, table in zip(self.columns, self.tables.values(), strict=True)]
        return split(self.dropout(torch.cat(rows, dim=1)), self.widths)


@obeys(SmallEmbeddingsConfig, "tables", "dropout")
def build_small_embeddings(
    config: SmallEmbeddingsConfig, discrete: Input, path: str, position: RandomPosition
) -> SmallEmbeddings:
    """The small tables of a model.

    Args:
        config: tables and dropout.
        discrete: the discrete features.
        path: path of `config` in the spec.
        position: where in the run a forward pass is.

    Raises:
        DataError: if a table asks for a feature that there is not.
        TrainError: if a table does not fit into memory.
    """
    columns = [column_of(table, discrete, f"{path}.tables[{place}]") for place, table in enumerate(config.tables)]
    dropout: nn.Module = nn.Identity()
    if config.HasField("dropout"):
        dropout = build_dropout(config.dropout, f"{path}.dropout", position)
    tables = []
    for place, (table, column) in enumerate(zip(config.tables, columns, strict=True)):
        with allocating(f"{path}.tables[{place}].num_embeddings"):
            tables.append(EmbeddingTable(table, column))
    return SmallEmbeddings(tables, dropout, f"{path}.tables")
