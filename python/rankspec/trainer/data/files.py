"""Which files make up a data set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rankspec.home import expanded
from rankspec.paths import join
from rankspec.recap.v1.data_pb2 import ExplicitDateInputs, ExplicitDatetimeInputs, RecapDataConfig
from rankspec.signature import DataError
from rankspec.trainer.claims import obeys


@obeys(RecapDataConfig, "inputs", "explicit_date_inputs", "explicit_datetime_inputs", "num_files_to_keep")
def select_files(data: RecapDataConfig, path: str = "") -> list[Path]:
    """The files of a data set, in the order of their names.

    Args:
        data: the data set's configuration.
        path: its place in the spec, for errors.

    Raises:
        DataError: nothing is selected, or more folders are missing than may be.
    """
    match data.WhichOneof("date_inputs_format"):
        case "inputs":
            files = _matching(expanded(data.inputs, join(path, "inputs")), join(path, "inputs"))
        case "explicit_date_inputs":
            files = _of_days(data.explicit_date_inputs, join(path, "explicit_date_inputs"))
        case "explicit_datetime_inputs":
            files = _of_hours(data.explicit_datetime_inputs, join(path, "explicit_datetime_inputs"))
        case _:
            raise DataError("no files are named; set inputs to a glob such as data/*.parquet", join(path, "inputs"))
    return files[: data.num_files_to_keep] if data.HasField("num_files_to_keep") else files


def _matching(pattern: str, path: str) -> list[Path]:
    parts = Path(pattern).parts
    first = next((index for index, part in enumerate(parts) if any(c in part for c in "*?[")), len(parts))
    folder, rest = Path(*parts[:first]), "/".join(parts[first:])
    try:
        found = sorted(folder.glob(rest)) if rest else [folder]
    except ValueError as error:
        raise DataError(f'"{pattern}" is no glob: {error}', path) from error
    files = [file for file in found if file.is_file()]
    if not files:
        raise DataError(f'no file matches "{pattern}" (relative names start at {Path.cwd()})', path)
    return files


@obeys(ExplicitDateInputs, "data_root", "end_date", "days", "num_missing_days_tol")
def _of_days(days: ExplicitDateInputs, path: str) -> list[Path]:
    end = _parsed(days.end_date, "%Y/%m/%d", join(path, "end_date"))
    wanted = [end - timedelta(days=back) for back in reversed(range(days.days))]
    root = expanded(days.data_root, join(path, "data_root"))
    # %Y has no leading zeros on some systems.
    folders = [Path(root, f"{day.year:04}/{day:%m/%d}") for day in wanted]
    return _in_folders(folders, days.num_missing_days_tol, "days", join(path, "num_missing_days_tol"))


@obeys(ExplicitDatetimeInputs, "data_root", "end_datetime", "hours", "num_missing_hours_tol")
def _of_hours(hours: ExplicitDatetimeInputs, path: str) -> list[Path]:
    end = _parsed(hours.end_datetime, "%Y/%m/%d/%H", join(path, "end_datetime"))
    wanted = [end - timedelta(hours=back) for back in reversed(range(hours.hours))]
    root = expanded(hours.data_root, join(path, "data_root"))
    folders = [Path(root, f"{hour.year:04}/{hour:%m/%d/%H}") for hour in wanted]
    return _in_folders(folders, hours.num_missing_hours_tol, "hours", join(path, "num_missing_hours_tol"))


def _parsed(text: str, form: str, path: str) -> datetime:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError as error:
        raise DataError(f'"{text}" is no day of the calendar', path) from error


def _in_folders(folders: list[Path], num_missing_allowed: int, unit: str, path: str) -> list[Path]:
    files, missing = [], []
    for folder in folders:
        here = list(_parquet_files(folder))
        files += here
        if not here:
            missing.append(folder)
    if len(missing) > num_missing_allowed:
        raise DataError(
            f"{len(missing)} of {len(folders)} {unit} have no folder with *.parquet files, {num_missing_allowed} may; "
            f"the first is {missing[0]}",
            path,
        )
    if not files:
        raise DataError(f"none of the {len(folders)} {unit} has a file, from {folders[0]} to {folders[-1]}", path)
    return files


def _parquet_files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.glob("*.parquet")) if file.is_file())
