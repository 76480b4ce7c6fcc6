"""Whether a recipe contradicts itself: rules refuse that, and nobody has checked them in a recipe that is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rankspec.data.v1 import recipe_pb2 as pb
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.positions import is_whole_list

_NUMBERS = frozenset({pb.RAW_KIND_INT64, pb.RAW_KIND_FLOAT64, pb.RAW_KIND_TIME})
_IDS = frozenset({pb.RAW_KIND_TEXT, pb.RAW_KIND_INT64, pb.RAW_KIND_BOOL})
# The kinds of columns that each kind of feature reads.
_READ = {
    "number": _NUMBERS,
    "binned": _NUMBERS,
    "category": _IDS,
    "hashed": _IDS,
    "flag": frozenset({pb.RAW_KIND_BOOL}),
}
_MOST_PLACES = 1024


def check_soundness(recipe: pb.Recipe) -> None:
    """Makes sure that encoding by a recipe cannot but give what it says.

    Raises:
        EncodingError: `recipe.damaged`, about the first column or feature that something is wrong with.
    """
    for column, problem in _problems(recipe):
        raise EncodingError("recipe.damaged", problem, column)


def _problems(recipe: pb.Recipe) -> Iterator[tuple[str, str]]:
    counts = Counter(column.name for column in recipe.columns)
    for column in recipe.columns:
        if counts[column.name] > 1:
            yield column.name, "the recipe lists the column twice"
        if column.kind == pb.RAW_KIND_UNSPECIFIED:
            yield column.name, "the recipe does not say what the column holds"
        if column.HasField("separator") and not column.separator:
            yield column.name, "the recipe separates values by nothing"
        if column.HasField("time_unit_micros") and column.time_unit_micros < 1:
            yield column.name, "the recipe's time_unit_micros is no unit of time"
    columns = {column.name: column for column in recipe.columns}
    for feature in recipe.features:
        yield from _problems_of(feature, columns, recipe.semantics)


def _problems_of(feature: pb.Feature, columns: dict[str, pb.RawColumn], semantics: int) -> Iterator[tuple[str, str]]:
    kind = feature.WhichOneof("kind")
    if kind is None:
        yield "", f"the recipe does not say what {feature.name} is"
        return
    spec = getattr(feature, kind)
    column = columns.get(spec.column)
    takes_lists = "list" in spec.DESCRIPTOR.fields_by_name and spec.HasField("list")
    if column is None or column.kind not in _READ[kind] or column.list != takes_lists:
        yield spec.column, f"the recipe lists no column that {feature.name} could read"
    # Without a width all values of a list are kept; that came with semantics 2.
    is_whole = takes_lists and is_whole_list(spec) and semantics >= 2
    if takes_lists and not is_whole and not 1 <= spec.list.width <= _MOST_PLACES:
        yield spec.column, f"the recipe gives {feature.name} {spec.list.width} places, not 1 to {_MOST_PLACES}"
    if kind == "hashed" and spec.num_buckets < 1:
        yield spec.column, f"the recipe has no buckets for {feature.name}"
