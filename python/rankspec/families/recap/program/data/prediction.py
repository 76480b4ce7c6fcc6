"""Rows to predict: those of a validation set, or of files that the command line names, without labels."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from rankspec.claims.registry import obeys
from rankspec.claims.views import whole_message
from rankspec.diagnostics.closest_name import closest
from rankspec.families.recap.input_signature import MODEL_INPUTS
from rankspec.families.recap.program.data.files import select_files
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.schema.field_paths import at, join
from rankspec.trainer.data.selection import Selection, matching, selected
from rankspec.trainer.data.storage.address import located
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data_error import DataError
from rankspec.trainer.inputs import Input
from rankspec.trainer.program import RowSource


@obeys(RecapConfig, "train_data", "validation_data")
def data_of(config: RecapConfig, source: RowSource) -> tuple[RecapDataConfig, str]:
    """The data set that rows are read like, and its place in the spec.

    Raises:
        DataError: there is no such validation set, or it has to be said which.
    """
    sets: Mapping[str, RecapDataConfig] = config.validation_data
    if source.split is None and source.names_rows:
        return whole_message(config.train_data), "train_data"
    names = sorted(sets)
    if source.split is None and len(names) != 1:
        what = f"there are several, {', '.join(names)}: name one" if names else "there is none: name files"
        what += " with --split" if names else " with --input"
        raise DataError(f"rows of a validation set are predicted, and {what}", "validation_data")
    name = names[0] if source.split is None else source.split
    if name not in sets:
        match = closest(name, names)
        hint = f'did you mean "{match}"?' if match else f"there are {', '.join(names)}" if names else "there are none"
        raise DataError(f'there is no validation set "{name}"; {hint}', "validation_data")
    return whole_message(sets[name]), at("validation_data", name)


@obeys(RecapConfig, "train_data")
@obeys(RecapDataConfig, "tasks")
def label_columns(config: RecapConfig) -> frozenset[str]:
    """The columns that are labels of the training data, also those that no task of the model learns."""
    return frozenset(config.train_data.tasks)


def without_labels(data: RecapDataConfig, inputs: Iterable[Input]) -> RecapDataConfig:
    """The config of a data set as prediction reads it: every row, no label, and no input but the model's, `inputs`."""
    copy = RecapDataConfig()
    copy.CopyFrom(data)
    for name in ("tasks", "evaluation_tasks", "cache"):
        copy.ClearField(name)
    for name in ("downsample_negatives", "rectify_labels", "extract_features"):
        copy.preprocess.ClearField(name)
    copy.seg_dense_schema.ClearField("features")
    lists = {item.name for item in inputs if item.is_list}
    for name in set(copy.seg_dense_schema.renamed_features) - MODEL_INPUTS.keys() - lists:
        del copy.seg_dense_schema.renamed_features[name]
    return copy


def refuse_output(data: RecapDataConfig, path: str, output: Path) -> None:
    """Makes sure that a data set would not take the predictions for rows afterwards.

    Raises:
        DataError: it would, or no file is there.
    """
    if not data.HasField("data_service_dispatcher"):
        _refuse_output(select_files(data, path), output, join(path, str(data.WhichOneof("date_inputs_format"))))


def select_inputs(texts: Sequence[str], output: Path) -> Selection:
    """The files that patterns name, pattern after pattern, each once.

    Raises:
        DataError: a pattern names no file, or would take the output too.
    """
    places = [located(text, "") for text in texts]
    storages = {type(storage): storage for storage, _ in places}
    if len(storages) > 1:
        raise DataError(f"{', '.join(texts)} lie in different storages; predict those of one at a time")
    storage = places[0][0]
    found = [matching(storage, text, "") for _, text in places]
    listing = storage.merged([listing for _, listing in found])
    patterns = [pattern for pattern, _ in found]
    selection = selected(storage, _common_folder([pattern.folder for pattern in patterns]), patterns, listing)
    _refuse_output(selection, output, "")
    return selection


def _common_folder(folders: Sequence[PurePath]) -> PurePath:
    if len(set(folders)) == 1:
        return folders[0]
    return type(folders[0])(os.path.commonpath(folders))


def _refuse_output(selection: Selection, output: Path, path: str) -> None:
    """Makes sure that the predictions are not taken for rows afterwards."""
    if selection.storage is not LOCAL:
        return
    taken = next((pattern for pattern in selection.patterns if pattern.takes(output.resolve())), None)
    if taken is not None:
        raise DataError(f'"{taken.text}" would take {output} too, the predictions; write them elsewhere', path)
