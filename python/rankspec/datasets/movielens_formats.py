"""The two published forms of MovieLens-100K, parsed into the same tables.

GroupLens publishes `u.data` (tab-separated), `u.user` and `u.item` (separated by `|`), encoded as Latin-1.
RecBole repackages them as "atomic files", `ml-100k.inter`, `.user` and `.item`: tab-separated UTF-8 with a typed
header line. Both list the interactions in the same order, so a split that depends on the file order is the same
for both. Two differences are levelled out here: RecBole names an item's genres where GroupLens flags them, and
it moves the year out of the title into a column of its own.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
"""Genres in the order of GroupLens' flag columns."""

OCCUPATIONS = (
    "administrator", "artist", "doctor", "educator", "engineer", "entertainment", "executive", "healthcare",
    "homemaker", "lawyer", "librarian", "marketing", "none", "other", "programmer", "retired", "salesman",
    "scientist", "student", "technician", "writer",
)  # fmt: skip
"""Occupations in the order of GroupLens' `u.occupation`."""

_YEAR_IN_TITLE = re.compile(r"\((\d{4})\)")


class DatasetError(ValueError):
    """The raw files of a data set cannot be had or do not have the expected format; the text says what to do."""


@dataclass(frozen=True)
class MovieLensTables:
    """MovieLens-100K as published: interactions in file order, users and items in ascending order of their id.

    Attributes:
        user_ids: Published user id of each interaction, `[N]`.
        item_ids: Published item id of each interaction, `[N]`.
        ratings: Stars from 1 to 5, `[N]`.
        timestamps: Seconds since 1970 (UTC), `[N]`.
        users: Published user ids, `[U]`.
        ages: Years, `[U]`.
        is_female: 1 for `F`, 0 for `M`, `[U]`.
        occupations: Index into `OCCUPATIONS`, `[U]`.
        items: Published item ids, `[I]`.
        titles: With the year behind them where it is known, `[I]`.
        release_years: `[I]`; 0 where the title carries no year.
        genres: One flag per entry of `GENRES`, `[I, 19]`.
    """

    user_ids: NDArray[np.int64]
    item_ids: NDArray[np.int64]
    ratings: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    users: NDArray[np.int64]
    ages: NDArray[np.int64]
    is_female: NDArray[np.int64]
    occupations: NDArray[np.int64]
    items: NDArray[np.int64]
    titles: tuple[str, ...]
    release_years: NDArray[np.int64]
    genres: NDArray[np.int64]


@dataclass(frozen=True)
class _Format:
    """Where one published form keeps each table and how a line becomes a row."""

    interactions: str
    users: str
    items: str
    encoding: str
    user_separator: str
    item_separator: str
    item_columns: int
    has_header: bool
    parse_item: Callable[[list[str]], list[int]]
    title: Callable[[list[str]], str]

    @property
    def files(self) -> tuple[str, str, str]:
        return self.interactions, self.users, self.items


def _year_in_title(title: str) -> int:
    """The last `(1995)` of a title, 0 without one: titles may end in remarks such as `(V)`."""
    years = _YEAR_IN_TITLE.findall(title)
    return int(years[-1]) if years else 0


def _parse_grouplens_item(fields: list[str]) -> list[int]:
    flags = [int(flag) for flag in fields[5:]]
    if any(flag not in (0, 1) for flag in flags):
        raise ValueError("a genre flag is neither 0 nor 1")
    return [int(fields[0]), _year_in_title(fields[1]), *flags]


def _grouplens_title(fields: list[str]) -> str:
    return fields[1]


def _atomic_title(fields: list[str]) -> str:
    _, title, year, _ = fields
    return f"{title} ({year})" if re.fullmatch(r"\d{4}", year) else title


def _parse_atomic_item(fields: list[str]) -> list[int]:
    item, title, year, names = fields
    named = set(names.split())
    if unknown := named.difference(GENRES):
        raise ValueError(f"unknown genre {min(unknown)!r}")
    release_year = int(year) if re.fullmatch(r"\d{4}", year) else _year_in_title(title)
    return [int(item), release_year, *(int(genre in named) for genre in GENRES)]


_GROUPLENS = _Format(
    interactions="u.data",
    users="u.user",
    items="u.item",
    encoding="latin-1",
    user_separator="|",
    item_separator="|",
    item_columns=5 + len(GENRES),
    has_header=False,
    parse_item=_parse_grouplens_item,
    title=_grouplens_title,
)
_ATOMIC = _Format(
    interactions="ml-100k.inter",
    users="ml-100k.user",
    items="ml-100k.item",
    encoding="utf-8",
    user_separator="\t",
    item_separator="\t",
    item_columns=4,
    has_header=True,
    parse_item=_parse_atomic_item,
    title=_atomic_title,
)
ATOMIC_FILES = _ATOMIC.files
"""File names of the RecBole form."""


