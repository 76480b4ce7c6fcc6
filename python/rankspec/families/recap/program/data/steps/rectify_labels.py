"""Takes back labels of engagements that came too late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankspec.claims.registry import obeys
from rankspec.families.recap.input_signature import fixed_column
from rankspec.families.recap.program.data.steps.context import StepContext
from rankspec.recap.v1 import preprocess_pb2
from rankspec.recap.v1.data_pb2 import RecapDataConfig, SegDenseSchema
from rankspec.recap.v1.preprocess_pb2 import Preprocess
from rankspec.schema.field_paths import at, join
from rankspec.trainer.data.step import Chunk, Step
from rankspec.trainer.data.values import Array, StoredColumn
from rankspec.trainer.data_error import DataError

_MS_PER_HOUR = 3_600_000


@dataclass(frozen=True)
class RectifyLabels(Step):
    """Sets labels to 0.

    Attributes:
        window_in_ms: how long after serving an engagement counts.
        served: column of the time served.
        impressed: column of the time shown.
        engaged: by label, the column of the time of the engagement.
    """

    window_in_ms: float
    served: str
    impressed: str
    engaged: dict[str, str]

    def apply(self, chunk: Chunk) -> None:
        """Sets those labels to 0 whose impression or engagement came too late."""
        served, impressed = chunk.stored[self.served][:, 0], chunk.stored[self.impressed][:, 0]
        for name in chunk.labels.keys() & self.engaged.keys():
            engaged = chunk.stored[self.engaged[name]][:, 0]
            chunk.labels[name] = rectify(chunk.labels[name], served, impressed, engaged, self.window_in_ms)


@obeys(RecapDataConfig, "preprocess", "seg_dense_schema")
@obeys(SegDenseSchema, "schema_path")
@obeys(Preprocess, "rectify_labels")
@obeys(
    preprocess_pb2.RectifyLabels,
    "label_rectification_window_in_hours",
    "served_timestamp_field",
    "impressed_timestamp_field",
    "label_to_engaged_timestamp_field",
)
def build_rectify_labels(data: RecapDataConfig, context: StepContext) -> RectifyLabels | None:
    """The step.

    Raises:
        DataError: a column that it names is not there, or holds no times.
    """
    if not data.preprocess.HasField("rectify_labels"):
        return None
    step, path = data.preprocess.rectify_labels, context.place("rectify_labels")
    names = {
        join(path, "served_timestamp_field"): step.served_timestamp_field,
        join(path, "impressed_timestamp_field"): step.impressed_timestamp_field,
    }
    for label in sorted(step.label_to_engaged_timestamp_field):
        names[at(join(path, "label_to_engaged_timestamp_field"), label)] = step.label_to_engaged_timestamp_field[label]
    return RectifyLabels(
        columns=tuple(_time(context, name, place, data.seg_dense_schema.schema_path) for place, name in names.items()),
        window_in_ms=step.label_rectification_window_in_hours * _MS_PER_HOUR,
        served=step.served_timestamp_field,
        impressed=step.impressed_timestamp_field,
        engaged=dict(step.label_to_engaged_timestamp_field),
    )


def _time(context: StepContext, name: str, path: str, schema_path: str) -> StoredColumn:
    found = fixed_column(name, context.schema, path, schema_path)
    if found.dtype != "int64" or found.stored_length != 1:
        raise DataError(f'"{name}" is no time: it has to be one int64 a row, in milliseconds', path)
    return StoredColumn(name, "int64", 1)


def rectify(labels: Array, served: Array, impressed: Array, engaged: Array, window_in_ms: float) -> Array:
    """Sets a label to 0 unless impression and engagement came less than a window after serving.

    Args:
        labels: numbers, `[N]`.
        served: time served in ms, `[N]`.
        impressed: time shown in ms, `[N]`.
        engaged: time of the engagement in ms, `[N]`.
        window_in_ms: length of the window.
    """
    in_time = (impressed - served < window_in_ms) & (engaged - served < window_in_ms)
    return np.where(in_time, labels, np.zeros_like(labels))
