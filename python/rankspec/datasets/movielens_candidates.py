"""What a user of MovieLens-100K could be shown: every film that the user has not rated, as a model takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rankspec.datasets.movielens_features import build_features, split_rows
from rankspec.datasets.movielens_formats import MovieLensTables


@dataclass(frozen=True)
class Candidates:
    """The films that a user has not rated.

    Attributes:
        user: Published user id.
        titles: Of the films, `[C]`.
        inputs: `continuous`, `binary` and `discrete` of the pairs of user and film, `[C, width]` by name.
    """

    user: int
    titles: tuple[str, ...]
    inputs: dict[str, NDArray[Any]]


def candidates(tables: MovieLensTables, users: Sequence[int]) -> list[Candidates]:
    """The films that some users have not rated, with the features that rows outside the training part have.

    Args:
        tables: The data set.
        users: Published user ids.
    """
    unrated = [np.flatnonzero(~np.isin(tables.items, tables.item_ids[tables.user_ids == user])) for user in users]
    lengths = [len(films) for films in unrated]
    films, owners = np.concatenate(unrated), np.repeat(np.asarray(users), lengths)
    num_rated = len(tables.ratings)
    with_pairs = replace(
        tables,
        user_ids=np.append(tables.user_ids, owners),
        item_ids=np.append(tables.item_ids, tables.items[films]),
        # Nobody's stars: outcomes are taken from the training part alone.
        ratings=np.append(tables.ratings, np.zeros_like(films)),
    )
    features = build_features(with_pairs, split_rows(tables.timestamps))
    inputs = {name: getattr(features, name)[num_rated:] for name in ("continuous", "binary", "discrete")}
    ends = np.cumsum([0, *lengths])
    return [
        Candidates(
            user,
            tuple(tables.titles[film] for film in of_user),
            {name: values[start:stop] for name, values in inputs.items()},
        )
        for user, of_user, start, stop in zip(users, unrated, ends[:-1], ends[1:], strict=True)
    ]
