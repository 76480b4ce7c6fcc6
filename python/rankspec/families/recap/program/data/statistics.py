"""Statistics of a data set's continuous features, over any number of rows in the memory of one batch."""

from __future__ import annotations

from collections.abc import Callable

from rankspec.data.v1.statistics_pb2 import ColumnStatistics, DataStatistics
from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.data.dataset import open_dataset
from rankspec.families.recap.program.tasks import build_tasks
from rankspec.metrics.feature_statistics import RunningStatistics
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.schema.field_paths import join
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import Input

_PATH = "train_data"


def statistics_of(config: RecapConfig, generator: str, say: Callable[[str], None]) -> DataStatistics:
    """Statistics of the continuous features of the training data, as the featurization sees them.

    The rows are those of one pass, behind every step of `train_data.preprocess`.

    Args:
        config: a valid, resolved config.
        generator: what computes them, with its version.
        say: takes a line for each kind of files that is left out, and for each that cannot be read.

    Raises:
        DataError: the data cannot be read.
    """
    data, tasks = config.train_data, build_tasks(config.model)
    inputs = [
        item
        for item in input_signature(data, _PATH, float_labels=tasks.float_labels)
        if item.name in ("continuous", "binary")
    ]
    continuous = next((item for item in inputs if item.name == "continuous"), None)
    if continuous is None:
        raise DataError(
            "there is no input continuous, and these statistics are of no other; name its column",
            join(_PATH, "seg_dense_schema.renamed_features"),
        )
    found = RunningStatistics(continuous.width)
    dataset = open_dataset(
        data,
        inputs,
        tasks.names,
        seed=config.runtime.seed,
        shuffle=False,
        path=_PATH,
        weigh=False,
        float_labels=tasks.float_labels,
    )
    for note in dataset.notes:
        say(f"{dataset.path}: {note}")
    with dataset, dataset.batches() as batches:
        for batch in batches:
            found.add(batch.to("cpu").continuous.numpy())
    return DataStatistics(generator=generator, columns=[_column(continuous, found)])


def _column(continuous: Input, found: RunningStatistics) -> ColumnStatistics:
    places = continuous.kept or tuple(range(continuous.width))
    return ColumnStatistics(column=continuous.column, length=continuous.stored_length, places=found.of_places(places))
