"""The inputs a model reads: names, order, types and widths, from a data set's schema file and preprocessing.

`rankspec.trainer.inputs` says what an input is, and compares what data, checkpoint and scorer state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from rankspec.claims.registry import obeys
from rankspec.diagnostics.closest_name import did_you_mean
from rankspec.families.recap.schema_file import read_schema
from rankspec.recap.v1.data_pb2 import RecapDataConfig, SegDenseSchema
from rankspec.recap.v1.preprocess_pb2 import Preprocess, TruncateAndSlice
from rankspec.schema.field_paths import at, join
from rankspec.trainer.data_error import DataError
from rankspec.trainer.home_folder import expanded
from rankspec.trainer.inputs import VARYING, Column, DType, Input

# The inputs that a model knows, in the order in which it joins them.
MODEL_INPUTS: dict[str, DType] = {
    "continuous": "float32",
    "binary": "int64",
    "discrete": "int64",
    "user_embedding": "float32",
    "user_eng_embedding": "float32",
    "author_embedding": "float32",
}


@obeys(RecapDataConfig, "seg_dense_schema", "tasks", "preprocess")
@obeys(SegDenseSchema, "schema_path")
@obeys(Preprocess, "truncate_and_slice")
def input_signature(
    data: RecapDataConfig,
    path: str = "",
    columns: Mapping[str, Column] | None = None,
    float_labels: Collection[str] = (),
) -> tuple[Input, ...]:
    """The model's inputs, in the order in which it joins them; behind them those that are lists, by their names.

    Args:
        data: the data set's configuration.
        path: the data set's place in the spec, such as `train_data`, for errors.
        columns: what `read_schema` says of the data set; None reads the schema file.
        float_labels: the tasks whose labels are numbers; those of all others are 0 or 1.

    Raises:
        DataError: the schema file or a mask cannot be read, a column is not in the schema or of another type,
            or preprocessing asks for more values than there are.
    """
    columns = read_schema(data.seg_dense_schema, path) if columns is None else columns
    for task in sorted(data.tasks):
        here = at(join(path, "tasks"), task)
        label = fixed_column(task, columns, here, data.seg_dense_schema.schema_path)
        _check_label(label, here, is_float=task in float_labels)
    order = [*MODEL_INPUTS]
    inputs = [i for i in _renamed_inputs(data, columns, path) if i.name in MODEL_INPUTS or i.is_list]
    # Lists come last, in the order of their names, which is the one they are in.
    inputs.sort(key=lambda item: order.index(item.name) if item.name in MODEL_INPUTS else len(order))
    steps = data.preprocess.truncate_and_slice
    here = join(path, "preprocess.truncate_and_slice")
    return tuple(_narrowed(item, steps, here) for item in inputs)


@obeys(RecapDataConfig, "seg_dense_schema")
@obeys(SegDenseSchema, "schema_path", "features")
def carried_inputs(
    data: RecapDataConfig, path: str = "", columns: Mapping[str, Column] | None = None
) -> tuple[Input, ...]:
    """The inputs that travel with the rows and that no model reads, in the order of their names.

    Args:
        data: the data set's configuration.
        path: the data set's place in the spec, for errors.
        columns: what `read_schema` says of the data set; None reads the schema file.

    Raises:
        DataError: as `input_signature`.
    """
    columns = read_schema(data.seg_dense_schema, path) if columns is None else columns
    others = (i for i in _renamed_inputs(data, columns, path) if i.name not in MODEL_INPUTS)
    carried = {item.name: item for item in others if not item.is_list}
    for index, name in enumerate(data.seg_dense_schema.features):
        here = at(join(path, "seg_dense_schema.features"), index)
        column = fixed_column(name, columns, here, data.seg_dense_schema.schema_path)
        if name in carried and carried[name].column != name:
            raise DataError(f'renamed_features calls another column "{name}"; give that one another name', here)
        carried[name] = column
    return tuple(carried[name] for name in sorted(carried))


@obeys(RecapDataConfig, "seg_dense_schema")
@obeys(SegDenseSchema, "renamed_features")
def _renamed_inputs(data: RecapDataConfig, columns: Mapping[str, Column], path: str) -> Iterator[Input]:
    for name in sorted(data.seg_dense_schema.renamed_features):
        yield renamed_input(data, name, columns, path)


@obeys(RecapDataConfig, "seg_dense_schema")
@obeys(SegDenseSchema, "schema_path", "renamed_features")
def renamed_input(data: RecapDataConfig, name: str, columns: Mapping[str, Column], path: str) -> Input:
    """The input of a name that `renamed_features` gives, before truncation and masks.

    Args:
        data: the data set's configuration.
        name: of the input.
        columns: what the schema file says.
        path: the data set's place in the spec, for errors.

    Raises:
        DataError: the schema has no such column, or one of another type.
    """
    schema = data.seg_dense_schema
    here = at(join(path, "seg_dense_schema.renamed_features"), name)
    column = schema.renamed_features[name]
    if name not in MODEL_INPUTS and (lists := _lists(column, columns)) is not None:
        return _named_lists(lists, name, here)
    found = fixed_column(column, columns, here, schema.schema_path)
    expected = MODEL_INPUTS.get(name, found.dtype)
    if found.dtype != expected:
        raise DataError(f'"{found.column}" holds {found.dtype} values, and the input "{name}" takes {expected}', here)
    return replace(found, name=name)


def _lists(name: str, columns: Mapping[str, Column]) -> Input | None:
    """The input that a column is whose rows vary in length; None if it is another or there is none."""
    column = columns.get(name)
    if column is None or column.dtype is None or column.length != VARYING:
        return None
    return Input(name, name, column.dtype, VARYING, VARYING, names=column.names)


def _named_lists(found: Input, name: str, path: str) -> Input:
    if found.dtype != "int64":
        raise DataError(
            f'the rows of "{found.column}" are lists of float32 values, and lists are read as ids; write it as '
            "int64_list",
            path,
        )
    return replace(found, name=name)


def fixed_column(name: str, columns: Mapping[str, Column], path: str, schema_path: str) -> Input:
    """A column of a known type and length, as the input of the same name.

    Raises:
        DataError: the schema has no such column, or it holds text or rows of varying length.
    """
    column = columns.get(name)
    if column is None:
        raise DataError(f'the schema {schema_path} has no column "{name}"{did_you_mean(name, columns)}', path)
    if column.dtype is None:
        raise DataError(f'"{name}" is neither float_list nor int64_list; drop it or write it as numbers', path)
    if column.length == VARYING:
        raise DataError(
            f'the rows of "{name}" vary in length; write it with a fixed one, or give lists of ids an input of another '
            "name in renamed_features, which a table looks up",
            path,
        )
    return Input(name, name, column.dtype, column.length, column.length, names=column.names)


def _check_label(label: Input, path: str, *, is_float: bool) -> None:
    if label.stored_length != 1 or (label.dtype != "int64" and not is_float):
        form = "number a row" if is_float else "int64 a row, 0 or 1, or give its task kind: TASK_KIND_REGRESSION"
        raise DataError(
            f'the label "{label.name}" is a {label.dtype} column of length {label.stored_length}; '
            f"write it as one {form}",
            path,
        )


@obeys(
    TruncateAndSlice,
    *("continuous_feature_truncation", "binary_feature_truncation"),
    *("continuous_feature_mask_path", "binary_feature_mask_path"),
)
def _narrowed(item: Input, steps: TruncateAndSlice, path: str) -> Input:
    """The input after truncation and, on what is left, its mask."""
    truncation, mask = f"{item.name}_feature_truncation", f"{item.name}_feature_mask_path"
    if truncation not in steps.DESCRIPTOR.fields_by_name:
        return item
    width = getattr(steps, truncation) if steps.HasField(truncation) else item.width
    if width > item.width:
        raise DataError(
            f'"{item.column}" has {item.width} values a row, fewer than {width}; '
            f"give at most {item.width}, or drop the field to keep all",
            join(path, truncation),
        )
    kept = _masked(getattr(steps, mask), width, join(path, mask)) if steps.HasField(mask) else None
    return replace(item, width=len(kept) if kept else width, kept=kept)


def _masked(mask_path: str, width: int, path: str) -> tuple[int, ...]:
    # What NumPy parses a file's header with raises the error of its own.
    from tokenize import TokenError

    import numpy as np

    try:
        mask = np.load(expanded(mask_path, path), allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError, TokenError) as error:
        raise DataError(f"cannot read the mask {mask_path} as a NumPy file: {error}", path) from error
    if not isinstance(mask, np.ndarray) or mask.shape != (width,):
        shape = list(getattr(mask, "shape", ()))
        raise DataError(f"the mask {mask_path} has the shape {shape}; give one entry a feature, [{width}]", path)
    kept = tuple(int(index) for index in np.flatnonzero(mask))
    if not kept:
        raise DataError(f"the mask {mask_path} keeps no feature; set at least one entry", path)
    return kept
