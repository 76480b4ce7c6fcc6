"""Rows of a validation set as they are stored: golden rows are taken from them, and what inputs are usually like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rankspec.encoding.lists import Lists
from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.data.dataset import open_dataset
from rankspec.families.recap.program.data.prediction import without_labels
from rankspec.families.recap.program.id_lists import RaggedIds
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.schema.field_paths import at
from rankspec.scoring.columns import is_out_of_range
from rankspec.serving.v1 import bundle_pb2
from rankspec.serving.v1.bundle_pb2 import DriftBaseline, FeatureSignature, InputBaseline, ServedInput
from rankspec.trainer.inputs import Input

Rows = dict[str, "NDArray[Any]"]
_MOST_POSITIONS = 8192


def stored_batches(config: RecapConfig, name: str, inputs: Sequence[Input]) -> Iterator[Rows]:
    """The rows of a validation set, before any preprocessing, some at a time.

    Args:
        config: the run, resolved.
        name: of the validation set.
        inputs: the inputs to give.

    Yields:
        `[rows, stored length]` of each input by name; lists are padded.

    Raises:
        DataError: they cannot be read.
    """
    data, path = as_stored(config.validation_data[name], inputs), at("validation_data", name)
    wanted = {item.name for item in inputs}
    own = [item for item in input_signature(data, path) if item.name in wanted]
    num_batches = config.training.num_eval_steps if config.training.num_eval_steps > 0 else None
    opened = open_dataset(data, own, (), seed=0, shuffle=False, path=path, weigh=False)
    with opened as dataset, dataset.batches(0, num_batches) as batches:
        for batch in batches:
            yield {item.name: _stored(batch, item) for item in inputs}


def _stored(batch: RecapBatch, item: Input) -> NDArray[Any]:
    if not item.is_list:
        values: NDArray[Any] = getattr(batch, item.name).numpy()
        return values
    lists = batch.lists[item.name]
    assert isinstance(lists, RaggedIds), "data sets give lists so"
    return Lists(lists.values.numpy(), lists.offsets.numpy()).padded()


def as_stored(data: RecapDataConfig, inputs: Sequence[Input]) -> RecapDataConfig:
    """The configuration of a data set without labels, and without anything that is done to its rows."""
    copy = without_labels(data, inputs)
    copy.ClearField("preprocess")
    copy.seg_dense_schema.ClearField("mask_mantissa_features")
    return copy


class Sums(NamedTuple):
    """Sums over the rows of one input.

    Attributes:
        values: of the finite values, float64 `[W]`.
        finite: how many are finite, `[W]`.
    """

    values: NDArray[np.float64]
    finite: NDArray[np.int64]


class BaselineSums:
    """Adds up what a validation set is like."""

    def __init__(self, signature: FeatureSignature, num_outputs: int) -> None:
        """Begins without rows."""
        self._signature = signature
        self._num_rows = 0
        self._inputs = {
            item.name: Sums(np.zeros(item.width), np.zeros(item.width, np.int64))
            for item in signature.inputs
            if not item.list
        }
        self._out_of_range = np.zeros(len(signature.id_tables), np.int64)
        self._outputs = np.zeros(num_outputs)

    def add(self, rows: Mapping[str, NDArray[Any]], outputs: NDArray[np.float32]) -> None:
        """Takes rows and what the model makes of them."""
        self._num_rows += len(outputs)
        self._outputs += outputs.astype(np.float64).sum(0)
        for name, sums in self._inputs.items():
            values = rows[name].astype(np.float64)
            finite = np.isfinite(values)
            sums.values.__iadd__(np.where(finite, values, 0).sum(0))
            sums.finite.__iadd__(finite.sum(0))
        for number, table in enumerate(self._signature.id_tables):
            is_list = table.input not in self._inputs
            self._out_of_range[number] += int(
                is_out_of_range(rows[table.input], table.position, table.num_ids, is_list=is_list).sum()
            )

    def baseline(self, name: str) -> DriftBaseline | None:
        """What the rows were like; None if there were none, or what is made of them is no number."""
        if not self._num_rows or not np.isfinite(self._outputs).all():
            return None
        return DriftBaseline(
            validation_data=name,
            num_rows=self._num_rows,
            inputs=[self._input(i) for i in self._signature.inputs if i.width <= _MOST_POSITIONS and not i.list],
            out_of_range_shares=(self._out_of_range / self._num_rows).tolist(),
            mean_outputs=(self._outputs / self._num_rows).tolist(),
        )

    def _input(self, item: ServedInput) -> InputBaseline:
        sums = self._inputs[item.name]
        means = sums.values / np.maximum(sums.finite, 1)
        found = InputBaseline(input=item.name, means=means.tolist())
        if item.type == bundle_pb2.VALUE_TYPE_FLOAT32:
            found.missing_shares.extend((1 - sums.finite / self._num_rows).tolist())
        return found


def baseline_of(
    batches: Iterator[Rows], signature: FeatureSignature, num_outputs: int, predict: Callable[[Rows], Any], name: str
) -> DriftBaseline | None:
    """What the rows of a validation set are like, and what the model makes of them on average."""
    sums = BaselineSums(signature, num_outputs)
    for rows in batches:
        sums.add(rows, predict(rows))
    return sums.baseline(name)
