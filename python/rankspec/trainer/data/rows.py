"""What a row group becomes: inputs and labels as the model takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rankspec.paths import at, join
from rankspec.recap.v1.data_pb2 import RecapDataConfig, SegDenseSchema
from rankspec.recap.v1.preprocess_pb2 import (
    DownCast,
    DownsampleNegatives,
    ExtractFeatures,
    ExtractFeaturesRow,
    Preprocess,
    RectifyLabels,
    TruncateAndSlice,
)
from rankspec.signature import MODEL_INPUTS, DataError, Input, fixed_column
from rankspec.trainer.claims import obeys
from rankspec.trainer.data.ids import IdCheck
from rankspec.trainer.data.parquet import ParquetFile, read_chunks
from rankspec.trainer.data.place import Place
from rankspec.trainer.data.plan import DataPlan
from rankspec.trainer.data.preprocess import (
    UnfitValueError,
    array_format,
    as_array,
    downcast,
    mask_mantissa,
    rectify,
    torch_format,
)
from rankspec.trainer.data.values import Array, StoredColumn

_MS_PER_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Decoded rows.

    Attributes:
        inputs: `[rows, width]` by name, in the formats of `RowDecoder.formats`.
        labels: 0 or 1, `[rows, L]`, a column for each of `RowDecoder.labels`.
        positive: whether a row is a positive where negatives are thinned out, `[rows]`; by the labels of the file,
            since that step comes before those that change labels.
    """

    inputs: dict[str, Array]
    labels: NDArray[np.uint8]
    positive: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows taken from one row group.

    Attributes:
        rows: the row group.
        taken: places in it.
        into: the places they go to.
    """

    rows: Rows
    taken: slice | NDArray[np.int64]
    into: slice | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Rectification:
    window_in_ms: float
    served: str
    impressed: str
    engaged: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Extraction:
    name: str
    source: str
    index: int


class RowDecoder:
    """Reads row groups of a data set and applies the steps that need no row but the one at hand.

    Attributes:
        columns: what is read of a file.
        labels: the labels it decodes, in the order of their columns in `Rows.labels`.
        formats: the tensor format of every input.
        pinned: whether tensors lie in pinned memory, because there is a CUDA device to copy them to.
    """

    @obeys(Preprocess, "downsample_negatives")
    @obeys(DownsampleNegatives, "engagements_list", "num_engagements")
    def __init__(self, plan: DataPlan) -> None:
        """Plans the steps.

        Raises:
            DataError: a step names what is not there.
        """
        data = plan.data
        self._plan = plan
        self.labels = tuple(plan.labels.rates)
        # num_engagements only has to be true, which is a rule of the spec.
        self._positive_labels = tuple(data.preprocess.downsample_negatives.engagements_list)
        self.pinned = torch.cuda.is_available()
        self._inputs = plan.inputs
        self._ids = {i.name: IdCheck([one for one in plan.id_ranges if one.input == i.name]) for i in self._inputs}
        widths = {item.name: item.width for item in self._inputs}
        self.formats = {item.name: getattr(torch, item.dtype) for item in self._inputs}
        steps, here = data.preprocess, join(plan.path, "preprocess")
        self._mantissa = self._mantissa_bits(data.seg_dense_schema, join(plan.path, "seg_dense_schema"))
        self._narrow = self._downcasts(data, join(here, "downcast"))
        self.formats |= self._narrow
        self._rectify, times = self._rectification(data, join(here, "rectify_labels"))
        self._extractions = self._extracted(steps.extract_features, widths, join(here, "extract_features"))
        stored = {item.column: StoredColumn(item.column, item.dtype, item.stored_length) for item in self._inputs}
        stored |= {time: StoredColumn(time, "int64", 1) for time in times}
        stored |= {label: StoredColumn(label, "int64", 1) for label in (*self.labels, *self._positive_labels)}
        self.columns = tuple(stored.values())

    def read(self, file: ParquetFile, index: int) -> Rows:
        """Reads and decodes one row group.

        Raises:
            DataError: a value is missing, of the wrong type or out of its range; the text names file and row group.
        """
        rows = self._room(file, index)
        for first, stored in read_chunks(file, index, self.columns):
            place = file.place(index, first)
            here = slice(first, first + len(next(iter(stored.values()))))
            for item in self._inputs:
                rows.inputs[item.name][here] = self._decoded(item, stored[item.column], place)
            for number, name in enumerate(self.labels):
                label = checked_label(name, stored[name][:, 0], place)
                rows.labels[here, number] = self._rectified(name, label, stored)
            for name in self._positive_labels:
                rows.positive[here] |= checked_label(name, stored[name][:, 0], place) == 1
        for extraction in self._extractions:
            source = rows.inputs[extraction.source]
            rows.inputs[extraction.name] = source[:, extraction.index : extraction.index + 1].copy()
        return rows

    def _room(self, file: ParquetFile, index: int) -> Rows:
        """Memory for the rows of a row group, inputs and labels uninitialised."""
        num_rows = file.rows[index]
        try:
            return Rows(
                {i.name: np.empty((num_rows, i.width), array_format(self.formats[i.name])) for i in self._inputs},
                np.empty((num_rows, len(self.labels)), np.uint8),
                np.zeros(num_rows, np.bool_),
            )
        # Numbers of rows that no memory could ever hold give the ValueError.
        except (MemoryError, ValueError) as error:
            raise DataError(
                f"{file.place(index)}: its {num_rows} rows do not fit into memory; write smaller row groups"
            ) from error

    def _decoded(self, item: Input, stored: Array, place: Place) -> Array:
        values = stored[:, : item.width] if item.kept is None else stored[:, list(item.kept)]
        self._ids[item.name].check(values, item.column, place)
        if item.name in self._mantissa:
            values = mask_mantissa(np.ascontiguousarray(values), self._mantissa[item.name])
        if item.name not in self._narrow:
            return values
        try:
            return downcast(values, self._narrow[item.name])
        except UnfitValueError as error:
            raise DataError(f"{place.of(item.column, error.row)}: {error}") from error

    def _rectified(self, name: str, label: NDArray[np.uint8], stored: Mapping[str, Array]) -> NDArray[np.uint8]:
        step = self._rectify
        if step is None or name not in step.engaged:
            return label
        served, impressed = stored[step.served][:, 0], stored[step.impressed][:, 0]
        return rectify(label, served, impressed, stored[step.engaged[name]][:, 0], step.window_in_ms)

    @obeys(SegDenseSchema, "mask_mantissa_features")
    def _mantissa_bits(self, schema: SegDenseSchema, path: str) -> dict[str, int]:
        for name in sorted(schema.mask_mantissa_features):
            here = at(join(path, "mask_mantissa_features"), name)
            if name not in schema.renamed_features:
                raise DataError(f'renamed_features has no input "{name}"', here)
            if self.formats.get(name, torch.float32) != torch.float32:
                raise DataError(f'"{name}" holds whole numbers; only float32 values have a mantissa', here)
        return dict(schema.mask_mantissa_features)

    @obeys(RecapDataConfig, "preprocess")
    @obeys(Preprocess, "truncate_and_slice", "downcast", "rectify_labels", "extract_features")
    @obeys(
        TruncateAndSlice,
        "continuous_feature_truncation",
        "binary_feature_truncation",
        "continuous_feature_mask_path",
        "binary_feature_mask_path",
    )
    @obeys(DownCast, "features")
    def _downcasts(self, data: RecapDataConfig, path: str) -> dict[str, torch.dtype]:
        narrow = {}
        known = {*data.seg_dense_schema.renamed_features, *data.seg_dense_schema.features}
        formats = data.preprocess.downcast.features
        for name in sorted(formats):
            here = at(join(path, "features"), name)
            dtype = torch_format(formats[name])
            if name not in known:
                raise DataError(f'there is no input "{name}"; the inputs are {", ".join(sorted(known))}', here)
            if name == "discrete" and dtype.is_floating_point:
                raise DataError(
                    '"discrete" holds ids, which no floating-point format keeps; use uint8 or drop it', here
                )
            if name in self.formats:
                narrow[name] = dtype
        return narrow

    @obeys(
        RectifyLabels,
        "label_rectification_window_in_hours",
        "served_timestamp_field",
        "impressed_timestamp_field",
        "label_to_engaged_timestamp_field",
    )
    def _rectification(self, data: RecapDataConfig, path: str) -> tuple[_Rectification | None, list[str]]:
        if not data.preprocess.HasField("rectify_labels"):
            return None, []
        step = data.preprocess.rectify_labels
        columns = {
            join(path, "served_timestamp_field"): step.served_timestamp_field,
            join(path, "impressed_timestamp_field"): step.impressed_timestamp_field,
        }
        for label in sorted(step.label_to_engaged_timestamp_field):
            here = at(join(path, "label_to_engaged_timestamp_field"), label)
            columns[here] = step.label_to_engaged_timestamp_field[label]
        for here, column in columns.items():
            found = fixed_column(column, self._plan.schema, here, data.seg_dense_schema.schema_path)
            if found.dtype != "int64" or found.stored_length != 1:
                raise DataError(f'"{column}" is no time: it has to be one int64 a row, in milliseconds', here)
        rectification = _Rectification(
            window_in_ms=step.label_rectification_window_in_hours * _MS_PER_HOUR,
            served=step.served_timestamp_field,
            impressed=step.impressed_timestamp_field,
            engaged=dict(step.label_to_engaged_timestamp_field),
        )
        return rectification, list(columns.values())

    @obeys(ExtractFeatures, "extract_feature_table")
    @obeys(ExtractFeaturesRow, "name", "source_tensor", "index")
    def _extracted(self, step: ExtractFeatures, widths: Mapping[str, int], path: str) -> tuple[_Extraction, ...]:
        extractions = []
        for number, row in enumerate(step.extract_feature_table):
            here = at(join(path, "extract_feature_table"), number)
            if row.name in self.formats or row.name in MODEL_INPUTS:
                raise DataError(f'"{row.name}" is the name of an input already', join(here, "name"))
            if row.source_tensor not in widths:
                raise DataError(f'there is no input "{row.source_tensor}"', join(here, "source_tensor"))
            if row.index >= widths[row.source_tensor]:
                width = widths[row.source_tensor]
                raise DataError(f'"{row.source_tensor}" has {width} columns, counted from 0', join(here, "index"))
            self.formats[row.name] = self.formats[row.source_tensor]
            extractions.append(_Extraction(row.name, row.source_tensor, row.index))
        return tuple(extractions)

    def gather(self, name: str, parts: Sequence[Part], num_rows: int) -> torch.Tensor:
        """Brings rows of one input together.

        Args:
            name: the input.
            parts: the rows, from one or more row groups.
            num_rows: rows of the result.

        Returns:
            A tensor `[num_rows, width]`.
        """
        dtype = self.formats[name]
        width = parts[0].rows.inputs[name].shape[1] if parts else self._width(name)
        tensor = torch.empty((num_rows, width), dtype=dtype, pin_memory=self.pinned)
        into = as_array(tensor)
        for part in parts:
            into[part.into] = part.rows.inputs[name][part.taken]
        return tensor

    def _width(self, name: str) -> int:
        return next((item.width for item in self._inputs if item.name == name), 1)


def checked_label(name: str, values: Array, place: Place) -> NDArray[np.uint8]:
    """The values of a label, `[rows]`.

    Raises:
        DataError: one is neither 0 nor 1.
    """
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(f"{place.of(name, row)}: the label is {values[row]}; a label is 0 or 1")
    return values.astype(np.uint8)
