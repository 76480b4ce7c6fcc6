"""Fitting gives the same bytes whatever the pieces and their order, and what plain Python computes."""

import math
import random
import statistics
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rankspec.data.v1.recipe_pb2 import NumberFitting
from tests.conformance.derive_encoding import recipe_of
from tests.unit.encoding_recipes import RECIPE, batch, fitted, random_columns, recipe, rows_of

from rankspec.encoding.columns import FLOAT32_END
from rankspec.encoding.counts import SCHEMA, Counts, most_frequent
from rankspec.encoding.encoder import Encoder
from rankspec.encoding.errors import EncodingError
from rankspec.encoding.fitting import Fit, divided_by_time, midway
from rankspec.encoding.histogram import Histogram, HistogramSums
from rankspec.encoding.positions import positions
from rankspec.encoding.trackers import TimeTracker

COLUMNS = random_columns(500, 1)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**20), num_parts=st.integers(1, 9))
def test_parts_in_any_order_give_the_same_bytes(seed: int, num_parts: int) -> None:
    draw = random.Random(seed)  # noqa: S311 — no secret
    places = draw.sample(range(500), 500)
    states = []
    for part in range(num_parts):
        # Some go through files, which the whole does not.
        fit = Fit(recipe(), most_in_memory=draw.choice([3, 10_000]))
        fit.add(fit.reader.read(batch(rows_of(COLUMNS, places[part::num_parts]))))
        states.append(fit.state())
        fit.close()
    merged = Fit(recipe())
    merged.merge(draw.sample(states, num_parts))

    found = merged.finish("test")
    merged.close()

    assert found.recipe.SerializeToString(deterministic=True) == _WHOLE.recipe.SerializeToString(deterministic=True)
    assert found.vocabularies == _WHOLE.vocabularies


_WHOLE = fitted(COLUMNS)


def _number(values: list[float | None], settings_: str = "") -> NumberFitting:
    feature = f'number {{ column: "x" {settings_} }}'
    spec = recipe_of('columns { name: "x" kind: RAW_KIND_FLOAT64 }', feature, fitted=False)
    fit = Fit(spec)
    fit.add(fit.reader.read(pa.RecordBatch.from_arrays([pa.array(values, pa.float64())], ["x"])))
    fit.close()
    return fit.finish().recipe.features[0].number.fitted


_FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=32)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), _FLOATS), max_size=30))
def test_moments_are_the_exact_ones_rounded(values: list[float | None]) -> None:
    there = [Fraction(value) for value in values if value is not None and abs(value) < FLOAT32_END]

    found = _number(values)

    mean = sum(there, Fraction(0)) / max(len(there), 1)
    variance = sum((value - mean) ** 2 for value in there) / max(len(there), 1)
    assert found.mean == found.fill == float(mean)
    assert found.inverse_deviation == (0 if not variance else pytest.approx(1 / math.sqrt(variance), rel=1e-15))
    missing = sum(value is None for value in values)
    assert (found.num_values, found.num_missing) == (len(there), missing)
    assert found.num_not_finite == len(values) - len(there) - missing


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=200), st.floats(0, 0.4))
def test_bounds_are_just_outside_the_quantiles(values: list[float], share: float) -> None:
    found = _number(list(values), f"clip {{ low_quantile: {share!r} high_quantile: {1 - share!r} }}")

    low = np.quantile(values, share, method="lower")
    high = np.quantile(values, 1 - share, method="higher")
    # Subnormal numbers are in wide buckets.
    tiny = 1e-40
    assert found.low <= low <= high <= found.high
    assert low - found.low <= abs(low) * 0.008 + tiny
    assert found.high - high <= abs(high) * 0.008 + tiny


def test_median_and_quantiles_are_near() -> None:
    draw = random.Random(5)  # noqa: S311
    values = [draw.lognormvariate(0, 3) * draw.choice([1, -1]) for _ in range(2001)]

    found = _number(list(values), "fill_figure: FILL_FIGURE_MEDIAN")

    assert found.fill == pytest.approx(statistics.median(values), rel=0.008)
    assert len(found.quantiles) == 17
    assert list(found.quantiles) == pytest.approx(sorted(values)[::125], rel=0.008)


