"""The order of rows is a function of seed and data, and every row comes once an epoch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankspec.trainer.data.order import OrderSettings, RowOrder, permutation


def row_order(files: Sequence[Sequence[int]], **settings: int) -> RowOrder:
    return RowOrder(files, OrderSettings(**settings))


FILES = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=5).filter(
    lambda files: sum(map(sum, files)) > 0
)
ORDERS = st.builds(
    row_order,
    FILES,
    seed=st.integers(0, 2**63 - 1),
    shuffle_rows=st.integers(1, 60),
    mixed_files=st.integers(1, 6),
)


@settings(max_examples=60, deadline=None)
@given(ORDERS, st.integers(0, 3))
def test_every_row_comes_once_an_epoch(order: RowOrder, epoch: int) -> None:
    rows = order.rows(epoch * order.num_rows, (epoch + 1) * order.num_rows)
    assert sorted(rows.tolist()) == list(range(order.num_rows))


@settings(max_examples=60, deadline=None)
@given(ORDERS, st.data())
def test_any_part_of_the_stream_is_the_same_as_in_the_whole(order: RowOrder, data: st.DataObject) -> None:
    end = 3 * order.num_rows
    whole = order.rows(0, end)
    start = data.draw(st.integers(0, end))
    stop = data.draw(st.integers(start, end))
    assert order.rows(start, stop).tolist() == whole[start:stop].tolist()


@settings(max_examples=60, deadline=None)
@given(ORDERS, st.data())
def test_row_groups_of_the_windows_around_hold_all_rows(order: RowOrder, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, 2 * order.num_rows))
    stop = data.draw(st.integers(start + 1, 3 * order.num_rows))
    needed, _ = order.locate(order.rows(start, stop))
    assert set(needed.tolist()) <= set(order.row_groups(*order.windows_around(start, stop)))


@settings(max_examples=60, deadline=None)
@given(FILES, st.integers(0, 99), st.integers(2, 30))
def test_rows_are_shuffled_only_within_their_window(files: list[list[int]], seed: int, window: int) -> None:
    shuffled = row_order(files, seed=seed, shuffle_rows=window)
    whole = shuffled.rows(0, shuffled.num_rows)
    groups = shuffled.row_groups(0, shuffled.num_rows)
    bounds = np.cumsum([0, *(size for file in files for size in file)])
    in_sequence = np.concatenate([np.arange(bounds[group], bounds[group + 1]) for group in groups])
    for start in range(0, len(whole), window):
        assert set(whole[start : start + window].tolist()) == set(in_sequence[start : start + window].tolist())


@given(FILES, st.integers(0, 99))
def test_a_buffer_of_one_leaves_files_row_groups_and_rows_in_order(files: list[list[int]], seed: int) -> None:
    order = row_order(files, seed=seed, shuffle_rows=1, mixed_files=16)
    assert order.rows(0, order.num_rows).tolist() == list(range(order.num_rows))


def test_row_groups_are_mixed_within_the_given_number_of_files_only() -> None:
    order = row_order([[2] * 5] * 6, seed=3, shuffle_rows=2, mixed_files=2)
    files = [group // 5 for group in order.row_groups(0, order.num_rows)]
    thirds = [set(files[start : start + 10]) for start in (0, 10, 20)]
    assert [len(third) for third in thirds] == [2, 2, 2]
    assert set.union(*thirds) == set(range(6))
    assert any(files[start : start + 5] != [files[start]] * 5 for start in range(0, 30, 5))


def _digest(order: RowOrder, num_rows: int) -> str:
    """SHA-256 of the first row numbers of the stream, in hexadecimal."""
    return hashlib.sha256(order.rows(0, num_rows).astype("<i8").tobytes()).hexdigest()


@pytest.mark.parametrize("other", [{"seed": 2}, {"shuffle_rows": 51}, {"mixed_files": 1}], ids=lambda o: next(iter(o)))
def test_order_depends_on(other: dict[str, int]) -> None:
    files = [[20, 20]] * 4
    arguments = {"seed": 1, "shuffle_rows": 50, "mixed_files": 4}
    assert _digest(row_order(files, **arguments), 160) == _digest(row_order(files, **arguments), 160)
    assert _digest(row_order(files, **arguments), 160) != _digest(row_order(files, **(arguments | other)), 160)


def test_epochs_differ() -> None:
    order = row_order([[50], [50]], seed=0, shuffle_rows=100)
    epochs = [order.rows(start, stop).tolist() for start, stop in pairwise(range(0, 500, 100))]
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


def test_order_is_the_same_in_every_release() -> None:
    # Written down from a run: a checkpoint's place in the data means something only while these stay the same.
    assert permutation(8, 1, 2, 3).tolist() == [1, 3, 7, 5, 2, 0, 4, 6]
    order = row_order([[30, 30], [40]], seed=7, shuffle_rows=16, mixed_files=2)
    assert _digest(order, 250) == "601c117952acd25401f38e9b7427f90b3aba2f63670220566ba8a6a3b2dc4430"


def test_rows_spread_over_the_whole_data_when_the_buffer_holds_it() -> None:
    order = row_order([[500], [500]], seed=0, shuffle_rows=1000)
    places = order.rows(0, 1000)
    # Of a random permutation of n, the mean distance of a row from its place is n / 3 (its deviation here: 5).
    assert abs(float(np.abs(places - np.arange(1000)).mean()) - 1000 / 3) < 25


@settings(max_examples=60, deadline=None)
@given(FILES, st.integers(0, 60), st.integers(1, 60), st.integers(1, 20))
def test_part_of_the_rows_is_read(files: list[list[int]], first: int, most: int, window: int) -> None:
    sizes = [size for file in files for size in file]
    in_file_order = [(group, place) for group, size in enumerate(sizes) for place in range(size)]

    order = RowOrder(files, OrderSettings(3, window, first_row=first, max_rows=most))

    groups, places = order.locate(order.rows(0, order.num_rows))
    found = sorted(zip(groups.tolist(), places.tolist(), strict=True))
    assert found == in_file_order[first : first + most]
