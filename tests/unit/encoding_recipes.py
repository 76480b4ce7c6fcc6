"""A recipe with every kind of feature, and rows for it."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from google.protobuf import text_format
from rankspec.data.v1.recipe_pb2 import Recipe

from rankspec.encoding.fitting import Fit, Fitted

RECIPE = """
semantics: 1
columns { name: "price" kind: RAW_KIND_FLOAT64 }
columns { name: "age" kind: RAW_KIND_INT64 }
columns { name: "shop" kind: RAW_KIND_TEXT }
columns { name: "tags" kind: RAW_KIND_TEXT list: true separator: "|" }
columns { name: "new" kind: RAW_KIND_BOOL }
columns { name: "at" kind: RAW_KIND_TIME time_unit_micros: 1000000 }
text { missing: "" missing: "NA" }
features { name: "price" number { column: "price" missing_flag: true clip {} standardize: true } }
features { name: "age" number { column: "age" fill_figure: FILL_FIGURE_MEDIAN } }
features { name: "age_id" binned { column: "age" distinct {} } }
features { name: "price_id" binned { column: "price" quantiles { num_bins: 8 } } }
features { name: "shop" category { column: "shop" min_count: 2 } }
features { name: "tags" category { column: "tags" list { width: 2 } } }
features { name: "shop_hash" hashed { column: "shop" num_buckets: 50 salt: "a" } }
features { name: "new" flag { column: "new" missing_flag: true } }
features { name: "at" number { column: "at" standardize: true } }
labels { task: "bought" column: "new" }
labels { task: "dear" column: "price" at_least: 5 }
labels { task: "paid" column: "price" }
labels { task: "north" column: "shop" equals: "north" }
split {
  parts { name: "train" per_mille: 800 }
  parts { name: "test" per_mille: 200 }
  key { columns: "shop" columns: "age" }
}
output { num_shards: 3 carried: "shop" carried: "tags" carried: "at" }
"""

Columns = Mapping[str, Sequence[Any]]


def recipe(text: str = RECIPE) -> Recipe:
    return text_format.Parse(text, Recipe())


def batch(columns: Columns) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(dict(columns))


def random_columns(num_rows: int, seed: int) -> dict[str, list[str | None]]:
    """Texts as a file has them."""
    draw = random.Random(seed)  # noqa: S311 — no secret

    def shop() -> str:
        return draw.choice(["north", "süd", "east", "west 1", f"s{draw.random()}"])

    def sometimes(value: str) -> str | None:
        return draw.choice([value, value, value, value, "NA", None])

    return {
        "price": [sometimes(f"{draw.lognormvariate(1, 2):.4g}") for _ in range(num_rows)],
        "age": [sometimes(str(draw.randint(-5, 90))) for _ in range(num_rows)],
        "shop": [sometimes(shop()) for _ in range(num_rows)],
        "tags": [sometimes("|".join(draw.choices("abcdé", k=draw.randint(0, 4)))) for _ in range(num_rows)],
        "new": [sometimes(draw.choice(["0", "1", "true"])) for _ in range(num_rows)],
        "at": [sometimes(str(draw.randint(0, 2**31))) for _ in range(num_rows)],
    }


def rows_of(columns: Columns, places: Sequence[int]) -> dict[str, list[Any]]:
    """The rows at places."""
    return {name: [values[place] for place in places] for name, values in columns.items()}


def fitted(columns: Columns, text: str = RECIPE) -> Fitted:
    """A recipe, fitted to columns."""
    fit = Fit(recipe(text))
    try:
        fit.add(fit.reader.read(batch(columns)))
        return fit.finish("test")
    finally:
        fit.close()
