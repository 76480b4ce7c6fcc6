"""Small embedding tables: every process holds them whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from rankspec.recap.v1.embedding_pb2 import (
    OUT_OF_RANGE_IDS_BUCKET,
    OUT_OF_RANGE_IDS_ERROR,
    SmallEmbeddingBagConfig,
    SmallEmbeddingsConfig,
)
from rankspec.trainer.claims import obeys
from rankspec.trainer.errors import TrainError
from rankspec.trainer.model.dropout import RandomPosition, build_dropout

if TYPE_CHECKING:
    from collections.abc import Sequence


class OutOfRangeIdError(TrainError, ValueError):
    """An id is no row of its table, and the spec says that this is an error."""


@obeys(
    SmallEmbeddingBagConfig,
    *("name", "num_embeddings", "embedding_dim", "index", "out_of_range_ids", "weight_decay", "init_std"),
)
class EmbeddingTable(nn.Module):
    """Rows looked up by one column of the discrete features.

    Args:
        config: size, column and first values of the table.

    Attributes:
        weight: the rows, `[num_embeddings, embedding_dim]`, and one more where out-of-range ids share a bucket.
        weight_decay: decoupled weight decay of this table, or None for the optimizer's own.
        init_std: standard deviation of the first values.
    """

    def __init__(self, config: SmallEmbeddingBagConfig) -> None:
        super().__init__()
        self.name = config.name
        self.index = config.index
        self.num_embeddings = config.num_embeddings
        self.refuses = config.out_of_range_ids == OUT_OF_RANGE_IDS_ERROR
        self.weight_decay = config.weight_decay if config.HasField("weight_decay") else None
        self.init_std = config.init_std
        num_rows = config.num_embeddings + (config.out_of_range_ids == OUT_OF_RANGE_IDS_BUCKET)
        self.weight = nn.Parameter(torch.empty(num_rows, config.embedding_dim))

    def forward(self, ids: Tensor, out_of_range: Tensor) -> Tensor:
        """Rows for ids `[B]`, of which those marked `out_of_range` `[B]` take the last row: `[B, dim]`."""
        return functional.embedding(ids.masked_fill(out_of_range, len(self.weight) - 1), self.weight)


class SmallEmbeddings(nn.Module):
    """All small tables; their rows joined in the order of the spec.

    Args:
        tables: the tables.
        dropout: what drops values of the joined rows, or the identity.

    Attributes:
        width: columns of the joined rows.
    """

    def __init__(self, tables: Sequence[EmbeddingTable], dropout: nn.Module) -> None:
        super().__init__()
        # The prefix keeps a table called `keys` or `type` from hiding an attribute of the container.
        self.tables = nn.ModuleDict({f"table_{table.name}": table for table in tables})
        self.dropout = dropout
        self.width = sum(table.weight.shape[1] for table in tables)
        self._columns: Tensor
        self._sizes: Tensor
        self.register_buffer("_columns", torch.tensor([table.index for table in tables]), persistent=False)
        self.register_buffer("_sizes", torch.tensor([table.num_embeddings for table in tables]), persistent=False)
        self._watch = _RangeWatch(tables)

    def forward(self, discrete: Tensor, first_row: int) -> Tensor:
        """Looks up ids.

        Args:
            discrete: ids, `[B, D]`, int64.
            first_row: place of the first row in the global batch, for messages.

        Returns:
            The rows, `[B, width]`.

        Raises:
            OutOfRangeIdError: for an id outside a table that has no bucket for it. On a GPU in training the
                error comes with the next batch (or `finish_checks`), so that no step waits for its own ids.
        """
        ids = discrete.index_select(1, self._columns)
        out_of_range = (ids < 0) | (ids >= self._sizes)
        self._watch.check(ids, out_of_range, first_row, may_wait=self.training)
        rows = [table(ids[:, place], out_of_range[:, place]) for place, table in enumerate(self.tables.values())]
        return self.dropout(torch.cat(rows, dim=1))

    def finish_checks(self) -> None:
        """Raises what is known of ids that no later batch reports on."""
        self._watch.finish()


class _RangeWatch:
    """Finds ids out of range without making a GPU wait in every step.

    The answer for one batch is copied to the host in the background and read when the next comes: by then it has
    arrived. Lookups take a row that exists meanwhile, so a wrong id does no harm but one lost step.
    """

    def __init__(self, tables: Sequence[EmbeddingTable]) -> None:
        self._tables = [(place, table) for place, table in enumerate(tables) if table.refuses]
        self._places = [place for place, _ in self._tables]
        self._pending: tuple[Tensor, torch.cuda.Event, Tensor, Tensor, int] | None = None

    def check(self, ids: Tensor, out_of_range: Tensor, first_row: int, *, may_wait: bool) -> None:
        """Raises for this batch, or for the one before where the answer may wait."""
        self.finish()
        if not self._tables:
            return
        refused = out_of_range[:, self._places]
        found = refused.any()
        if not (ids.is_cuda and may_wait):
            if found:
                raise self._error(ids, refused, first_row)
            return
        answer = torch.empty((), dtype=torch.bool, pin_memory=True)
        answer.copy_(found, non_blocking=True)
        arrived = torch.cuda.Event()
        arrived.record()
        self._pending = (answer, arrived, ids, refused, first_row)

    def finish(self) -> None:
        """Raises for the batch whose answer is still out, if there is one."""
        pending, self._pending = self._pending, None
        if pending is not None:
            answer, arrived, ids, refused, first_row = pending
            arrived.synchronize()
            if answer:
                raise self._error(ids, refused, first_row)

    def _error(self, ids: Tensor, refused: Tensor, first_row: int) -> OutOfRangeIdError:
        row, column = refused.nonzero()[0].tolist()
        place, table = self._tables[column]
        return OutOfRangeIdError(
            f"row {first_row + row} of the batch has the id {int(ids[row, place])} for table {table.name!r}, whose ids "
            f"run from 0 to {table.num_embeddings - 1} (column {table.index} of discrete); correct the data, raise "
            "num_embeddings, or set out_of_range_ids: OUT_OF_RANGE_IDS_BUCKET",
            f"model.small_embeddings.tables[{place}]",
        )


@obeys(SmallEmbeddingsConfig, "tables", "dropout")
def build_small_embeddings(
    config: SmallEmbeddingsConfig, num_columns: int, path: str, position: RandomPosition
) -> SmallEmbeddings:
    """The small tables of a model.

    Args:
        config: tables and dropout.
        num_columns: columns of the discrete features.
        path: path of `config` in the spec.
        position: where in the run a forward pass is.

    Raises:
        TrainError: if a table asks for a column that the discrete features do not have.
    """
    for place, table in enumerate(config.tables):
        if table.index >= num_columns:
            raise TrainError(
                f"table {table.name!r} reads column {table.index}, but discrete has {num_columns} columns, from 0",
                f"{path}.tables[{place}].index",
            )
    dropout: nn.Module = nn.Identity()
    if config.HasField("dropout"):
        dropout = build_dropout(config.dropout, f"{path}.dropout", position)
    return SmallEmbeddings([EmbeddingTable(table) for table in config.tables], dropout)
