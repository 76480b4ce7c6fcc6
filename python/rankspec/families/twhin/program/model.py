"""TwHIN (El-Kishky et al., 2022): entities of several types and the relations between them as vectors of one space."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from rankspec.embedding.v1.embedding_pb2 import EmbeddingBagConfig
from rankspec.families.twhin.program.negatives import LHS, RHS, Draw
from rankspec.trainer.claims import obeys
from rankspec.trainer.memory import allocating
from rankspec.twhin.v1.data_pb2 import TwhinDataConfig
from rankspec.twhin.v1.model_pb2 import Relation, TwhinEmbeddingsConfig, TwhinModelConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rankspec.families.twhin.program.batch import EdgeBatch
    from rankspec.twhin.v1.twhin_pb2 import TwhinConfig


class Scores(NamedTuple):
    """What a model says of the edges of a batch and of their negatives, relation by relation.

    Attributes:
        logits: `[N]`: of the edges in their order, then of the negatives: for each relation in the batch, every edge's
            right-hand entity with the left-hand negatives, then every left-hand entity with the right-hand ones.
        relations: the relation of each logit, int64 `[N]`.
        num_edges: how many of the logits are of edges.
    """

    logits: Tensor
    relations: Tensor
    num_edges: int


class _Sides(NamedTuple):
    """The tables of a relation's two sides."""

    lhs: str
    rhs: str


class TwhinModel(nn.Module):
    """Scores edges: the dot product of the left-hand vector with the right-hand one, moved by the relation's.

    Args:
        rows: rows of every entity table, by its name.
        width: of every vector.
        sides: the tables of each relation's sides, by the relations' numbers.
        num_in_batch: negatives of each edge and side that are taken from the batch's other edges.
        num_global: negatives of each edge and side that are taken from the whole table.
        seed: what negatives are drawn from.

    Attributes:
        tables: entity vectors `[rows, width]`, by the tables' names.
        translations: relation vectors, `[R, width]`.
    """

    def __init__(
        self,
        rows: dict[str, int],
        width: int,
        sides: Sequence[_Sides],
        *,
        num_in_batch: int,
        num_global: int,
        seed: int,
    ) -> None:
        super().__init__()
        # A table may be called as a method of the container is.
        self.tables = nn.ParameterDict({_key(name): nn.Parameter(torch.empty(of, width)) for name, of in rows.items()})
        self.translations = nn.Parameter(torch.empty(len(sides), width))
        self.num_in_batch = num_in_batch
        self.num_global = num_global
        self._sides = tuple(sides)
        self._seed = seed

    def table(self, name: str) -> nn.Parameter:
        """The vectors of an entity type, `[rows, width]`."""
        table: nn.Parameter = self.tables[_key(name)]
        return table

    def forward(self, batch: EdgeBatch) -> Scores:
        """Logits of a batch's edges and of their negatives.

        Negatives are compared as they are: the relation's vector moves the right-hand entities of edges only.
        """
        draw = Draw(self._seed, self.training, batch.number, batch.first_row)
        lhs = self._looked_up(batch.lhs, batch.rel, LHS)
        rhs = self._looked_up(batch.rhs, batch.rel, RHS)
        logits = [(lhs * (rhs + self.translations[batch.rel])).sum(1)]
        relations = [batch.rel]
        present = torch.unique(batch.rel).tolist() if self.num_in_batch + self.num_global else []
        for relation in present:
            own = (batch.rel == relation).nonzero().squeeze(1)
            for side, kept, replaced in ((LHS, rhs, lhs), (RHS, lhs, rhs)):
                others = self._negatives(draw, relation, side, replaced[own])
                logits.append((kept[own] @ others.T).flatten())
                relations.append(batch.rel.new_full((len(own) * len(others),), relation))
        return Scores(torch.cat(logits).float(), torch.cat(relations), batch.num_rows)

    def _looked_up(self, ids: Tensor, relations: Tensor, side: int) -> Tensor:
        """The vectors of the entities on one side of edges, `[B, width]`."""
        # Every table takes part in every batch, with no rows if need be: processes exchange the gradients of all.
        places, vectors = [], []
        for name in self.tables:
            of_table = torch.tensor([_key(sides[side]) == name for sides in self._sides], device=ids.device)
            own = of_table[relations].nonzero().squeeze(1)
            places.append(own)
            vectors.append(self.tables[name][ids[own]])
        back = torch.cat(places).argsort()
        return torch.cat(vectors)[back]

    def _negatives(self, draw: Draw, relation: int, side: int, in_batch: Tensor) -> Tensor:
        """Entities to put on one side of a relation's edges, `[num_in_batch + num_global, width]`."""
        table = self.table(self._sides[relation][side])
        places = draw.from_batch(len(in_batch), self.num_in_batch, relation, side)
        ids = draw.from_table(len(table), self.num_global, relation, side)
        return torch.cat([in_batch[places.to(in_batch.device)], table[ids.to(table.device)]])


@obeys(TwhinModelConfig, "embeddings", "relations")
@obeys(TwhinEmbeddingsConfig, "tables")
@obeys(EmbeddingBagConfig, "name", "num_embeddings", "embedding_dim")
@obeys(Relation, "lhs", "rhs")
@obeys(TwhinDataConfig, "in_batch_negatives", "global_negatives")
def build_model(config: TwhinConfig) -> TwhinModel:
    """The model of a run, on the CPU, with its first values, which depend on `runtime.seed` and shapes alone.

    Entity vectors begin uniformly within one over the root of the table's rows, as those of an `EmbeddingBagCollection`
    do; relation vectors uniformly between 0 and 1.
    """
    tables = config.model.embeddings.tables
    with allocating("model.embeddings.tables"):
        model = TwhinModel(
            {table.name: table.num_embeddings for table in tables},
            tables[0].embedding_dim,
            [_Sides(relation.lhs, relation.rhs) for relation in config.model.relations],
            num_in_batch=config.train_data.in_batch_negatives,
            num_global=config.train_data.global_negatives,
            seed=config.runtime.seed,
        )
    for name, parameter in model.named_parameters():
        bound = len(parameter) ** -0.5
        first, last = (0.0, 1.0) if parameter is model.translations else (-bound, bound)
        nn.init.uniform_(parameter, first, last, generator=_generator(name, config.runtime.seed))
    return model


def _generator(name: str, seed: int) -> torch.Generator:
    """A source of random numbers for one parameter, whatever others there are."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big", signed=True))


def _key(table: str) -> str:
    return f"table_{table}"
