"""What each column of a table is: a feature of which kind, the label, the group, the time, or nothing; and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow.compute as pc

from rankspec.datasets.importing.corrections import Corrections, Label, task_name
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.profile import END_OF_WHOLE, MOST_DISTINCT, Profile

Kind = Literal["text", "whole", "real", "flag", "time"]
Role = Literal["number", "category", "list", "flag", "time", "dropped"]
_NO_ITEMS = "lists of times or of numbers with fractions; make columns of their values"
_TOO_LARGE = "whole numbers beyond 64 bits, or doubles beyond 2^53, which are not exact; write them as text"
# Longer texts are prose, not categories.
_PROSE_BYTES = 60
_MANY_BLANKS = 3
_SEPARATORS = ("|", ";", ",")
_COMMA_NUMBER = r"^[+-]?[0-9]+(,[0-9]+)?$"
_IDS = re.compile(
    r"(?i:(^|[_ .-])(id|ids|uuid|guid|key|code|sku|ean|upc|zip|zipcode|postcode|postal|phone)$)|[a-z]I[dD]$"
)
_TIMES = re.compile(r"(^|[_ .-])(time|timestamp|date|datetime|ts|at|created|updated)$", re.IGNORECASE)
_LABELS = re.compile(
    r"(is_|has_)?(label|target|y|outcome|class|click(ed)?|bought|buy|purchased?|convert(ed)?|conversion|liked?|churn(ed)?"
    r"|response|relevant|engaged|is_click|is_buy)$",
    re.IGNORECASE,
)
# Unix times of 1990 to 2100, by unit.
_EPOCHS = {"s": (631e6, 4.2e9), "ms": (631e9, 4.2e12), "us": (631e12, 4.2e15)}


@dataclass(frozen=True)
class Column:
    """What a column is.

    Attributes:
        name: the column's name.
        role: what becomes of it as a feature.
        why: the reason, for people.
        profile: what its values are like.
        separator: text between the values of a list that comes as text.
        time_unit: unit of times that come as whole numbers.
        kind: `text`, `whole`, `real`, `flag` or `time`: what its values are once they are parsed.
        is_told: the user said what it is.
        odd: a value that is no number where others are numbers.
    """

    name: str
    role: Role
    why: str
    profile: Profile
    kind: Kind = "text"
    separator: str | None = None
    time_unit: str | None = None
    is_told: bool = False
    odd: str | None = None


def infer(
    profiles: Mapping[str, Profile], corrections: Corrections, strings: frozenset[str] = frozenset()
) -> dict[str, Column]:
    """Says what each column is.

    Args:
        profiles: the columns' profiles, in the order of the table.
        corrections: what the user says.
        strings: columns of text that are no numbers, whatever they look like.

    Raises:
        TableError: a column is not what the user says.
    """
    return {name: _column(profile, corrections, name in strings) for name, profile in profiles.items()}


def _column(profile: Profile, corrections: Corrections, is_string: bool) -> Column:
    name = profile.name
    told = {
        "number": corrections.numeric,
        "category": (*corrections.categorical, *corrections.hashed),
        "list": tuple(corrections.multi),
        "dropped": corrections.drop,
    }
    if name == corrections.time:
        return replace(_as_time(profile, corrections), is_told=True)
    for role, names in told.items():
        if name in names:
            return replace(_as_told(profile, role, corrections), is_told=True)
    column = _inferred(profile, corrections, is_string)
    wanted = {label.column for label in corrections.labels} | {corrections.group, *corrections.key}
    if name in wanted and column.role == "dropped":
        # It is needed for something else than a feature.
        if _is_too_large(profile):
            raise TableError(f'"{name}" has {_TOO_LARGE}')
        return replace(column, kind=_kind_of_values(profile))
    return column


def _as_told(profile: Profile, role: str, corrections: Corrections) -> Column:
    """The column as the user says that it is.

    Raises:
        TableError: its values are not of that kind.
    """
    name = profile.name
    if role == "dropped":
        return Column(name, "dropped", "--drop", profile, _kind_of_values(profile))
    if profile.stored == "other":
        raise TableError(f'"{name}" holds a type that is not read; make columns of its values')
    if role == "number":
        if not profile.all_numbers or profile.stored in ("flag", "time") or profile.is_list:
            odd = f"; `{profile.odd}` is none" if profile.odd is not None and not corrections.private else ""
            raise TableError(f"--numeric {name}: not all of its values are numbers{odd}{comma_hint(profile)}")
        return Column(name, "number", "--numeric", profile, "real" if not fits_whole(profile) else "whole")
    if role == "list":
        separator = None if profile.is_list else corrections.multi[name] or None
        if separator is None and not profile.is_list:
            raise TableError(f"--multi {name}: say what stands between its values, as in --multi '{name}=|'")
        kind = _kind_of_items(profile) if profile.is_list else "text"
        if kind is None:
            raise TableError(f"--multi {name}: {_NO_ITEMS}")
        return Column(name, "list", "--multi", profile, kind, separator)
    if profile.is_list:
        raise TableError(f"--categorical {name}: a row has a list of values; say --multi {name}")
    if profile.stored == "number" and not profile.all_whole:
        raise TableError(f"--categorical {name}: numbers with fractions are no categories; write them as text")
    if _is_too_large(profile):
        raise TableError(f"--categorical {name}: it has {_TOO_LARGE}")
    return Column(name, "category", "--categorical", profile, _kind_of_category(profile))


def _inferred(profile: Profile, corrections: Corrections, is_string: bool) -> Column:
    name, distinct = profile.name, profile.num_distinct
    if profile.num_present == 0:
        return Column(name, "dropped", "no row has a value", profile)
    if profile.stored == "other":
        return Column(name, "dropped", "of a type that is not read; make columns of its values", profile)
    if profile.is_list:
        kind = _kind_of_items(profile)
        return Column(name, "list", "lists", profile, kind) if kind else Column(name, "dropped", _NO_ITEMS, profile)
    if distinct == 1 and profile.num_missing == 0:
        return Column(name, "dropped", "the same value in every row", profile, _kind_of_values(profile))
    if profile.stored == "flag" or (profile.stored == "text" and profile.all_bools and distinct == 2):
        return Column(name, "flag", "true or false", profile, "flag")
    if profile.stored == "time" or (profile.stored == "text" and profile.all_times):
        return _as_time(profile, corrections)
    if profile.all_numbers and not (is_string and profile.stored == "text"):
        return _number(profile)
    return _text(profile)


def _number(profile: Profile) -> Column:
    name, distinct, whole = profile.name, profile.num_distinct, fits_whole(profile)
    if profile.some_zero_first and profile.all_whole:
        return _unless_unique(Column(name, "category", "codes: some begin with a zero", profile, "text"))
    if profile.stored == "whole" and _is_too_large(profile):
        return Column(name, "dropped", _TOO_LARGE, profile)
    if profile.all_whole and profile.some_inexact and not _is_too_large(profile):
        return _unless_unique(
            Column(name, "category", "ids: some are beyond 2^53", profile, _kind_of_category(profile))
        )
    if profile.all_whole and _TIMES.search(name) and (unit := _unit_of(profile)):
        return Column(name, "time", f"Unix time in {unit}", profile, "time", time_unit=unit)
    if whole and _IDS.search(name):
        return _unless_unique(Column(name, "category", "ids, by its name", profile, "whole"))
    if whole and distinct == 2 and (profile.smallest, profile.largest) == (0, 1) and profile.num_missing == 0:
        return Column(name, "flag", "0 or 1", profile, "flag")
    few = f", {distinct} different values" if distinct <= MOST_DISTINCT else ""
    return Column(name, "number", f"numbers{few}", profile, "whole" if whole else "real")


def _text(profile: Profile) -> Column:
    name = profile.name
    separator = _separator_of(profile)
    if separator is not None:
        return Column(name, "list", f"several values with {separator} between them", profile, "text", separator)
    if _is_prose(profile):
        return Column(name, "dropped", "free text", profile)
    if profile.all_other_dates:
        return Column(name, "dropped", "dates that are not written as 2024-01-31", profile)
    why = f"text, {profile.num_distinct} different values" if profile.distinct is not None else "text"
    return _unless_unique(Column(name, "category", why, profile, "text", odd=profile.odd))


def _is_prose(profile: Profile) -> bool:
    """Long texts, or texts of many words, that seldom come again."""
    texts = profile.sample
    if texts is None or profile.num_distinct * 10 < profile.num_present:
        return False
    num_bytes = int(pc.sum(pc.binary_length(texts)).as_py() or 0)
    num_of_many_words = int(pc.sum(pc.greater_equal(pc.count_substring(texts, " "), _MANY_BLANKS)).as_py() or 0)
    return num_bytes > _PROSE_BYTES * len(texts) or num_of_many_words * 2 > len(texts)


def _unless_unique(column: Column) -> Column:
    """The column, dropped if every row has a value of its own, of which nothing can be learned."""
    profile = column.profile
    if profile.num_present > 20 and profile.num_distinct == profile.num_present:
        return replace(column, role="dropped", why="every row has a value of its own")
    return column


def _as_time(profile: Profile, corrections: Corrections) -> Column:
    """The column as times.

    Raises:
        TableError: its values are none, or say nothing of their zone.
    """
    name, is_told = profile.name, profile.name == corrections.time
    if profile.stored == "time":
        return Column(name, "time", "times", profile, "time")
    if profile.stored == "text" and profile.all_times:
        return Column(name, "time", "dates or times", profile, "time")
    unit = corrections.time_unit if is_told else None
    unit = unit or _unit_of(profile)
    if profile.all_numbers and profile.all_whole:
        if unit is None:
            raise TableError(f"--time {name}: say the unit of its numbers: --time-unit s, ms, us or none")
        return Column(name, "time", f"whole numbers of {unit}", profile, "time", time_unit=unit)
    raise TableError(
        f"--time {name}: its values are neither dates as 2024-01-31, with a time or not, nor whole numbers"
    )


def _separator_of(profile: Profile) -> str | None:
    """What stands between several values in a text; none if it is one value."""
    if profile.distinct is None:
        return None
    for separator in _SEPARATORS:
        with_it = int(pc.sum(pc.match_substring(profile.distinct, separator)).as_py() or 0)
        if with_it * 4 < len(profile.distinct):
            continue
        pieces = pc.list_flatten(pc.split_pattern(profile.distinct, separator))
        kinds = len(pc.unique(pieces))
        spaced = separator == "," and bool(pc.any(pc.match_substring(profile.distinct, ", ")).as_py())
        # Pieces that come again and again are values; sentences are cut into pieces that do not.
        if not spaced and kinds * 2 <= len(pieces) and kinds < len(profile.distinct):
            return separator
    return None


def has_decimal_commas(profile: Profile) -> bool:
    """Every value is a number, if its comma is taken for the decimal mark; some have one."""
    if profile.stored != "text" or profile.sample is None or not len(profile.sample):
        return False
    numbers = pc.match_substring_regex(profile.sample, _COMMA_NUMBER)
    return bool(pc.all(numbers).as_py()) and bool(pc.any(pc.match_substring(profile.sample, ",")).as_py())


def comma_hint(profile: Profile) -> str:
    """What to say to have numbers with decimal commas read; empty where they are none."""
    return "; if their commas are decimal marks, `--decimal ,` says so" if has_decimal_commas(profile) else ""


def _unit_of(profile: Profile) -> str | None:
    """The unit of Unix times; none if the numbers are none of 1990 to 2100."""
    low, high = profile.smallest, profile.largest
    if low is None or high is None or not profile.all_whole:
        return None
    return next((unit for unit, (first, last) in _EPOCHS.items() if first <= low and high <= last), None)


def fits_whole(profile: Profile) -> bool:
    """Every value is a whole number, and one that a double holds."""
    return profile.all_whole and not profile.some_inexact and not profile.some_too_large


def _is_too_large(profile: Profile) -> bool:
    """Its values are whole numbers by their type, and the kind of whole numbers does not hold them."""
    return profile.all_whole and profile.some_too_large


def _kind_of_items(profile: Profile) -> Kind | None:
    """The kind of the values in lists; none if they are no categories."""
    if profile.stored in ("text", "flag"):
        return profile.stored
    if profile.stored == "time" or not profile.all_whole or _is_too_large(profile):
        return None
    return "whole"


def _kind_of_category(profile: Profile) -> Kind:
    if profile.stored == "flag":
        return "flag"
    # As they are written, 007 and 7 are two codes.
    return "whole" if _holds_whole(profile) and not profile.some_zero_first else "text"


def _holds_whole(profile: Profile) -> bool:
    """Every value is a whole number of 64 bits."""
    if profile.smallest is None or profile.largest is None or not profile.all_whole:
        return False
    if profile.stored == "text":
        # Numbers so large are known as doubles, which may be of one that 64 bits do not hold.
        return profile.smallest > -END_OF_WHOLE and profile.largest < END_OF_WHOLE
    return not profile.some_too_large


def _kind_of_values(profile: Profile) -> Kind:
    """The kind of a column that is no feature."""
    if profile.stored == "flag" or (profile.stored == "text" and profile.num_present and profile.all_bools):
        return "flag"
    if profile.stored == "time":
        return "time"
    if not profile.all_numbers or not profile.num_present or profile.stored == "other":
        return "text"
    return "real" if not profile.all_whole else _kind_of_category(profile)


def label_of(columns: Mapping[str, Column]) -> Label:
    """The label, where the user names none: the one column of two values that is called like one.

    Raises:
        TableError: there is no such column, or there are several.
    """
    found = [
        name
        for name, column in columns.items()
        if _LABELS.match(name) and column.profile.num_distinct == 2 and not column.profile.is_list
    ]
    if len(found) == 1:
        return Label(found[0], task_name(found[0]))
    several = f"; it may be {' or '.join(found)}" if found else ""
    raise TableError(f"which column is the label? Name it: --label COLUMN, or --label 'COLUMN>=4'{several}")


def resolved_label(label: Label, column: Column) -> Label:
    """The label with what makes a row positive, where the column's values do not say it themselves.

    Raises:
        TableError: the values do not say it, and the user neither.
    """
    profile = column.profile
    if label.at_least is not None or label.equals is not None or label.is_number:
        return label
    if column.kind == "flag" or ((profile.smallest, profile.largest) in ((0, 1), (0, 0), (1, 1)) and profile.all_whole):
        return label
    if profile.num_distinct > 2 or profile.distinct is None:
        raise TableError(
            f"--label {label.column}: it has {profile.num_distinct} values; say which are positive, as in "
            f"--label '{label.column}>=4' or --label '{label.column}=yes', or --label {label.column}:number to predict "
            "the number"
        )
    if profile.all_numbers and profile.largest is not None:
        return replace(label, at_least=profile.largest)
    raise TableError(
        f"--label {label.column}: its two values are no 0 and 1; say which is positive, as in "
        f"--label '{label.column}=yes'"
    )
