"""Opening a data set: files, columns and order are settled here, before any row is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import torch

from rankspec.claims.registry import obeys
from rankspec.claims.views import whole_message
from rankspec.families.recap.input_signature import carried_inputs, input_signature
from rankspec.families.recap.program.batch import make_batch
from rankspec.families.recap.program.data.files import select_files, selection_settings
from rankspec.families.recap.program.data.steps.context import StepContext
from rankspec.families.recap.program.data.steps.downsample_negatives import DownsampleNegatives
from rankspec.families.recap.program.data.steps.table import build_steps
from rankspec.families.recap.program.downsampling import downsampling_rates
from rankspec.families.recap.schema_file import read_schema
from rankspec.recap.v1.data_pb2 import DDS_COMPRESSION_OPTION_AUTO, RecapDataConfig
from rankspec.schema.field_paths import at, join
from rankspec.trainer.data.apart import refuse_data_in_run, refuse_inside
from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.formats import Format
from rankspec.trainer.data.ids import IdRange
from rankspec.trainer.data.labels import Label, LabelKind
from rankspec.trainer.data.opening import rows_opener
from rankspec.trainer.data.order import OrderSettings
from rankspec.trainer.data.plan import DataPlan, Share
from rankspec.trainer.data.selection import Selection, open_selection
from rankspec.trainer.data.service.rows import open_served
from rankspec.trainer.data_error import DataError
from rankspec.trainer.home_folder import expanded
from rankspec.trainer.inputs import Column, Input, signature_differences

__all__ = ["Dataset", "open_dataset"]

_ALONE = Share(rank=0, world_size=1)


@obeys(RecapDataConfig, "seg_dense_schema", "global_batch_size", "ignore_data_errors", "repeat_files", "cache")
@obeys(RecapDataConfig, "interleave_num_parallel_calls", "map_num_parallel_calls", "data_service_dispatcher")
@obeys(RecapDataConfig, "dataset_service_compression")
def open_dataset(
    data: RecapDataConfig,
    inputs: Sequence[Input],
    task_names: Sequence[str],
    *,
    seed: int,
    shuffle: bool,
    share: Share = _ALONE,
    path: str = "",
    weigh: bool,
    save_dir: Path | None = None,
    id_ranges: Sequence[IdRange] = (),
    float_labels: Collection[str] = (),
    selection: Selection | None = None,
) -> Dataset:
    """Opens a data set: reads Parquet files' footers and TFRecord files to their ends, or has a service list the files.

    Args:
        data: the data set's configuration.
        inputs: the inputs to read; the data set's own must agree with them.
        task_names: the tasks whose labels to read, in the order of the columns of `RecapBatch.labels`. A task that the
            data set has no labels for gets label 0 and weight 0.
        seed: what the order of the rows is drawn from.
        shuffle: whether this is the training stream, shuffled and repeated as the configuration says; if not, every
            row comes once, in the order of the files.
        share: this process's place among those that share every batch.
        path: the data set's place in the spec, such as `train_data`, for errors.
        weigh: whether rows weigh what their task's downsampling rates say.
        save_dir: the folder that the run writes, in which no data may lie; none if there is no run.
        id_ranges: the ids that the model has rows for; any other ends the run once its row is read.
        float_labels: the tasks whose labels are finite numbers; those of all others are 0 or 1.
        selection: the files, in place of those that the configuration names; no field is blamed for them.

    Raises:
        DataError: the files, their columns or the configuration cannot be used; the text says where.
        TrainError: no data service answers.
    """
    schema = read_schema(data.seg_dense_schema, path)
    read = _inputs(data, inputs, schema, float_labels, path)
    stored = {item.name: Format(item.stored_length, getattr(torch, item.dtype)) for item in read if not item.is_list}
    steps, formats = build_steps(data, StepContext(path, schema, read, stored, id_ranges, float_labels))
    plan = DataPlan(
        path=path,
        source="" if selection is not None else join(path, _source(whole_message(data))),
        open_rows=rows_opener(),
        inputs=read,
        task_names=tuple(task_names),
        labels=_labels(data, task_names, float_labels, weigh=weigh, path=path),
        steps=steps,
        formats=formats,
        thinning=next((step.thinning for step in steps if isinstance(step, DownsampleNegatives)), None),
        make_batch=make_batch,
        batch_size=data.global_batch_size,
        share=_large_enough(data, share, path),
        order=_order(data, seed=seed, shuffle=shuffle),
        training=shuffle,
        repeats=shuffle and data.repeat_files,
        keeps_rows=data.cache,
        num_readers=data.interleave_num_parallel_calls or 1,
        num_assemblers=data.map_num_parallel_calls or 1,
    )
    if selection is not None:
        return open_selection(selection, plan, schema)
    if data.HasField("data_service_dispatcher"):
        _refuse_schema_in_run(whole_message(data), save_dir, path)
        compress = data.dataset_service_compression == DDS_COMPRESSION_OPTION_AUTO
        settings = selection_settings(data)
        return open_served(data.data_service_dispatcher, plan, schema, settings, compress=compress)
    selection = select_files(data, path)
    if save_dir is not None:
        refuse_data_in_run(selection, save_dir, plan.source)
    _refuse_schema_in_run(whole_message(data), save_dir, path)
    return open_selection(
        selection,
        plan,
        schema,
        leave_out_unreadable=data.ignore_data_errors,
        remedy="ignore_data_errors: true leaves such files out",
    )


def _source(data: RecapDataConfig) -> str:
    """The field that says where rows come from."""
    if data.HasField("data_service_dispatcher"):
        return "data_service_dispatcher"
    return str(data.WhichOneof("date_inputs_format"))


def _inputs(
    data: RecapDataConfig,
    wanted: Sequence[Input],
    schema: Mapping[str, Column],
    float_labels: Collection[str],
    path: str,
) -> tuple[Input, ...]:
    names = {item.name for item in wanted}
    own = [item for item in input_signature(data, path, schema, float_labels) if item.name in names]
    if differences := signature_differences(wanted, own):
        place = join(path, "seg_dense_schema.renamed_features")
        raise DataError(f"its inputs are not those of train_data that are read: {'; '.join(differences)}", place)
    return (*own, *carried_inputs(data, path, schema))


@obeys(RecapDataConfig, "tasks")
def _labels(
    data: RecapDataConfig, task_names: Sequence[str], float_labels: Collection[str], *, weigh: bool, path: str
) -> tuple[Label, ...]:
    labels = []
    labelled = [task for task in task_names if task in data.tasks]
    for name, rates in zip(labelled, downsampling_rates(data, labelled), strict=True):
        kind = LabelKind.FLOAT if name in float_labels else LabelKind.BINARY
        if kind is LabelKind.FLOAT and rates != (1.0, 1.0):
            place = at(join(path, "tasks"), name)
            raise DataError(
                f'"{name}" is a number, which has no positives and negatives; drop pos_downsampling_rate and '
                "neg_downsampling_rate",
                place,
            )
        labels.append(Label(name, kind, rates if weigh else (1.0, 1.0)))
    return tuple(labels)


@obeys(RecapDataConfig, "global_batch_size")
def _large_enough(data: RecapDataConfig, share: Share, path: str) -> Share:
    """The share, which gets a row of every full batch."""
    size, number = data.global_batch_size, share.world_size
    if size < number:
        raise DataError(
            f"{size} rows cannot be shared by {number} processes; give at least {number}",
            join(path, "global_batch_size"),
        )
    return share


@obeys(RecapDataConfig, "file_batch_size", "examples_shuffle_buffer_size")
def _order(data: RecapDataConfig, *, seed: int, shuffle: bool) -> OrderSettings:
    if not shuffle:
        return OrderSettings(seed)
    return OrderSettings(seed, data.examples_shuffle_buffer_size, data.file_batch_size)


def _refuse_schema_in_run(data: RecapDataConfig, save_dir: Path | None, path: str) -> None:
    if save_dir is None:
        return
    steps, of_steps = data.preprocess.truncate_and_slice, join(path, "preprocess.truncate_and_slice")
    for owner, place, name in (
        (data.seg_dense_schema, join(path, "seg_dense_schema"), "schema_path"),
        (steps, of_steps, "continuous_feature_mask_path"),
        (steps, of_steps, "binary_feature_mask_path"),
    ):
        if owner.HasField(name):
            file = Path(expanded(getattr(owner, name), join(place, name)))
            refuse_inside([file], save_dir, join(place, name))