def test_constant_fill_is_kept_and_all_missing_is_zero() -> None:
    assert _number([None, 2.0], "fill_constant: -7.5").fill == -7.5
    empty = _number([None, None], "clip {} standardize: true")
    assert (empty.fill, empty.mean, empty.inverse_deviation, len(empty.quantiles)) == (0, 0, 0, 0)
    assert (empty.low, empty.high) == (-math.inf, math.inf)


def test_one_value_becomes_zero() -> None:
    found = _number([0.1, 0.1], "standardize: true")

    assert found.inverse_deviation == 0


def test_values_beyond_float32_are_not_finite() -> None:
    found = _number([FLOAT32_END, -1e308, math.nextafter(FLOAT32_END, 0)])

    assert (found.num_values, found.num_not_finite) == (1, 2)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=40))
def test_distinct_numbers_have_ids_of_their_own(values: list[float]) -> None:
    spec = recipe_of('columns { name: "x" kind: RAW_KIND_FLOAT64 }', 'binned { column: "x" distinct {} }', fitted=False)
    fit = Fit(spec)
    small = [value for value in values if abs(value) < 1e38]
    fit.add(fit.reader.read(pa.RecordBatch.from_arrays([pa.array([*small, 1.0])], ["x"])))
    found = fit.finish()
    fit.close()
    encoder = Encoder(found.recipe, {})

    wanted = sorted({value + 0.0 for value in [*small, 1.0]})
    rows = encoder.reader.read(pa.RecordBatch.from_arrays([pa.array(wanted)], ["x"]))
    assert encoder.encode(rows).discrete[:, 0].tolist() == list(range(1, len(wanted) + 1))


def test_edges_lie_between_neighbours() -> None:
    assert midway(1.0, 2.0) == 1.5
    assert midway(1.0, math.nextafter(1.0, 2.0)) == 1.0
    assert midway(-1e308, 1.5e308) == 0.25e308
    assert midway(1.5e308, 1.7e308) == pytest.approx(1.6e308)


def test_too_many_distinct_numbers_are_an_error_or_left_out() -> None:
    columns = random_columns(50, 3) | {"age": [str(place) for place in range(50)]}
    text = RECIPE.replace("distinct {}", "distinct { max_values: 20 }").replace("800", "1000").replace("200", "0")

    with pytest.raises(EncodingError, match="column age: age_id has more than 20 distinct values; let quantiles"):
        fitted(columns, text)
    left = fitted(columns, text.replace("max_values: 20", "max_values: 20 optional: true"))

    assert left.left_out == ["age_id"]
    assert "age_id" not in [feature.name for feature in left.recipe.features]


def test_vocabulary_is_by_count_then_by_bytes() -> None:
    texts = ["b", "a", "c", "c", "\ufffd", "😀", "é", "é", "rare"]
    spec = recipe_of(
        'columns { name: "x" kind: RAW_KIND_TEXT }', 'category { column: "x" max_values: 6 }', fitted=False
    )
    fit = Fit(spec)
    fit.add(fit.reader.read(batch({"x": [*texts, None]})))
    found = fit.finish().recipe.features[0].category.fitted
    fit.close()

    # U+FFFD is before the emoji, as in UTF-8 and not as in UTF-16.
    assert list(found.values) == ["c", "é", "a", "b", "rare", "\ufffd"]
    assert (found.num_values, found.num_missing, found.num_rare) == (6, 1, 1)


@settings(max_examples=50, deadline=None)
@given(
    tables=st.lists(st.lists(st.text("abé", max_size=3), max_size=12), max_size=6),
    most_in_memory=st.integers(1, 8),
    min_count=st.integers(1, 3),
    most=st.integers(1, 5),
)
def test_counts_through_files_are_those_in_memory(
    tmp_path_factory: pytest.TempPathFactory, tables: list[list[str]], most_in_memory: int, min_count: int, most: int
) -> None:
    folder: Path = tmp_path_factory.mktemp("counts")
    counts = Counts(folder, "x", most_in_memory)
    for table in tables:
        counts.add(pa.table([[text.encode() for text in table], [1] * len(table)], schema=SCHEMA))

    values, num_rare = most_frequent(counts.tables(), min_count, most)

    plain = Counter(text for table in tables for text in table)
    frequent = sorted((t for t in plain if plain[t] >= min_count), key=lambda t: (-plain[t], t.encode()))[:most]
    assert values == frequent
    assert num_rare == sum(plain.values()) - sum(plain[text] for text in frequent)


