"""Keeps what a run reads apart from the folder that it writes: nothing of the one may become the other."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePath

from rankspec.trainer.data.listing import shown
from rankspec.trainer.data.pattern import Pattern
from rankspec.trainer.data.selection import Selection
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data_error import DataError

# For every depth and kind of name that a run writes below its folder, one.
_WRITTEN = (
    *("metrics.jsonl", "run.json", "resolved.textproto"),
    *(
        "1/state.json",
        "1/resolved.textproto",
        "1/__0_0.distcp",
        "best/state.json",
        "tensorboard/events.out.tfevents.1.host.1.0",
    ),
    *("best/state.json", "best/__0_0.distcp", "_scores/valid.parquet", "_scores/evaluation/valid.parquet"),
)


def refuse_data_in_run(selection: Selection, save_dir: Path, path: str) -> None:
    """Makes sure that no file of a data set lies in the run's folder, and that no pattern takes what the run writes.

    Args:
        selection: the data set's files.
        save_dir: the run's folder, which need not exist yet.
        path: the field of the spec that names the files.

    Raises:
        DataError: it is not so.
    """
    if selection.storage is LOCAL:
        refuse_inside([file.path for file in selection.files], save_dir, path)
        _refuse_patterns(selection.patterns, save_dir, path)


def _refuse_patterns(patterns: Iterable[Pattern], save_dir: Path, path: str) -> None:
    run = save_dir.resolve()
    for pattern in patterns:
        taken = next((name for name in _WRITTEN if pattern.takes(run / name)), None)
        if taken:
            raise DataError(
                f'"{pattern.text}" would take what the run writes into {save_dir} too, such as {taken}; name the data '
                "more closely, as data/*.parquet does, or choose another training.save_dir",
                path,
            )


def refuse_inside(files: Iterable[PurePath], save_dir: Path, path: str) -> None:
    """Makes sure that no file that is read lies in the run's folder; `path` is the field of the spec that names them.

    Raises:
        DataError: one does.
    """
    inside = os.path.join(save_dir.resolve(), "")  # noqa: PTH118 - with the slash at its end
    found = next((file for file in files if os.path.realpath(file).startswith(inside)), None)
    if found is not None:
        raise DataError(
            f"{shown(found)} lies in the folder {save_dir} that the run writes, where older things are rotated away "
            "or set aside; move it elsewhere, or choose another training.save_dir",
            path,
        )
