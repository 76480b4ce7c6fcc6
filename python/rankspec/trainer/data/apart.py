"""Keeps what a run reads apart from the folder that it writes: nothing of the one may become the other."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePath

from rankspec.home import expanded
from rankspec.paths import join
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.signature import DataError
from rankspec.trainer.data.files import Selection
from rankspec.trainer.data.listing import shown
from rankspec.trainer.data.pattern import Pattern
from rankspec.trainer.data.storage.local import LOCAL

# For every depth and kind of name that a run writes below its folder, one.
_WRITTEN = (
    *("metrics.jsonl", "run.json", "resolved.textproto"),
    *("1/state.json", "1/resolved.textproto", "1/__0_0.distcp", "tensorboard/events.out.tfevents.1.host.1.0"),
    *("_scores/valid.parquet", "_scores/evaluation/valid.parquet"),
)


def refuse_data_in_run(data: RecapDataConfig, selection: Selection, save_dir: Path, path: str) -> None:
    """Makes sure that no file of a data set lies in the run's folder, and that no pattern takes what the run writes.

    Args:
        data: the data set's configuration.
        selection: its files.
        save_dir: the run's folder, which need not exist yet.
        path: the data set's place in the spec.

    Raises:
        DataError: it is not so.
    """
    run = save_dir.resolve()
    here = join(path, str(data.WhichOneof("date_inputs_format")))
    if selection.storage is LOCAL:
        _refuse_inside([file.path for file in selection.files], run, save_dir, here)
        _refuse_patterns(selection.patterns, run, save_dir, here)
    steps, of_steps = data.preprocess.truncate_and_slice, join(path, "preprocess.truncate_and_slice")
    for owner, place, name in (
        (data.seg_dense_schema, join(path, "seg_dense_schema"), "schema_path"),
        (steps, of_steps, "continuous_feature_mask_path"),
        (steps, of_steps, "binary_feature_mask_path"),
    ):
        if owner.HasField(name):
            file = Path(expanded(getattr(owner, name), join(place, name)))
            _refuse_inside([file], run, save_dir, join(place, name))


def _refuse_patterns(patterns: Iterable[Pattern], run: Path, save_dir: Path, path: str) -> None:
    for pattern in patterns:
        taken = next((name for name in _WRITTEN if pattern.takes(run / name)), None)
        if taken:
            raise DataError(
                f'"{pattern.text}" would take what the run writes into {save_dir} too, such as {taken}; name the data '
                "more closely, as data/*.parquet does, or choose another training.save_dir",
                path,
            )


def _refuse_inside(files: Iterable[PurePath], run: Path, save_dir: Path, path: str) -> None:
    inside = os.path.join(run, "")  # noqa: PTH118 - with the slash at its end
    found = next((file for file in files if os.path.realpath(file).startswith(inside)), None)
    if found is not None:
        raise DataError(
            f"{shown(found)} lies in the folder {save_dir} that the run writes, where older things are rotated away "
            "or set aside; move it elsewhere, or choose another training.save_dir",
            path,
        )