def read_tables(folder: Path) -> MovieLensTables:
    """Reads MovieLens-100K from a folder in either published form.

    Raises:
        DatasetError: The folder holds neither form completely, or a line does not parse; names file and line.
    """
    chosen = _detect_format(folder)
    interactions = _rows(folder / chosen.interactions, chosen, "\t", 4, _parse_interaction)
    users = _rows(folder / chosen.users, chosen, chosen.user_separator, 5, _parse_user)
    items = _rows(folder / chosen.items, chosen, chosen.item_separator, chosen.item_columns, chosen.parse_item)
    users, items = users[np.argsort(users[:, 0])], items[np.argsort(items[:, 0])]
    _check_keys(folder / chosen.users, users[:, 0], folder / chosen.interactions, interactions[:, 0])
    _check_keys(folder / chosen.items, items[:, 0], folder / chosen.interactions, interactions[:, 1])
    return MovieLensTables(
        user_ids=interactions[:, 0],
        item_ids=interactions[:, 1],
        ratings=interactions[:, 2],
        timestamps=interactions[:, 3],
        users=users[:, 0],
        ages=users[:, 1],
        is_female=users[:, 2],
        occupations=users[:, 3],
        items=items[:, 0],
        titles=_titles(folder / chosen.items, chosen),
        release_years=items[:, 1],
        genres=items[:, 2:],
    )


def _detect_format(folder: Path) -> _Format:
    for candidate in (_GROUPLENS, _ATOMIC):
        present = [name for name in candidate.files if (folder / name).is_file()]
        if len(present) == len(candidate.files):
            return candidate
        if present:
            missing = ", ".join(name for name in candidate.files if name not in present)
            raise DatasetError(f"{folder}: {missing} missing beside {', '.join(present)}; add the rest of ml-100k")
    raise DatasetError(
        f"{folder}: no MovieLens-100K here; name a folder holding {', '.join(_GROUPLENS.files)} "
        f"(GroupLens' ml-100k) or {', '.join(_ATOMIC.files)} (RecBole's)"
    )


def _rows(
    path: Path, chosen: _Format, separator: str, columns: int, parse: Callable[[list[str]], list[int]]
) -> NDArray[np.int64]:
    """Parses every line of a file, `[lines, width]`."""
    rows = []
    for number, line in _lines(path, chosen):
        fields = line.split(separator)
        if len(fields) != columns:
            raise DatasetError(
                f"{path}:{number}: {len(fields)} columns where ml-100k has {columns}; is this another MovieLens?"
            )
        try:
            rows.append(parse(fields))
        except ValueError as error:
            raise DatasetError(f"{path}:{number}: not a line of ml-100k: {error}") from error
    if not rows:
        raise DatasetError(f"{path}: no rows; the file looks cut off, fetch ml-100k again")
    return np.array(rows, dtype=np.int64)


def _titles(path: Path, chosen: _Format) -> tuple[str, ...]:
    """The titles, in ascending order of the items' ids."""
    rows = [line.split(chosen.item_separator) for _, line in _lines(path, chosen)]
    return tuple(chosen.title(row) for row in sorted(rows, key=lambda row: int(row[0])))


def _lines(path: Path, chosen: _Format) -> Iterator[tuple[int, str]]:
    """Yields the numbered data lines. Splits at newlines alone: Latin-1 has more that `splitlines` would take."""
    try:
        text = path.read_text(encoding=chosen.encoding)
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not encoded as {chosen.encoding}: {error.reason} at byte {error.start}") from error
    lines = enumerate(text.split("\n"), start=1)
    if chosen.has_header:
        _, header = next(lines)
        if ":token" not in header:
            raise DatasetError(f"{path}:1: no header such as `user_id:token`; RecBole's atomic files begin with one")
    yield from ((number, line) for number, line in lines if line.strip())


def _parse_interaction(fields: list[str]) -> list[int]:
    user, item, rating, timestamp = (int(field) for field in fields)
    if not 1 <= rating <= 5:
        raise ValueError(f"rating {rating} is outside 1 to 5")
    return [user, item, rating, timestamp]


def _parse_user(fields: list[str]) -> list[int]:
    user, age, gender, occupation, _ = fields
    if gender not in ("F", "M"):
        raise ValueError(f"gender {gender!r} is neither 'F' nor 'M'")
    if occupation not in OCCUPATIONS:
        raise ValueError(f"unknown occupation {occupation!r}")
    return [int(user), int(age), int(gender == "F"), OCCUPATIONS.index(occupation)]


def _check_keys(table: Path, keys: NDArray[np.int64], interactions: Path, used: NDArray[np.int64]) -> None:
    if len(np.unique(keys)) != len(keys):
        raise DatasetError(f"{table}: an id occurs twice; fetch ml-100k again")
    if unknown := set(used.tolist()).difference(keys.tolist()):
        raise DatasetError(
            f"{interactions}: id {min(unknown)} is not in {table.name}; the files do not belong together"
        )
