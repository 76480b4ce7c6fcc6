"""Which files make up a data set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import PurePath

from rankspec.claims.registry import obeys
from rankspec.recap.v1.data_pb2 import ExplicitDateInputs, ExplicitDatetimeInputs, RecapDataConfig
from rankspec.schema.field_paths import join
from rankspec.trainer.data.listing import Listing
from rankspec.trainer.data.pattern import PARQUET, TFRECORD, Pattern
from rankspec.trainer.data.selection import Selection, matching, selected, with_folders_refused
from rankspec.trainer.data.storage.address import located
from rankspec.trainer.data.storage.storage import Storage
from rankspec.trainer.data_error import DataError


@obeys(RecapDataConfig, "inputs", "explicit_date_inputs", "explicit_datetime_inputs", "num_files_to_keep")
@obeys(ExplicitDateInputs, "data_root")
@obeys(ExplicitDatetimeInputs, "data_root")
def select_files(data: RecapDataConfig, path: str = "") -> Selection:
    """The files of a data set, in the order of their names.

    Args:
        data: the data set's configuration.
        path: its place in the spec, for errors.

    Raises:
        DataError: nothing is selected, or more folders are missing than may be.
    """
    match data.WhichOneof("date_inputs_format"):
        case "inputs":
            storage, text = located(data.inputs, join(path, "inputs"))
            pattern, listing = matching(storage, text, join(path, "inputs"))
            folder, patterns = pattern.folder, [pattern]
        case "explicit_date_inputs":
            days, here = data.explicit_date_inputs, join(path, "explicit_date_inputs")
            storage, text = located(days.data_root, join(here, "data_root"))
            folder = storage.path(text)
            patterns, listing = _of_days(storage, folder, days, here)
        case "explicit_datetime_inputs":
            hours, here = data.explicit_datetime_inputs, join(path, "explicit_datetime_inputs")
            storage, text = located(hours.data_root, join(here, "data_root"))
            folder = storage.path(text)
            patterns, listing = _of_hours(storage, folder, hours, here)
        case _:
            raise DataError("no files are named; set inputs to a glob such as data/*.parquet", join(path, "inputs"))
    kept = data.num_files_to_keep if data.HasField("num_files_to_keep") else None
    return selected(storage, folder, patterns, listing, kept)


@obeys(RecapDataConfig, "explicit_date_inputs", "explicit_datetime_inputs", "num_files_to_keep", "ignore_data_errors")
@obeys(ExplicitDateInputs, "end_date", "days")
@obeys(ExplicitDatetimeInputs, "end_datetime", "hours")
def selection_settings(data: RecapDataConfig) -> dict[str, str]:
    """What says which files are taken, wherever they lie: the settings as text, by their paths in the data set."""
    settings = {"ignore_data_errors": str(data.ignore_data_errors).lower()}
    if data.HasField("num_files_to_keep"):
        settings["num_files_to_keep"] = str(data.num_files_to_keep)
    match data.WhichOneof("date_inputs_format"):
        case "explicit_date_inputs":
            days = data.explicit_date_inputs
            settings["explicit_date_inputs"] = f"{days.days} days up to {days.end_date}"
        case "explicit_datetime_inputs":
            hours = data.explicit_datetime_inputs
            settings["explicit_datetime_inputs"] = f"{hours.hours} hours up to {hours.end_datetime}"
        case _:
            pass
    return settings


@obeys(ExplicitDateInputs, "end_date", "days", "num_missing_days_tol")
def _of_days(storage: Storage, root: PurePath, days: ExplicitDateInputs, path: str) -> tuple[list[Pattern], Listing]:
    end = _parsed(days.end_date, "%Y/%m/%d", join(path, "end_date"))
    wanted = _up_to(end, days.days, timedelta(days=1), join(path, "days"))
    # %Y has no leading zeros on some systems.
    folders = [root / f"{day.year:04}/{day:%m/%d}" for day in wanted]
    return _in_folders(storage, folders, days.num_missing_days_tol, "days", join(path, "num_missing_days_tol"))


@obeys(ExplicitDatetimeInputs, "end_datetime", "hours", "num_missing_hours_tol")
def _of_hours(
    storage: Storage, root: PurePath, hours: ExplicitDatetimeInputs, path: str
) -> tuple[list[Pattern], Listing]:
    end = _parsed(hours.end_datetime, "%Y/%m/%d/%H", join(path, "end_datetime"))
    wanted = _up_to(end, hours.hours, timedelta(hours=1), join(path, "hours"))
    folders = [root / f"{hour.year:04}/{hour:%m/%d/%H}" for hour in wanted]
    return _in_folders(storage, folders, hours.num_missing_hours_tol, "hours", join(path, "num_missing_hours_tol"))


def _up_to(end: datetime, count: int, step: timedelta, path: str) -> list[datetime]:
    try:
        return [end - step * back for back in reversed(range(count))]
    except OverflowError as error:
        raise DataError(f"{count} reach back from {end.date()} to before the year 1; give fewer", path) from error


def _parsed(text: str, form: str, path: str) -> datetime:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError as error:
        raise DataError(f'"{text}" is no day of the calendar', path) from error


def _in_folders(
    storage: Storage, folders: list[PurePath], num_missing_allowed: int, unit: str, path: str
) -> tuple[list[Pattern], Listing]:
    patterns = [
        [Pattern(f"{storage.address(folder)}/{name}", folder, (name,)) for name in (PARQUET, *TFRECORD)]
        for folder in folders
    ]
    listings = [_in_folder(storage, *of_folder) for of_folder in patterns]
    missing = [
        folder for folder, listing in zip(folders, listings, strict=True) if not listing.files and not listing.problems
    ]
    if len(missing) > num_missing_allowed:
        raise DataError(
            f"{len(missing)} of {len(folders)} {unit} have no folder with {PARQUET} or TFRecord files, "
            f"{num_missing_allowed} may; the first is {storage.address(missing[0])}",
            path,
        )
    if len(missing) == len(folders):
        first, last = (storage.address(folder) for folder in (folders[0], folders[-1]))
        raise DataError(f"none of the {len(folders)} {unit} has a file, from {first} to {last}", path)
    return list(chain.from_iterable(patterns)), storage.merged(listings)


def _in_folder(storage: Storage, parquet: Pattern, *others: Pattern) -> Listing:
    """The Parquet files of a folder; if it has none, its TFRecord files."""
    found = with_folders_refused(storage, storage.list_files(parquet))
    if found.files or found.problems:
        return found
    return storage.merged([found, *(storage.list_files(pattern) for pattern in others)])
