"""From what the columns are to a recipe that is not fitted yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rankspec.data.v1.recipe_pb2 import (
    BinnedFeature,
    CategoryFeature,
    DistinctEdges,
    Feature,
    FillFigure,
    FlagFeature,
    HashedFeature,
    ListPlaces,
    NumberFeature,
    QuantileEdges,
    RawColumn,
    RawKind,
    Recipe,
    SplitPart,
    TextFormat,
)
from rankspec.datasets.importing.corrections import PARTS, Corrections, Label
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.inference import Column, Kind, comma_hint, fits_whole, label_of, resolved_label
from rankspec.datasets.importing.profile import Profile
from rankspec.datasets.importing.zones import time_zone
from rankspec.encoding.positions import column_of, is_whole_list

# Of recipes without lists that are kept whole, and of those with some.
SEMANTICS, SEMANTICS_OF_LISTS = 1, 2
VECTORS = ("continuous", "binary", "discrete")
# A number of at most so many values is an id too: trees find single values, a network needs a row for each.
FEW_VALUES = 255
# Of a table of more numbers than `MANY_NUMBERS` and of enough rows, those of many values are ids by so many quantiles.
MANY_NUMBERS = 50
_FEWEST_ROWS_OF_BINS = 10_000
_BINS = 32
_FEWEST_OF_A_VALUE = 5
_SMALL_VOCABULARY = 1000
_KINDS: dict[Kind, RawKind] = {
    "text": RawKind.RAW_KIND_TEXT,
    "whole": RawKind.RAW_KIND_INT64,
    "real": RawKind.RAW_KIND_FLOAT64,
    "flag": RawKind.RAW_KIND_BOOL,
    "time": RawKind.RAW_KIND_TIME,
}
_UNITS = {"s": 1_000_000, "ms": 1000, "us": 1}
TRUE_WORDS = ("1", "true", "True", "TRUE", "yes", "Yes", "YES")
FALSE_WORDS = ("0", "false", "False", "FALSE", "no", "No", "NO")


@dataclass(frozen=True)
class Plan:
    """What becomes of a table.

    Attributes:
        recipe: the recipe, not fitted.
        columns: what each column is.
        labels: what is predicted.
        group: the column of what rows are ranked within; none if there is none.
        time: the column of times; none if there is none.
        notes: what was decided that the user may want to know.
    """

    recipe: Recipe
    columns: dict[str, Column]
    labels: tuple[Label, ...]
    group: str | None
    time: str | None
    notes: tuple[str, ...]


def plan(columns: dict[str, Column], corrections: Corrections, missing: Sequence[str], *, decimal: str = ".") -> Plan:
    """Makes a recipe.

    Args:
        columns: what each column is, in the order of the table.
        corrections: what the user says.
        missing: texts that stand for a missing value.
        decimal: the decimal mark of numbers that are written.

    Raises:
        TableError: there is no label, no feature, or nothing to tell rows apart by.
    """
    notes: list[str] = []
    labels = corrections.labels or (label_of(columns),)
    labels = tuple(resolved_label(label, columns[label.column]) for label in labels)
    time = _time_of(columns, corrections, notes)
    targets = {label.column for label in labels}
    apart = targets | ({corrections.group} if corrections.group and not corrections.group_as_feature else set())
    read_from = [column for name, column in columns.items() if name not in apart and name != time]
    numbers = _numbers_of(read_from, corrections)
    features = _named_once([feature for column in read_from for feature in _features(column, corrections, numbers)])
    lists = [feature.name for feature in features if _is_whole_list(feature)]
    if not features:
        raise TableError(
            "no column is left to predict from; see the reasons above, and name columns with --categorical or --numeric"
        )
    recipe = Recipe(
        semantics=SEMANTICS_OF_LISTS if lists else SEMANTICS,
        text=TextFormat(
            missing=missing, true_values=TRUE_WORDS, false_values=FALSE_WORDS, decimal_comma=decimal == ","
        ),
        features=features,
        labels=[label.to_recipe() for label in labels],
    )
    carried = [name for name in (corrections.group, time, *corrections.key) if name]
    _check_names(carried, lists, labels, columns)
    if others := [name for name in corrections.places if columns[name].role != "list"]:
        named = others[0]
        raise TableError(f"--places {named}: a row has one value there; say --multi {named}=SEP if it has several")
    recipe.output.carried.extend(dict.fromkeys(carried))
    recipe.output.row_key.extend(corrections.key)
    read = {column_of(feature) for feature in features} | targets | set(carried)
    recipe.columns.extend(_raw_column(column, labels, corrections) for name, column in columns.items() if name in read)
    _split(recipe, corrections, time)
    return Plan(recipe, columns, labels, corrections.group, time, tuple(notes))


def _check_names(
    carried: Sequence[str], lists: Sequence[str], labels: Sequence[Label], columns: Mapping[str, Column]
) -> None:
    """Makes sure that the stored columns differ in their names, and that carried ones hold one value a row.

    Raises:
        TableError: it is not so.
    """
    tasks = [label.task for label in labels]
    for task in tasks:
        if tasks.count(task) > 1 or task in VECTORS:
            raise TableError(f'two columns of the data set would be called "{task}"; rename the label\'s column')
    for name in (*carried, *lists):
        if name in VECTORS or name in tasks:
            raise TableError(f'two columns of the data set would be called "{name}"; rename that column of the table')
    for name in carried:
        if columns[name].profile.is_list or columns[name].profile.stored == "other":
            raise TableError(f'"{name}" holds no single values, so rows are not told apart by it; name another column')


def _time_of(columns: Mapping[str, Column], corrections: Corrections, notes: list[str]) -> str | None:
    """The column to split by time; none if there is none, or several of which the user names none."""
    if corrections.time is not None:
        return corrections.time or None
    times = [name for name, column in columns.items() if column.role == "time"]
    if len(times) > 1:
        notes.append(f"several columns are times ({', '.join(times)}); to split by one, name it with --time")
    return times[0] if len(times) == 1 else None


@dataclass(frozen=True)
class _Numbers:
    """How a table's numbers become features.

    Attributes:
        bins: quantiles that those of many values are ids by too; 0 for none.
        standardize: those that go below 0 are standardized. The model takes logarithms, which pull apart what lies next
            to 0: right for counts and amounts, which begin there, and wrong where it is the middle.
    """

    bins: int
    standardize: bool


def _numbers_of(columns: Sequence[Column], corrections: Corrections) -> _Numbers:
    numbers = [column for column in columns if column.role == "number"]
    are_many = len(numbers) > MANY_NUMBERS and numbers[0].profile.num_rows >= _FEWEST_ROWS_OF_BINS
    bins = corrections.bins if corrections.bins is not None else _BINS * are_many
    return _Numbers(bins, are_many)


def _number(column: Column, numbers: _Numbers) -> list[Feature]:
    """The features of a number: itself, and ids by value or by quantile."""
    name, profile = column.name, column.profile
    number = NumberFeature(column=name, fill_figure=FillFigure.FILL_FIGURE_MEDIAN, missing_flag=profile.num_missing > 0)
    if numbers.standardize and profile.smallest is not None and profile.smallest < 0:
        number.standardize = True
    found = [Feature(name=name, number=number)]
    binned = BinnedFeature(column=name)
    if profile.num_distinct <= FEW_VALUES:
        binned.distinct.CopyFrom(DistinctEdges(max_values=FEW_VALUES, optional=True))
    elif numbers.bins:
        binned.quantiles.CopyFrom(QuantileEdges(num_bins=numbers.bins))
    if binned.HasField("edges"):
        found.append(Feature(name=f"{name}_bin", binned=binned))
    return found


def _features(column: Column, corrections: Corrections, numbers: _Numbers) -> list[Feature]:
    """The features that a column gives, in their order."""
    name, profile = column.name, column.profile
    has_gaps = profile.num_missing > 0
    if column.role == "number":
        return _number(column, numbers)
    if column.role == "flag":
        return [Feature(name=name, flag=FlagFeature(column=name, missing_flag=has_gaps))]
    if column.role in ("category", "list"):
        # A list becomes ids whole, or as many of its first values as the user gives places.
        places = ListPlaces(width=corrections.places.get(name)) if column.role == "list" else None
        if name in corrections.hashed:
            hashed = HashedFeature(column=name, num_buckets=corrections.hashed[name], list=places)
            return [Feature(name=name, hashed=hashed)]
        fewest = 1 if profile.num_distinct < _SMALL_VOCABULARY else _FEWEST_OF_A_VALUE
        return [Feature(name=name, category=CategoryFeature(column=name, min_count=fewest, list=places))]
    return []


def _is_whole_list(feature: Feature) -> bool:
    kind = feature.WhichOneof("kind")
    return kind in ("category", "hashed") and is_whole_list(getattr(feature, kind))


def _named_once(features: list[Feature]) -> list[Feature]:
    """The features under names of their own."""
    taken: set[str] = set()
    for feature in features:
        while feature.name in taken:
            feature.name += "_"
        taken.add(feature.name)
    return features


def _raw_column(column: Column, labels: Sequence[Label], corrections: Corrections) -> RawColumn:
    label = next((label for label in labels if label.column == column.name), None)
    kind = column.kind if label is None else _label_kind(column, label)
    raw = RawColumn(name=column.name, kind=_KINDS[kind])
    if column.role == "list":
        raw.list = True
        if column.separator is not None:
            raw.separator = column.separator
    if kind == "time":
        if column.time_unit is not None:
            raw.time_unit_micros = _UNITS[column.time_unit]
        elif column.profile.some_naive:
            raw.time_zone.CopyFrom(time_zone(corrections.time_zone or "UTC"))
    return raw


def _label_kind(column: Column, label: Label) -> Kind:
    """The kind that a label's column is read as.

    Raises:
        TableError: its values are of no such kind.
    """
    profile = column.profile
    if label.equals is not None:
        if column.kind == "real":
            raise TableError(f"--label {label.column}={label.equals}: it holds numbers with fractions; say >= instead")
        return "whole" if column.kind == "whole" else "text"
    if label.is_number and profile.all_numbers and profile.stored not in ("flag", "time", "other"):
        return "real"
    if label.at_least is not None or label.is_number:
        if not profile.all_numbers or profile.stored in ("flag", "time", "other"):
            raise TableError(f"--label {label.column}: not all of its values are numbers{comma_hint(profile)}")
        return "whole" if fits_whole(profile) else "real"
    if profile.stored != "number" and (column.kind == "flag" or _is_zero_or_one(profile)):
        return "flag"
    return "whole" if profile.all_whole else "real"


def _is_zero_or_one(profile: Profile) -> bool:
    return profile.all_whole and profile.smallest in (0, 1) and profile.largest in (0, 1)


def _split(recipe: Recipe, corrections: Corrections, time: str | None) -> None:
    """Says how rows are divided: by time, by group, or by the row's key."""
    split = recipe.split
    shares = zip(PARTS, corrections.split, strict=True)
    split.parts.extend(SplitPart(name=name, per_mille=share) for name, share in shares if share)
    split.fit_part = PARTS[0]
    if time is not None:
        split.time.column = time
        if corrections.gap_micros:
            split.time.gap_micros = corrections.gap_micros
        return
    split.key.salt = f"split{corrections.seed}"
    if corrections.group is not None:
        split.key.columns.append(corrections.group)
        return
    # Where the user names no key, all columns but the labels' tell rows apart, as many as a key may have.
    labels = {label.column for label in recipe.labels}
    others = [column.name for column in recipe.columns if column.name not in labels][:64]
    split.key.columns.extend(corrections.key or others)
