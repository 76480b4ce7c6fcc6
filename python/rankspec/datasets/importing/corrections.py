"""What the user says of a table's columns, against what would be inferred."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from rankspec.data.v1.recipe_pb2 import RecipeLabel
from rankspec.datasets.importing.errors import TableError
from rankspec.diagnostics.closest_name import did_you_mean

# As the recipe allows.
MOST_PLACES = 1024
_CONDITION = re.compile(r"(?P<column>.+?)\s*(?P<operator>>=|==|=)\s*(?P<value>.+)")
PARTS = ("train", "validation", "test")
TimeUnit = Literal["s", "ms", "us"]
TIME_UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)
_MICROS_OF_DAY = 86_400_000_000


@dataclass(frozen=True)
class Label:
    """A column that is predicted.

    Attributes:
        column: the column's name.
        task: the task that it is the label of.
        at_least: the smallest number that is positive; none if the column says it otherwise.
        equals: the text or number that is positive; none if the column says it otherwise.
        is_number: the label is the number itself, for a regression.
    """

    column: str
    task: str
    at_least: float | None = None
    equals: str | None = None
    is_number: bool = False

    def to_recipe(self) -> RecipeLabel:
        """The label as a recipe has it."""
        label = RecipeLabel(task=self.task, column=self.column)
        if self.at_least is not None:
            label.at_least = self.at_least
        if self.equals is not None:
            label.equals = self.equals
        return label


@dataclass(frozen=True)
class Corrections:
    """What the user says of the columns.

    Attributes:
        labels: what is predicted; empty to infer it.
        numeric: columns that are numbers.
        categorical: columns that are categories.
        multi: columns that hold several categories, by the text between them; "" for lists.
        places: columns of several categories of which only so many, the first of a row, are ids at places of their own.
        drop: columns that are left out.
        group: the column of what rows are ranked within; none if there is none.
        group_as_feature: the group is a feature too.
        time: the column of times to split by; none to infer it, "" for none.
        key: the columns that tell rows apart.
        time_zone: the zone of times without one.
        time_unit: unit of times that are whole numbers: s, ms, us or none.
        split: per mille of train, validation and test.
        seed: what the split by key is drawn from.
        gap_micros: the time in which a label comes about.
        bins: quantiles that numbers of many values become ids by; 0 for none, None for as many as the table wants.
        hashed: categories that become ids by a hash, with the number of buckets.
        private: no value of the table is shown.
    """

    labels: tuple[Label, ...] = ()
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    multi: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    group: str | None = None
    group_as_feature: bool = False
    time: str | None = None
    key: tuple[str, ...] = ()
    time_zone: str | None = None
    time_unit: str | None = None
    split: tuple[int, int, int] = (800, 100, 100)
    seed: int = 0
    gap_micros: int = 0
    bins: int | None = None
    hashed: dict[str, int] = field(default_factory=dict)
    private: bool = False

    def check(self, names: Sequence[str]) -> None:
        """Makes sure that the columns are there and that nothing is said twice.

        Raises:
            TableError: it is not so.
        """
        said = {
            "--numeric": self.numeric,
            "--categorical": self.categorical,
            "--multi": tuple(self.multi),
            "--hash": tuple(self.hashed),
            "--places": tuple(self.places),
            "--drop": self.drop,
        }
        others = {
            "--label": tuple(label.column for label in self.labels),
            "--group": (self.group,) if self.group else (),
            "--time": (self.time,) if self.time else (),
            "--key": self.key,
        }
        for option, columns in (said | others).items():
            for name in columns:
                if name not in names:
                    raise TableError(f'{option}: the table has no column "{name}"{did_you_mean(name, names)}')
        seen: dict[str, str] = {}
        for option, columns in said.items():
            for name in columns:
                if name in seen:
                    raise TableError(f'"{name}" is named by {seen[name]} and by {option}; name it once')
                seen[name] = option
        for option, columns in others.items():
            for name in columns:
                if seen.get(name) == "--drop":
                    raise TableError(f'"{name}" is named by --drop and by {option}; keep one of them')


def corrections_of(
    *,
    label: str | Iterable[str] = (),
    numeric: str | Iterable[str] = (),
    categorical: str | Iterable[str] = (),
    multi: Mapping[str, str] | None = None,
    places: Mapping[str, int] | None = None,
    hash: Mapping[str, int] | None = None,  # noqa: A002 - the option's name
    drop: str | Iterable[str] = (),
    key: str | Iterable[str] = (),
    bins: int | None = None,
    split: str = "80/10/10",
    group: str | None = None,
    group_as_feature: bool = False,
    time: str | None = None,
    time_zone: str | None = None,
    time_unit: TimeUnit | None = None,
    gap_days: float = 0,
    seed: int = 0,
    private: bool = False,
) -> Corrections:
    """What the options of `rankspec data import` and the arguments of `import_table` say; they are called alike.

    Raises:
        TableError: a value is none that the option takes.
    """
    for option, counts, most in (("places", places, MOST_PLACES), ("hash", hash, None)):
        for column, count in (counts or {}).items():
            if count < 1 or (most is not None and count > most):
                up_to = f"from 1 to {most}" if most is not None else "from 1 on"
                raise TableError(f'--{option}: "{column}" has {count}; give a number {up_to}')
    if bins is not None and bins < 0:
        raise TableError(f"--bins {bins}: give a number of quantiles, or 0 for none")
    if time_unit not in {None, *TIME_UNITS}:
        raise TableError(f"--time-unit {time_unit}: give one of {', '.join(TIME_UNITS)}")
    if not 0 <= gap_days < math.inf:
        raise TableError(f"--gap-days {gap_days:g}: give a number of days from 0 on")
    return Corrections(
        labels=tuple(map(parse_label, _names(label))),
        numeric=_names(numeric),
        categorical=_names(categorical),
        multi=dict(multi or {}),
        places=dict(places or {}),
        hashed=dict(hash or {}),
        drop=_names(drop),
        group=group,
        group_as_feature=group_as_feature,
        time=time,
        key=_names(key),
        time_zone=time_zone,
        time_unit=time_unit,
        split=parse_split(split),
        seed=seed,
        gap_micros=round(gap_days * _MICROS_OF_DAY),
        bins=bins,
        private=private,
    )


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    """The columns that are given; one may stand alone."""
    return (given,) if isinstance(given, str) else tuple(given)


def parse_label(text: str) -> Label:
    """Reads `COLUMN`, `COLUMN:binary`, `COLUMN:number`, `COLUMN>=4`, `COLUMN=yes`, each after `TASK=` or not.

    Raises:
        TableError: it is none of these.
    """
    if found := _CONDITION.fullmatch(text):
        column, operator, value = found["column"], found["operator"], found["value"]
        if operator != ">=":
            return Label(column, task_name(column), equals=value)
        try:
            return Label(column, task_name(column), at_least=float(value))
        except ValueError as error:
            raise TableError(f"--label {text}: `{value}` is no number") from error
    column, _, kind = text.rpartition(":")
    if kind in ("binary", "number") and column:
        return Label(column, task_name(column), is_number=kind == "number")
    if not text:
        raise TableError("--label: name a column, as in --label bought or --label 'rating>=4'")
    return Label(text, task_name(text))


def parse_split(text: str) -> tuple[int, int, int]:
    """Reads percents of train, validation and test, such as `80/10/10`, as per mille.

    Raises:
        TableError: they are no three shares of a hundred, or one of the first two is 0.
    """
    try:
        shares = [round(float(share) * 10) for share in text.split("/")]
    except ValueError:
        shares = []
    if len(shares) != 3 or sum(shares) != 1000 or min(shares) < 0 or 0 in shares[:2]:
        raise TableError(
            f"--split {text}: give the percents of train, validation and test, which make 100, as in 80/10/10; "
            "the test part may be 0"
        )
    return (shares[0], shares[1], shares[2])


def task_name(column: str) -> str:
    """A name for the task of a column, of the characters that names of tasks have."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", column).strip("_") or "label"
    return name if re.match(r"[A-Za-z_]", name) else f"_{name}"


def parse_multi(text: str) -> tuple[str, str]:
    """Reads `COLUMN=SEPARATOR`, or `COLUMN` for a column of lists."""
    column, _, separator = text.partition("=")
    return column, separator


def parse_places(text: str) -> tuple[str, int]:
    """Reads `COLUMN=PLACES`.

    Raises:
        TableError: it is not that.
    """
    column, _, places = text.rpartition("=")
    if not column or not places.isdecimal():
        raise TableError(f"--places {text}: give the column and up to {MOST_PLACES} places, as in --places tags=4")
    return column, int(places)


def parse_hashed(text: str) -> tuple[str, int]:
    """Reads `COLUMN=BUCKETS`.

    Raises:
        TableError: it is not that.
    """
    column, _, buckets = text.rpartition("=")
    if not column or not buckets.isdecimal():
        raise TableError(f"--hash {text}: give the column and the number of buckets, as in --hash city=1000")
    return column, int(buckets)
