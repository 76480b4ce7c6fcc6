"""The rows of a config's data sets as baselines read them, and what the run's ranker said of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rankspec.baselines.rows import Rows
from rankspec.claims.registry import obeys
from rankspec.families.recap.feature_refs import column_of, lists_read
from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.groups import build_groups
from rankspec.families.recap.program.id_lists import IdLists, RaggedIds
from rankspec.families.recap.program.program import RecapProgram
from rankspec.recap.v1.embedding_pb2 import IdListConfig, SmallEmbeddingBagConfig, SmallEmbeddingsConfig
from rankspec.recap.v1.featurization_pb2 import FeaturizationConfig
from rankspec.recap.v1.model_pb2 import ModelConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.plan import Share
from rankspec.trainer.inputs import Input
from rankspec.trainer.scored_rows import read_rows

_DENSE = ("continuous", "binary", "user_embedding", "user_eng_embedding", "author_embedding")
_IDS = "discrete"
# Ids of a list's input that are counted, a column each; vocabularies have the most frequent ones first.
_MOST_COUNTED = 256
_ALONE = Share(rank=0, world_size=1)
_TABLES = "model.small_embeddings.tables"


class BaselineData:
    """The data of a ranker's config, of which each set fits into memory.

    Attributes:
        folder: the run's.
        tasks: those that baselines are fitted to, binary classifications.
        numbers: the other tasks, regressions.
        sets: names of the validation sets.
        has_groups: whether rows come with the config's first group.
    """

    @obeys(RecapConfig, "model", "validation_data", "train_data")
    def __init__(self, config: RecapConfig) -> None:
        """Reads schema files, and no rows yet.

        Raises:
            DataError: the data's schema is not what the config says.
            TrainError: the data do not have what the model reads.
        """
        self._program = RecapProgram(config)
        floats = self._program.float_labels
        self.folder = self._program.training.folder
        self.tasks = tuple(task for task in self._program.loss_parts if task not in floats)
        self.numbers = tuple(task for task in self._program.loss_parts if task in floats)
        self.sets = tuple(sorted(config.validation_data))
        inputs = input_signature(config.train_data, "train_data", float_labels=floats)
        self._id_columns = _id_columns(config.model, inputs)
        self._counted = _counted_ids(config.model)
        self._groups = build_groups(config)[:1]
        self.has_groups = bool(self._groups)

    def training_rows(self) -> Rows:
        """All rows that the model is trained on, as the steps of `preprocess` leave them."""
        with self._program.open_training_rows(_ALONE, self.folder) as dataset:
            return self._rows(dataset, None)

    def validation_rows(self, name: str) -> Rows:
        """The rows that an evaluation scores, in its order, with their groups if the config names some."""
        for other, dataset in self._program.open_validation_data(_ALONE, self.folder).items():
            with dataset:
                if other == name:
                    return self._rows(dataset, self._program.training.num_eval_steps, with_groups=True)
        raise AssertionError(f"no validation set is called {name}")

    def ranker(self, file: Path, rows: Rows) -> dict[str, NDArray[np.float32]] | None:
        """The ranker's predictions of each task, `[N]`; None if a file of scored rows is of other rows.

        Args:
            file: what an evaluation left.
            rows: the rows that it has to be of.

        Raises:
            TrainError: the file cannot be read.
        """
        columns = [f"{kind}/{task}" for task in self.tasks for kind in ("prediction", "label", "weight")]
        chunks = list(read_rows(file, columns))
        found = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in columns} if chunks else {}
        own = {f"label/{task}": values for task, values in rows.labels.items()}
        own |= {f"weight/{task}": values for task, values in rows.weights.items()}
        if not found or any(not np.array_equal(found[name], values) for name, values in own.items()):
            return None
        return {task: found[f"prediction/{task}"] for task in self.tasks}

    def _rows(self, dataset: Dataset, num_batches: int | None, *, with_groups: bool = False) -> Rows:
        with dataset.batches(0, num_batches) as batches:
            parts = [self._of_batch(batch.to("cpu"), with_groups=with_groups) for batch in batches]
        dense, ids, labels, weights, groups = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        places = {task: self._program.loss_parts.index(task) for task in self.tasks}
        return Rows(
            dense=dense,
            ids=ids,
            labels={task: labels[:, place] for task, place in places.items()},
            weights={task: weights[:, place] for task, place in places.items()},
            groups=groups if with_groups and self._groups else None,
        )

    def _of_batch(self, batch: RecapBatch, *, with_groups: bool) -> tuple[NDArray[np.generic], ...]:
        dense = [values.float().numpy() for name in _DENSE if (values := getattr(batch, name)) is not None]
        dense += [_counts(batch.lists[name], number) for name, number in self._counted.items()]
        numbers = np.column_stack(dense) if dense else np.zeros((batch.num_rows, 0), np.float32)
        ids = batch.discrete.numpy()[:, self._id_columns] if self._id_columns and batch.discrete is not None else None
        return (
            # As in the model, whose features that are not finite count as 0.
            np.where(np.isfinite(numbers), numbers, np.float32(0)),
            np.zeros((batch.num_rows, 0), np.int64) if ids is None else ids,
            batch.labels.numpy(),
            batch.weights.numpy(),
            self._groups[0].ids(batch).numpy() if with_groups and self._groups else np.zeros(batch.num_rows, np.int64),
        )


@obeys(ModelConfig, "small_embeddings", "featurization_config")
@obeys(SmallEmbeddingsConfig, "tables")
@obeys(SmallEmbeddingBagConfig, "list")
@obeys(FeaturizationConfig, "feature_names_to_concat")
def _id_columns(config: ModelConfig, inputs: Sequence[Input]) -> list[int]:
    """The columns of the discrete features that the model reads: those of its tables, or all."""
    discrete = next((item for item in inputs if item.name == _IDS), None)
    if discrete is None:
        return []
    if _IDS in config.featurization_config.feature_names_to_concat:
        return list(range(discrete.width))
    tables = enumerate(config.small_embeddings.tables)
    return sorted(
        {column_of(table, discrete, f"{_TABLES}[{place}]") for place, table in tables if not table.HasField("list")}
    )


@obeys(ModelConfig, "small_embeddings")
@obeys(SmallEmbeddingsConfig, "tables")
@obeys(SmallEmbeddingBagConfig, "list", "num_embeddings")
@obeys(IdListConfig, "input")
def _counted_ids(config: ModelConfig) -> dict[str, int]:
    """For each input of lists that tables look up, how many ids are counted in them: of a table's, the first."""
    tables = [table for table in config.small_embeddings.tables if table.HasField("list")]
    numbers = dict.fromkeys(sorted(lists_read(config)), 0)
    for table in tables:
        numbers[table.list.input] = min(max(numbers[table.list.input], table.num_embeddings), _MOST_COUNTED)
    return numbers


def _counts(lists: IdLists, number: int) -> NDArray[np.float32]:
    """How often each of the first ids is in the list of a row, and how long the list is: `[rows, number + 1]`."""
    assert isinstance(lists, RaggedIds), "data sets give lists so"
    values, lengths = lists.values.numpy(), np.diff(lists.offsets.numpy())
    rows, is_counted = np.repeat(np.arange(len(lengths)), lengths), (values >= 0) & (values < number)
    counts = np.zeros((len(lengths), number + 1), np.float32)
    np.add.at(counts, (rows[is_counted], values[is_counted]), 1)
    counts[:, -1] = lengths
    return counts
