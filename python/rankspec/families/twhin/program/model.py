"""TwHIN (El-Kishky et al., 2022): entities of several types and the relations between them as vectors of one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from rankspec.claims.registry import obeys
from rankspec.embedding.v1.embedding_pb2 import DATA_TYPE_FP32, EmbeddingBagConfig
from rankspec.families.twhin.program.batch import EdgeBatch
from rankspec.families.twhin.program.negatives import LHS, RHS, Draw
from rankspec.train.v1.runtime_pb2 import RuntimeConfig
from rankspec.trainer.errors import TrainError
from rankspec.trainer.memory import allocating
from rankspec.trainer.seeds import seed_for
from rankspec.twhin.v1.data_pb2 import TwhinDataConfig
from rankspec.twhin.v1.model_pb2 import OPERATOR_TRANSLATION, Relation, TwhinEmbeddingsConfig, TwhinModelConfig
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


class NumNegatives(NamedTuple):
    """How many negatives each edge has on each side: from its batch, and from the whole table."""

    in_batch: int
    whole_table: int

    @property
    def logits_per_edge(self) -> int:
        """The edge's own, and those of its negatives on both sides."""
        return 1 + 2 * (self.in_batch + self.whole_table)


class Sides(NamedTuple):
    """The tables of a relation's two sides."""

    lhs: str
    rhs: str


class TwhinModel(nn.Module):
    """Scores edges: the dot product of the left-hand vector with the right-hand one, moved by the relation's.

    Args:
        rows: rows of every entity table, by its name.
        width: of every vector.
        sides: the tables of each relation's sides, by the relations' numbers.
        training: how many negatives there are of each edge and side in training.
        evaluation: how many there are in evaluation.
        seed: what negatives are drawn from.

    Attributes:
        tables: entity vectors `[rows, width]`, by the tables' names.
        translations: relation vectors, `[R, width]`.
    """

    def __init__(
        self,
        rows: dict[str, int],
        width: int,
        sides: Sequence[Sides],
        *,
        training: NumNegatives,
        evaluation: NumNegatives,
        seed: int,
    ) -> None:
        super().__init__()
        # A table may be called as a method of the container is.
        self.tables = nn.ParameterDict({_key(name): nn.Parameter(torch.empty(of, width)) for name, of in rows.items()})
        self.translations = nn.Parameter(torch.empty(len(sides), width))
        self._num_negatives = {True: training, False: evaluation}
        self._sides = tuple(sides)
        self._seed = seed
        # Follows from the config, so no checkpoint may bring back another.
        numbers = {name: number for number, name in enumerate(self.tables)}
        self._table_of: Tensor
        self.register_buffer(
            "_table_of",
            torch.tensor([[numbers[_key(of[side])] for of in sides] for side in (LHS, RHS)]),
            persistent=False,
        )

    def table(self, name: str) -> nn.Parameter:
        """The vectors of an entity type, `[rows, width]`."""
        table: nn.Parameter = self.tables[_key(name)]
        return table

    @property
    def num_negatives(self) -> NumNegatives:
        """How many negatives there are of each edge and side, in the mode that the model is in."""
        return self._num_negatives[self.training]

    @property
    def num_negatives_in_evaluation(self) -> NumNegatives:
        """How many there are in evaluation."""
        return self._num_negatives[False]

    def forward(self, batch: EdgeBatch) -> Scores:
        """Logits of a batch's edges and of their negatives, which are scored as edges are."""
        draw = Draw(self._seed, self.training, batch.number, batch.first_row)
        lhs = self._looked_up(batch.lhs, batch.rel, LHS)
        rhs = self._looked_up(batch.rhs, batch.rel, RHS)
        # A product of matrices as for negatives, so that mixed precision treats both alike.
        logits = [torch.einsum("bd,bd->b", lhs, rhs + self.translations[batch.rel])]
        relations = [batch.rel]
        for relation in torch.unique(batch.rel).tolist():
            own = (batch.rel == relation).nonzero().squeeze(1)
            other_lhs = self._negatives(draw, relation, LHS, lhs[own])
            other_rhs = self._negatives(draw, relation, RHS, rhs[own])
            logits.append((self._moved(rhs[own], relation) @ other_lhs.T).flatten())
            logits.append((lhs[own] @ self._moved(other_rhs, relation).T).flatten())
            relations += [batch.rel.new_full((len(of),), relation) for of in logits[-2:]]
        return Scores(torch.cat(logits).float(), torch.cat(relations), batch.num_rows)

    def _moved(self, rhs: Tensor, relation: int) -> Tensor:
        """Right-hand entities of a relation's negatives, moved by its vector.

        Without that, every edge could be told from every negative by a relation's vector alone.
        """
        return rhs + self.translations[relation]

    def _looked_up(self, ids: Tensor, relations: Tensor, side: int) -> Tensor:
        """The vectors of the entities on one side of edges, `[B, width]`."""
        # Every table takes part in every batch, with no rows if need be: processes exchange the gradients of all.
        places, vectors = [], []
        tables = self._table_of[side][relations]
        for number, table in enumerate(self.tables.values()):
            own = (tables == number).nonzero().squeeze(1)
            places.append(own)
            vectors.append(functional.embedding(ids[own], table))
        back = torch.cat(places).argsort()
        return torch.cat(vectors)[back]

    def _negatives(self, draw: Draw, relation: int, side: int, in_batch: Tensor) -> Tensor:
        """Entities to put on one side of a relation's edges, `[in_batch + whole_table, width]`."""
        table = self.table(self._sides[relation][side])
        count = self.num_negatives
        places = draw.from_batch(len(in_batch), count.in_batch, relation, side)
        ids = draw.from_table(len(table), count.whole_table, relation, side)
        return torch.cat([in_batch[places.to(in_batch.device)], functional.embedding(ids.to(table.device), table)])


