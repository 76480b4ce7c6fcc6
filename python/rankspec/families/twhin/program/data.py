"""The data of a graph embedding: Parquet files of edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rankspec.claims.registry import obeys
from rankspec.embedding.v1.embedding_pb2 import EmbeddingBagConfig
from rankspec.families.twhin.program.batch import EdgeBatch
from rankspec.families.twhin.program.vocabulary import Vocabulary
from rankspec.schema.field_paths import join
from rankspec.trainer.data.apart import refuse_data_in_run
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.formats import Format
from rankspec.trainer.data.order import OrderSettings
from rankspec.trainer.data.parquet import open_file
from rankspec.trainer.data.plan import BatchParts, DataPlan, Share
from rankspec.trainer.data.selection import matching, open_selection, selected
from rankspec.trainer.data.step import Chunk, Step
from rankspec.trainer.data.storage.address import located
from rankspec.trainer.data.values import Array, StoredColumn, StoredType
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import Input
from rankspec.twhin.v1.data_pb2 import TwhinDataConfig
from rankspec.twhin.v1.model_pb2 import Relation, TwhinEmbeddingsConfig, TwhinModelConfig

# What is read of a file: ids of the entities, and the relation's number.
INPUTS = tuple(Input(name, name, "int64", 1, 1) for name in ("lhs", "rhs", "rel"))
# Training shuffles so many edges among each other, and the row groups of so many files.
_SHUFFLED_ROWS = 2**18
_MIXED_FILES = 16


@dataclass(frozen=True, kw_only=True)
class CheckRelations(Step):
    """Finds edges of relations that there are not.

    Attributes:
        num_relations: how many there are.
    """

    num_relations: int

    def apply(self, chunk: Chunk) -> None:
        """Looks at all edges.

        Raises:
            DataError: there is no such relation; the text names file, row group, row and column.
        """
        relations = chunk.inputs["rel"][:, 0]
        wrong = (relations < 0) | (relations >= self.num_relations)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"{chunk.place.of('rel', row)}: there is no relation {relations[row]}; they are numbered from 0 to "
                f"{self.num_relations - 1} in the order of model.relations"
            )


@dataclass(frozen=True, kw_only=True)
class LookUpEntities(Step):
    """Puts rows of tables in the place of the entities on one side of edges, whose relations there are.

    Attributes:
        side: the column.
        tables: the table of this side, by the relations' numbers.
        vocabularies: by table; a table without one has row numbers in the data already.
    """

    side: str
    tables: Sequence[str]
    vocabularies: Mapping[str, Vocabulary]

    def apply(self, chunk: Chunk) -> None:
        """Looks all entities up.

        Raises:
            DataError: a vocabulary does not have one; the text names file, row group, row and column.
        """
        relations, entities = chunk.inputs["rel"][:, 0], chunk.inputs[self.side][:, 0]
        found = np.zeros(len(entities), np.int64)
        for table in dict.fromkeys(self.tables):
            own = np.flatnonzero(np.isin(relations, [n for n, name in enumerate(self.tables) if name == table]))
            found[own] = self._rows(table, entities[own], own, chunk)
        chunk.inputs[self.side] = found[:, None]

    def _rows(self, table: str, entities: Array, places: NDArray[np.int64], chunk: Chunk) -> Array:
        vocabulary = self.vocabularies.get(table)
        if vocabulary is None:
            return entities
        rows = vocabulary.rows(entities)
        if (unknown := np.flatnonzero(rows < 0)).size:
            first = int(unknown[0])
            entity = entities[first] if vocabulary.is_text else int(entities[first])
            raise DataError(
                f"{chunk.place.of(self.side, int(places[first]))}: the entity {entity!r} is not in "
                f'{vocabulary.source}, the vocabulary of the table "{table}"; add it there, or leave its edges out'
            )
        return rows


@dataclass(frozen=True, kw_only=True)
class CheckIds(Step):
    """Finds edges of entities that there are not, whose relations there are.

    Attributes:
        names: of the relations, by their numbers.
        sizes: rows of the table of each side, by the relations' numbers, `[R]` each.
        tables: the tables of each side, by the relations' numbers.
    """

    names: Sequence[str]
    sizes: dict[str, NDArray[np.int64]]
    tables: Mapping[str, Sequence[str]]

    def apply(self, chunk: Chunk) -> None:
        """Looks at all edges.

        Raises:
            DataError: there is no such entity; the text names file, row group, row and column.
        """
        relations = chunk.inputs["rel"][:, 0]
        for side, sizes in self.sizes.items():
            self._check_ids(side, chunk.inputs[side][:, 0], relations, sizes[relations], chunk)

    def _check_ids(self, side: str, ids: Any, relations: Any, sizes: Any, chunk: Chunk) -> None:
        wrong = (ids < 0) | (ids >= sizes)
        if not wrong.any():
            return
        row = int(np.flatnonzero(wrong)[0])
        table, name = self.tables[side][relations[row]], self.names[relations[row]]
        raise DataError(
            f'{chunk.place.of(side, row)}: the id is {ids[row]}, and the table "{table}", on this side of "{name}", '
            f"has ids from 0 to {sizes[row] - 1}; correct the data or raise num_embeddings"
        )


@obeys(TwhinDataConfig, "data_root", "per_replica_batch_size", "limit", "offset")
@obeys(TwhinModelConfig, "embeddings", "relations")
@obeys(TwhinEmbeddingsConfig, "tables")
@obeys(EmbeddingBagConfig, "name", "num_embeddings")
@obeys(Relation, "name", "lhs", "rhs")
def open_edges(
    data: TwhinDataConfig,
    model: TwhinModelConfig,
    vocabularies: Mapping[str, Vocabulary],
    *,
    path: str,
    share: Share,
    seed: int,
    training: bool,
    save_dir: Path,
) -> Dataset:
    """Opens a data set of edges: reads every file's footer, and no rows yet.

    Args:
        data: the data set's configuration.
        model: says which relations and entities there are.
        vocabularies: of the tables whose entities the files name, by the tables' names.
        path: the data set's place in the spec.
        share: this process's place among those that share every batch.
        seed: what the order of the training stream is drawn from.
        training: whether this is the training stream, shuffled and repeated; if not, every edge comes once, in the
            order of the files.
        save_dir: the folder that the run writes, in which no data may lie.

    Raises:
        DataError: the files or their columns cannot be used; the text says where.
    """
    source = join(path, "data_root")
    storage, text = located(data.data_root, source)
    pattern, listing = matching(storage, text, source)
    selection = selected(storage, pattern.folder, [pattern], listing)
    refuse_data_in_run(selection, save_dir, source)
    part = OrderSettings(seed, first_row=data.offset, max_rows=data.limit)
    shuffled = OrderSettings(seed, _SHUFFLED_ROWS, _MIXED_FILES, data.offset, data.limit)
    plan = DataPlan(
        path=path,
        source=source,
        open_rows=open_file,
        inputs=INPUTS,
        task_names=(),
        labels=(),
        steps=_steps(model, vocabularies),
        formats={item.name: Format(1, torch.int64) for item in INPUTS},
        thinning=None,
        make_batch=_make_batch,
        batch_size=data.per_replica_batch_size * share.world_size,
        share=share,
        order=shuffled if training else part,
        training=training,
        repeats=training,
        keeps_rows=False,
        num_readers=1,
        num_assemblers=1,
    )
    dataset = open_selection(selection, plan, {})
    if dataset.num_rows == 0:
        raise DataError(f"the files hold no edge after the first {data.offset}; lower it", join(path, "offset"))
    return dataset


def _make_batch(parts: BatchParts) -> EdgeBatch:
    columns = {name: values.squeeze(1) for name, values in parts.inputs.items()}
    return EdgeBatch(**columns, number=parts.number, first_row=parts.first_row, global_rows=parts.global_rows)


def _steps(model: TwhinModelConfig, vocabularies: Mapping[str, Vocabulary]) -> tuple[Step, ...]:
    rows = {table.name: table.num_embeddings for table in model.embeddings.tables}
    tables = {side: [getattr(relation, side) for relation in model.relations] for side in ("lhs", "rhs")}
    sizes = {side: np.array([rows[table] for table in names], np.int64) for side, names in tables.items()}
    looked_up = [_look_up(side, names, vocabularies) for side, names in tables.items() if vocabularies.keys() & names]
    names = [relation.name for relation in model.relations]
    return (
        CheckRelations(num_relations=len(names)),
        *looked_up,
        CheckIds(names=names, sizes=sizes, tables=tables),
    )


def _look_up(side: str, tables: Sequence[str], vocabularies: Mapping[str, Vocabulary]) -> LookUpEntities:
    """The step for one side of edges; its column holds strings or numbers, for all tables alike.

    Raises:
        DataError: some tables of that side have vocabularies of strings, and others do not.
    """
    texts = {table: table in vocabularies and vocabularies[table].is_text for table in tables}
    if len(set(texts.values())) > 1:
        strings, numbers = (next(name for name, of in texts.items() if of == is_text) for is_text in (True, False))
        raise DataError(
            f'column "{side}" holds entities of "{strings}", which are strings, and of "{numbers}", which are not; '
            "give all tables of a side vocabularies of strings, or none",
            "model.embeddings.tables",
        )
    kind: StoredType = "text" if texts[tables[0]] else "int64"
    return LookUpEntities(side=side, tables=tables, vocabularies=vocabularies, columns=(StoredColumn(side, kind, 1),))
