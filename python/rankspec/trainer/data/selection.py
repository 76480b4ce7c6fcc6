"""Which files make up a data set, and opening them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import PurePath

from rankspec.trainer.data.dataset import Dataset
from rankspec.trainer.data.identity import identity_of, num_rows
from rankspec.trainer.data.listing import Listing, shown
from rankspec.trainer.data.no_match import reason_for_none
from rankspec.trainer.data.pattern import PARQUET, Pattern
from rankspec.trainer.data.plan import DataPlan
from rankspec.trainer.data.source import RowFile
from rankspec.trainer.data.storage.storage import Storage, StoredFile
from rankspec.trainer.data_error import DamagedFileError, DataError
from rankspec.trainer.inputs import Column

# Files that an error names before it counts the rest.
_NAMED = 3
# Files of another storage that are opened at the same time: it is their requests that take time.
_OPENED_AT_ONCE = 16


@dataclass(frozen=True)
class Selection:
    """The files of a data set.

    Attributes:
        storage: where they lie.
        folder: the deepest folder that the configuration names without a wildcard; all files lie below it.
        patterns: what they were found by.
        files: the files, in their order.
        notes: a line for each kind of files that is left out by rule.
        problems: for everything that should have been a file and cannot be opened, why.
    """

    storage: Storage
    folder: PurePath
    patterns: tuple[Pattern, ...]
    files: tuple[StoredFile, ...]
    notes: tuple[str, ...]
    problems: tuple[str, ...]


def selected(
    storage: Storage, folder: PurePath, patterns: Iterable[Pattern], listing: Listing, most: int | None = None
) -> Selection:
    """What patterns have listed of a storage, as a data set's files: the first `most` of them, or all."""
    files = tuple(StoredFile(storage, file) for file in listing.files[:most])
    return Selection(storage, folder, tuple(patterns), files, tuple(listing.notes), listing.problems)


def matching(storage: Storage, text: str, path: str) -> tuple[Pattern, Listing]:
    """What the text of a pattern selects of a storage; `path` is the field of the spec that it stands in.

    Raises:
        DataError: it is no pattern, or no file matches.
    """
    try:
        pattern = storage.parse(text)
    except DataError as error:
        raise DataError(error.message, path) from error
    listing = storage.list_files(pattern)
    if not listing.files and not listing.problems:
        raise DataError(f'no file matches "{text}"{reason_for_none(storage, pattern, listing)}', path)
    return pattern, with_folders_refused(storage, listing)


def with_folders_refused(storage: Storage, listing: Listing) -> Listing:
    """The same, where a folder of a file's name that holds files, as Spark writes them, is a problem."""
    files = set(listing.files)
    found = []
    for folder in listing.folders:
        below = storage.list_files(Pattern(str(folder), folder, (PARQUET,))).files
        if below and below[0] not in files:
            found.append(
                f"{shown(storage.address(folder))} is a folder with files in it, such as {below[0].name}, which the "
                "pattern does not name; give the pattern a further component, or move the folder"
            )
    return replace(listing, problems=(*listing.problems, *found))


def open_selection(
    selection: Selection,
    plan: DataPlan,
    schema: Mapping[str, Column],
    *,
    leave_out_unreadable: bool = False,
    remedy: str = "",
) -> Dataset:
    """Opens the files of a data set.

    Args:
        selection: the files.
        plan: how their rows become batches.
        schema: the columns that are said to be there, which are part of the data set's identity.
        leave_out_unreadable: whether a file that cannot be read is left out and told; if not, it is an error.
        remedy: what else can be done about damaged files than writing them anew, where there are others.

    Raises:
        DataError: files cannot be read, or hold no row.
    """
    files: list[RowFile] = []
    refused: list[DataError] = []
    for found in _opened(selection, plan):
        if isinstance(found, DataError):
            refused.append(found)
        else:
            files.append(found)
    left_out = [*selection.problems, *map(str, refused)]
    if left_out and not leave_out_unreadable:
        rest = f"; and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
        way_out = _way_out(selection.problems, refused, remedy if files else "")
        raise DataError(f"{'; '.join(left_out[:_NAMED])}{rest}{way_out}", plan.source)
    if not files:
        raise DataError(f"none of the {len(left_out)} files can be read; the first: {left_out[0]}", plan.source)
    _require_one_form(files, plan.source)
    identity = identity_of(files, selection.folder, schema)
    if num_rows(identity) == 0:
        raise DataError(f"the {len(files)} files hold no row", plan.source)
    notes = [*selection.notes, *(f"left out {reason}" for reason in left_out)]
    return Dataset(plan, files, identity=identity, notes=notes)


def _way_out(problems: Sequence[str], refused: Sequence[DataError], remedy: str) -> str:
    """What to do about files that cannot be taken, where their own texts do not say so.

    Args:
        problems: what is no file that can be opened.
        refused: why files are not taken.
        remedy: what else can be done about damaged ones; empty for nothing.
    """
    damaged = sum(isinstance(one, DamagedFileError) for one in refused)
    if not problems and not damaged:
        return ""
    them = "it" if len(problems) + damaged == 1 else "them"
    if problems or damaged < len(refused):
        return f"; correct or remove {them}"
    return f"; write {them} anew or remove {them}" + (f", or go on without: {remedy}" if remedy else "")


def _require_one_form(files: Sequence[RowFile], path: str) -> None:
    other = next((file for file in files if file.form != files[0].form), None)
    if other is not None:
        raise DataError(
            f"{files[0].file} is {files[0].form} and {other.file} is {other.form}; a data set has files of one form: "
            "name those of one, or convert the others with `rankspec data convert`",
            path,
        )


def _opened(selection: Selection, plan: DataPlan) -> Iterable[RowFile | DataError]:
    """The files, in their order; for each that cannot be read, why."""

    def opened(file: StoredFile) -> RowFile | DataError:
        try:
            return plan.open_rows(file, plan.columns)
        except DataError as error:
            return error

    if not selection.storage.is_remote:
        return map(opened, selection.files)
    with ThreadPoolExecutor(_OPENED_AT_ONCE, thread_name_prefix="rankspec-open") as threads:
        return list(threads.map(opened, selection.files))