@obeys(TwhinConfig, "model", "train_data", "validation_data", "runtime")
@obeys(RuntimeConfig, "seed")
@obeys(TwhinModelConfig, "embeddings", "relations")
@obeys(TwhinEmbeddingsConfig, "tables")
@obeys(EmbeddingBagConfig, "name", "num_embeddings", "embedding_dim", "data_type")
@obeys(Relation, "lhs", "rhs", "operator")
@obeys(TwhinDataConfig, "in_batch_negatives", "global_negatives")
def build_model(config: TwhinConfig) -> TwhinModel:
    """The model of a run, on the CPU, with its first values, which depend on `runtime.seed` and shapes alone.

    Entity vectors begin uniformly within one over the root of the table's rows, as those of an `EmbeddingBagCollection`
    do; relation vectors uniformly between 0 and 1.

    Raises:
        TrainError: if tables are to be kept in another format than float32.
    """
    tables = config.model.embeddings.tables
    for place, table in enumerate(tables):
        if table.data_type != DATA_TYPE_FP32:
            raise TrainError(
                "tables are trained in DATA_TYPE_FP32 alone so far; write that",
                f"model.embeddings.tables[{place}].data_type",
                code="train.not_obeyed",
            )
    operators = {relation.operator for relation in config.model.relations}
    assert operators == {OPERATOR_TRANSLATION}, "the spec knows no other operator"
    with allocating("model.embeddings.tables"):
        model = TwhinModel(
            {table.name: table.num_embeddings for table in tables},
            tables[0].embedding_dim,
            [Sides(relation.lhs, relation.rhs) for relation in config.model.relations],
            training=_num_negatives(config.train_data),
            evaluation=_num_negatives(config.validation_data),
            seed=config.runtime.seed,
        )
    for name, parameter in model.named_parameters():
        bound = len(parameter) ** -0.5
        first, last = (0.0, 1.0) if parameter is model.translations else (-bound, bound)
        nn.init.uniform_(
            parameter,
            first,
            last,
            generator=torch.Generator().manual_seed(seed_for(config.runtime.seed, "weights", name)),
        )
    return model


def _num_negatives(data: TwhinDataConfig) -> NumNegatives:
    return NumNegatives(data.in_batch_negatives, data.global_negatives)


def _key(table: str) -> str:
    return f"table_{table}"