def test_only_the_rows_of_the_fitted_part_count() -> None:
    fit = Fit(recipe())
    rows = fit.reader.read(batch(COLUMNS))
    in_train = np.flatnonzero(fit.divider.parts(rows) == 0)
    fit.close()

    one_part = RECIPE.replace("per_mille: 800", "per_mille: 1000").replace("per_mille: 200", "per_mille: 0")
    only = fitted(rows_of(COLUMNS, in_train.tolist()), one_part)

    assert 0 < len(in_train) < 500
    assert list(only.recipe.features) == list(_WHOLE.recipe.features)
    assert _WHOLE.recipe.fitted.num_rows == 500
    assert _WHOLE.recipe.fitted.num_fit_rows == len(in_train)


def test_state_of_another_recipe_is_refused() -> None:
    fit, other = Fit(recipe()), Fit(recipe_of('columns { name: "x" kind: RAW_KIND_INT64 }', 'number { column: "x" }'))
    state = other.state()

    with pytest.raises(EncodingError, match="the state is of another recipe"):
        fit.merge([state])
    fit.close()
    other.close()


def test_positions_name_every_place() -> None:
    places = positions(_WHOLE.recipe)
    encoder = Encoder(_WHOLE.recipe, _WHOLE.vocabularies)
    encoded = encoder.encode(encoder.reader.read(batch(COLUMNS)))

    assert [place.name for place in places.continuous] == ["price", "age", "at"]
    assert [place.name for place in places.binary] == ["price.missing", "new", "new.missing"]
    assert [place.name for place in places.discrete] == ["age_id", "price_id", "shop", "tags.0", "tags.1", "shop_hash"]
    assert encoded.discrete.shape[1] == len(places.discrete)
    for column, place in enumerate(places.discrete):
        assert place.num_ids is not None
        assert 0 <= encoded.discrete[:, column].min() <= encoded.discrete[:, column].max() < place.num_ids


@pytest.mark.parametrize(
    ("times", "starts"),
    [
        pytest.param([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [8_000_000], id="even"),
        pytest.param([0, 0, 0, 0, 0, 0, 0, 0, 9, 9], [9_000_000], id="ties_stay_together"),
    ],
)
def test_starts_of_parts_follow_from_their_shares(times: list[int], starts: list[int]) -> None:
    text = RECIPE.replace('key { columns: "shop" columns: "age" }', 'time { column: "at" round_to_micros: 1000000 }')
    counter = TimeTracker("at", 1_000_000)
    fit = Fit(recipe(text))
    counter.add(fit.reader.read(batch({"at": times})))
    fit.close()

    assert list(divided_by_time(recipe(text), counter).split.time.start_micros) == starts


def test_times_that_do_not_come_apart_are_an_error() -> None:
    text = RECIPE.replace('key { columns: "shop" columns: "age" }', 'time { column: "at" }')
    counter = TimeTracker("at", 3_600_000_000)
    counter.rows = {5: 100}

    with pytest.raises(EncodingError, match="2 parts do not come apart"):
        divided_by_time(recipe(text), counter)


def test_histogram_is_of_all_that_was_added_in_pieces() -> None:
    draw = np.random.default_rng(0)
    values = draw.standard_normal(300_000) * 10.0 ** draw.integers(-2, 3, 300_000)
    together, apart = HistogramSums(), HistogramSums()
    together.add(values)
    for piece in np.array_split(values, 7):
        apart.add(piece)

    assert Histogram(together).moments(-math.inf, math.inf) == Histogram(apart).moments(-math.inf, math.inf)
    assert (together.sums == apart.sums).all()
