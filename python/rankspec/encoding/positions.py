"""What is at each place of the vectors that a recipe makes: its name, how many ids it has, and which vocabulary."""

from __future__ import annotations

from dataclasses import dataclass

from rankspec.data.v1 import recipe_pb2 as pb
from rankspec.encoding.vocabulary import FIRST


@dataclass(frozen=True)
class Position:
    """A place of a vector.

    Attributes:
        name: the feature's name; of a missing flag, with `.missing` behind it; of a list's place, with its number.
        feature: the feature's name alone.
        num_ids: of a discrete one, its ids: each is below this; None for others.
        vocabulary: the file of its values; None if there is none.
    """

    name: str
    feature: str
    num_ids: int | None = None
    vocabulary: str | None = None


@dataclass(frozen=True)
class Positions:
    """The places of the three vectors, in their order.

    Attributes:
        continuous: of numbers.
        binary: of flags.
        discrete: of ids.
        lists: the lists of ids, which are in no vector but columns of their own, called as the features.
    """

    continuous: list[Position]
    binary: list[Position]
    discrete: list[Position]
    lists: list[Position]


def positions(recipe: pb.Recipe) -> Positions:
    """The places of the vectors that a fitted recipe makes."""
    places = Positions([], [], [], [])
    for feature in recipe.features:
        kind = feature.WhichOneof("kind")
        if kind == "number":
            places.continuous.append(Position(feature.name, feature.name))
            _add_missing(feature.name, places, is_wanted=feature.number.missing_flag)
        elif kind == "flag":
            places.binary.append(Position(feature.name, feature.name))
            _add_missing(feature.name, places, is_wanted=feature.flag.missing_flag)
        elif kind == "binned":
            places.discrete.append(Position(feature.name, feature.name, len(feature.binned.fitted.edges) + 2))
        elif kind == "category":
            fitted = feature.category.fitted
            file = fitted.file if fitted.HasField("file") else None
            _add_ids(feature.name, feature.category, fitted.num_values + FIRST, file, places)
        elif kind == "hashed":
            _add_ids(feature.name, feature.hashed, feature.hashed.num_buckets + 1, None, places)
    return places


def _add_missing(name: str, places: Positions, *, is_wanted: bool) -> None:
    if is_wanted:
        places.binary.append(Position(f"{name}.missing", name))


def _add_ids(
    name: str, spec: pb.CategoryFeature | pb.HashedFeature, num_ids: int, file: str | None, places: Positions
) -> None:
    if is_whole_list(spec):
        places.lists.append(Position(name, name, num_ids, file))
    elif spec.HasField("list"):
        places.discrete.extend(Position(f"{name}.{place}", name, num_ids, file) for place in range(spec.list.width))
    else:
        places.discrete.append(Position(name, name, num_ids, file))


def column_of(feature: pb.Feature) -> str:
    """The raw column that a feature reads."""
    column: str = getattr(feature, str(feature.WhichOneof("kind"))).column
    return column


def is_whole_list(spec: pb.CategoryFeature | pb.HashedFeature) -> bool:
    """Whether all ids of a list are kept, as a list, and not some of them at places of their own."""
    return spec.HasField("list") and not spec.list.HasField("width")
