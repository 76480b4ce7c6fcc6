"""Bundles of imported tables, which carry the recipe that makes inputs of raw rows.

`python -m tests.scoring.imported` writes the ones that every language's own tests open anew.
"""

from __future__ import annotations

import io
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import torch
from google.protobuf import text_format
from rankspec.data.v1.recipe_pb2 import Recipe
from tests.conformance.derive_encoding import BERLIN

import rankspec
from rankspec.cli import main

EXAMPLE = Path(__file__).parent / "example_raw_bundle"
LISTS_EXAMPLE = Path(__file__).parent / "example_raw_lists_bundle"
_ROWS = 900
_CITIES = ("Köln", "Bonn", "Ulm")
# Every kind of column and of feature, vocabularies in the recipe and beside it, and texts in the place of values.
_RECIPE = f"""
semantics: 2
columns {{ name: "price" kind: RAW_KIND_FLOAT64 }}
columns {{ name: "amount" kind: RAW_KIND_INT64 }}
columns {{ name: "shop" kind: RAW_KIND_TEXT }}
columns {{ name: "code" kind: RAW_KIND_TEXT }}
columns {{ name: "tags" kind: RAW_KIND_TEXT list: true separator: "|" }}
columns {{ name: "seen" kind: RAW_KIND_INT64 list: true }}
columns {{ name: "member" kind: RAW_KIND_BOOL }}
columns {{ name: "at" kind: RAW_KIND_TIME time_unit_micros: 1000000 {BERLIN} }}
columns {{ name: "answer" kind: RAW_KIND_TEXT }}
text {{ missing: "" missing: "NA" }}
features {{ name: "code" category {{ column: "code" }} }}
features {{ name: "price" number {{ column: "price" missing_flag: true clip {{}} standardize: true }} }}
features {{ name: "price bin" binned {{ column: "price" quantiles {{ num_bins: 9 }} }} }}
features {{ name: "amount" number {{ column: "amount" fill_constant: 2.5 }} }}
features {{ name: "amount id" category {{ column: "amount" min_count: 2 }} }}
features {{ name: "shop" hashed {{ column: "shop" num_buckets: 50 salt: "s" }} }}
features {{ name: "tags" category {{ column: "tags" list {{ width: 3 }} }} }}
features {{ name: "seen" hashed {{ column: "seen" num_buckets: 77 list {{ width: 2 }} }} }}
features {{ name: "all_tags" category {{ column: "tags" list {{}} }} }}
features {{ name: "all_seen" hashed {{ column: "seen" num_buckets: 40 salt: "l" list {{}} }} }}
features {{ name: "member" flag {{ column: "member" missing_flag: true }} }}
features {{ name: "at" number {{ column: "at" standardize: true }} }}
labels {{ task: "bought" column: "answer" equals: "yes" }}
split {{
  parts {{ name: "train" per_mille: 800 }} parts {{ name: "validation" per_mille: 200 }}
  time {{ column: "at" round_to_micros: 1000000 }}
}}
"""
# Of the visits: lists of ids of both kinds, which are kept whole.
_LISTS_RECIPE = """
semantics: 2
columns { name: "customer" kind: RAW_KIND_TEXT }
columns { name: "income" kind: RAW_KIND_FLOAT64 }
columns { name: "tags" kind: RAW_KIND_TEXT list: true }
columns { name: "member" kind: RAW_KIND_BOOL }
columns { name: "bought" kind: RAW_KIND_INT64 }
features { name: "income" number { column: "income" standardize: true } }
features { name: "member" flag { column: "member" } }
features { name: "tags" category { column: "tags" list {} } }
features { name: "tag_buckets" hashed { column: "tags" num_buckets: 7 list {} } }
labels { task: "bought" column: "bought" }
split { parts { name: "train" per_mille: 800 } parts { name: "validation" per_mille: 200 } key { columns: "customer" } }
"""


class Imported(NamedTuple):
    """A kind of bundle of an imported table.

    Attributes:
        table: makes the raw rows.
        recipe: what becomes of each column, as text. None: what the import takes the columns for.
        label: what is predicted; the recipe says it where there is one.
    """

    table: Callable[[], pa.Table]
    recipe: str | None = None
    label: str = ""


def visits(num_rows: int = _ROWS) -> pa.Table:
    """Visits to a shop, some of which end with a purchase."""
    draw = random.Random(0)  # noqa: S311 — no secret
    rows = [
        {
            "customer": f"c{draw.randrange(400)}",
            "income": None if draw.random() < 0.2 else draw.lognormvariate(8, 1),
            "city": draw.choice(_CITIES),
            "tags": draw.sample(["eco", "new", "sale"], draw.randrange(3)),
            "member": draw.random() < 0.5,
            "remark": f"visitor number {number} looked around for a while",
            "bought": int(draw.random() < 0.4),
        }
        for number in range(num_rows)
    ]
    return pa.Table.from_pylist(rows)


def orders(num_rows: int = _ROWS) -> pa.Table:
    """Orders as texts and numbers, with gaps, for a recipe of every kind of feature."""
    draw = random.Random(1)  # noqa: S311 — no secret

    def row() -> dict[str, Any]:
        made = {
            "price": f"{draw.lognormvariate(3, 2):.4g}",
            "amount": draw.randint(1, 9),
            "shop": f"shop {draw.randrange(99)}",
            "code": f"é{draw.randrange(500):03}",
            "tags": "|".join(draw.choices(["eco", "new", "NA", "sale"], k=draw.randrange(5))),
            "seen": [draw.choice([None, draw.randint(-9, 9)]) for _ in range(draw.randrange(4))],
            "member": draw.choice(["true", "false", "1", "0"]),
            "at": f"2024-0{draw.randint(1, 9)}-{draw.randint(10, 28)}T0{draw.randint(0, 9)}:30",
        }
        given = {name: None if draw.random() < 0.1 else value for name, value in made.items()}
        return given | {"answer": draw.choice(["yes", "no"])}

    return pa.Table.from_pylist([row() for _ in range(num_rows)])


IMPORTED = {
    "imported": Imported(visits, label="bought"),
    "imported_by_recipe": Imported(orders, recipe=_RECIPE),
}


def make_imported(kind: Imported, folder: Path, work: Path) -> None:
    """Imports, trains and exports.

    Args:
        kind: what.
        folder: the bundle's place.
        work: an existing folder, for the data set, `set_NAME`, and the run.
    """
    data, save_dir = work / f"set_{folder.name}", work / f"run_{folder.name}"
    recipe = text_format.Parse(kind.recipe, Recipe()) if kind.recipe else None
    rankspec.import_table(kind.table(), data, label=kind.label or (), recipe=recipe, vectors="lists")
    changes = (f"training.save_dir={save_dir}", *(f"training.{name}=2" for name in _STEPS))
    _run("train", data / "config.textproto", *(word for one in changes for word in ("--set", one)))
    _run("export", save_dir, "-o", folder)


def _run(*arguments: str | Path) -> None:
    """Runs a verb, whose output is for who looks into its failure."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = main([str(argument) for argument in arguments])
    assert status == 0, said.getvalue()


_STEPS = ("num_train_steps", "eval_log_every_n", "checkpoint_every_n")


def _write_examples() -> None:
    examples = {EXAMPLE: IMPORTED["imported"], LISTS_EXAMPLE: Imported(visits, recipe=_LISTS_RECIPE)}
    for folder, kind in examples.items():
        shutil.rmtree(folder, ignore_errors=True)
        with tempfile.TemporaryDirectory() as work:
            make_imported(kind, folder, Path(work))
        sys.stdout.write(f"{folder}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    _write_examples()
