"""Bundles of imported tables score raw rows, by the recipe that they carry."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rankspec.data.v1.recipe_pb2 import Recipe
from rankspec.serving.v1.bundle_pb2 import BundleManifest
from tests.scoring.tampering import edited, relisted

import rankspec
from rankspec import scoring
from rankspec.cli import main

pytestmark = pytest.mark.slow

_ROWS = 900


def _table() -> pa.Table:
    source = np.random.default_rng(0)
    income = np.where(source.random(_ROWS) < 0.2, np.nan, source.lognormal(8, 1, _ROWS))
    tags = [list(source.permutation(["eco", "new", "sale"])[: source.integers(3)]) for _ in range(_ROWS)]
    return pa.table(
        {
            "customer": [f"c{number}" for number in source.integers(0, 400, _ROWS)],
            "income": pa.array(income, from_pandas=True),
            "city": source.choice(["Köln", "Bonn", "Ulm"], _ROWS),
            "tags": pa.array(tags, pa.list_(pa.string())),
            "member": source.random(_ROWS) < 0.5,
            "remark": [f"visitor number {number} looked around for a while" for number in range(_ROWS)],
            "bought": (source.random(_ROWS) < 0.4).astype(np.int64),
        }
    )


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set, `set`, and the bundle of a run on it, `bundle`."""
    folder = tmp_path_factory.mktemp("raw")
    rankspec.import_table(_table(), folder / "set", label="bought", vectors="lists")
    config, run = str(folder / "set" / "config.textproto"), f"training.save_dir={folder / 'run'}"
    short = ["--set", run, "--set", "training.num_train_steps=2", "--set", "training.eval_log_every_n=2"]
    assert main(["train", config, *short, "--set", "training.checkpoint_every_n=2"]) == 0
    assert main(["export", str(folder / "run"), "-o", str(folder / "bundle")]) == 0
    return folder


def test_raw_rows_score_as_the_stored_ones_bit_by_bit(imported: Path) -> None:
    with scoring.open(imported / "bundle") as scorer:
        raw = scorer.score_raw(_table())["bought"]
        stored = [_stored_scores(scorer, part) for part in sorted((imported / "set").glob("*-00.parquet"))]

    assert len(np.unique(raw)) > _ROWS / 2
    np.testing.assert_array_equal(np.sort(raw), np.sort(np.concatenate(stored)))


def _stored_scores(scorer: scoring.Scorer, part: Path) -> np.ndarray:
    table = pq.read_table(part)
    columns = {
        item.name: table[item.name].to_pylist()
        if item.list
        else np.array(
            table[item.name].to_pylist(), np.float32 if item.HasField("non_finite_value") else np.int64
        ).reshape(-1, item.width)
        for item in scorer.manifest.signature.inputs
    }
    return scorer.score(columns, scorer.signature_hash)["bought"]


def test_the_example_of_the_page_runs(imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs/serving.md").read_text()
    example = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)[1]
    (imported / "build" / "bundles").mkdir(parents=True)
    (imported / "build" / "bundles" / "visits").symlink_to(imported / "bundle")
    monkeypatch.chdir(imported)

    found: dict[str, Any] = {}
    exec(example, found)  # noqa: S102 - the page's own

    assert found["scores"]["bought"].shape == (2,)


def test_forms_orders_and_pieces_of_raw_rows_make_no_difference(imported: Path) -> None:
    table = _table()
    names = list(reversed(table.column_names))
    in_pieces = pa.concat_tables([table.slice(0, 100), table.slice(100)])
    with scoring.open(imported / "bundle") as scorer:
        right = scorer.score_raw(table)["bought"]
        for rows in (table.select(names), in_pieces, table.to_pydict(), table.drop_columns(["bought", "remark"])):
            np.testing.assert_array_equal(scorer.score_raw(rows)["bought"], right)
        one = scorer.score_raw({name: values[:1] for name, values in table.to_pydict().items()})["bought"]
        np.testing.assert_allclose(one, right[:1], atol=1e-6)
        assert len(scorer.score_raw(table.slice(0, 0))["bought"]) == 0


_Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "code", "column", "row"),
    [
        pytest.param(lambda rows: rows.pop("city"), "COLUMN_MISSING", "city", None, id="absent"),
        pytest.param(lambda rows: rows.update(city=[1.5] * 3), "COLUMN_TYPE", "city", None, id="type"),
        pytest.param(lambda rows: rows.update(city=["a", 17, None]), "COLUMN_TYPE", "city", None, id="types"),
        pytest.param(lambda rows: rows.update(income=["1", "secret", "2"]), "VALUE_INVALID", "income", 1, id="value"),
        pytest.param(lambda rows: rows.update(tags=[[]] * 2), "ROWS_MISMATCH", "tags", None, id="rows"),
    ],
)
def test_raw_rows_that_the_recipe_cannot_read_are_refused(
    imported: Path, change: _Change, code: str, column: str, row: int | None
) -> None:
    rows = _table().slice(0, 3).to_pydict()
    change(rows)

    with scoring.open(imported / "bundle") as scorer, pytest.raises(scoring.ScoringError) as caught:
        scorer.score_raw(rows)

    assert (caught.value.code, caught.value.input, caught.value.row) == (code, column, row)
    assert "secret" not in str(caught.value)


def _recipe(change: Callable[[Recipe], object]) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        file = folder / "recipe.binpb"
        recipe = Recipe.FromString(file.read_bytes())
        change(recipe)
        file.write_bytes(recipe.SerializeToString())

    return relisted(spoil)


def _vocabulary(folder: Path) -> Path:
    return next(folder.glob("_vocabulary*"))


def _fitted_to_another_vocabulary(folder: Path) -> None:
    file = _vocabulary(folder)
    file.write_bytes(file.read_bytes().replace(b"c1", b"d1", 1))


def _without_vocabulary(folder: Path) -> None:
    name = _vocabulary(folder).name
    (folder / name).unlink()
    _unlisted(name)(folder)


def _unlisted(*names: str) -> Callable[[Path], object]:
    def unlist(manifest: BundleManifest) -> None:
        kept = [file for file in manifest.files if file.name not in names]
        del manifest.files[:]
        manifest.files.extend(kept)

    return edited(unlist)


def _without_recipe(folder: Path) -> None:
    names = ("recipe.binpb", _vocabulary(folder).name)
    for name in names:
        (folder / name).unlink()
    _unlisted(*names)(folder)
    edited(lambda manifest: manifest.ClearField("recipe_file"))(folder)


def _unfitted_feature(recipe: Recipe) -> None:
    next(feature for feature in recipe.features if feature.HasField("category")).category.ClearField("fitted")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        pytest.param(_recipe(lambda recipe: recipe.ClearField("fitted")), "RECIPE_UNFITTED", id="unfitted"),
        pytest.param(_recipe(_unfitted_feature), "RECIPE_UNFITTED", id="a feature unfitted"),
        pytest.param(_recipe(lambda recipe: setattr(recipe, "semantics", 3)), "RECIPE_UNKNOWN", id="semantics"),
        pytest.param(_recipe(lambda recipe: recipe.features.pop()), "RECIPE_INVALID", id="a feature less"),
        pytest.param(_recipe(lambda recipe: recipe.features.reverse()), "RECIPE_INVALID", id="another order"),
        pytest.param(_recipe(lambda recipe: recipe.ClearField("columns")), "RECIPE_INVALID", id="no columns"),
        pytest.param(
            relisted(lambda folder: (folder / "recipe.binpb").write_bytes(b"\xff")), "RECIPE_INVALID", id="garbage"
        ),
        pytest.param(relisted(_fitted_to_another_vocabulary), "VOCABULARY_INVALID", id="another vocabulary"),
        pytest.param(_without_vocabulary, "VOCABULARY_INVALID", id="no vocabulary"),
        pytest.param(_without_recipe, "RECIPE_MISSING", id="no recipe"),
    ],
)
def test_a_recipe_that_is_not_right_is_refused_by_name(
    imported: Path, tmp_path: Path, spoil: Callable[[Path], object], code: str
) -> None:
    shutil.copytree(imported / "bundle", tmp_path / "bundle")
    spoil(tmp_path / "bundle")

    with scoring.open(tmp_path / "bundle") as scorer, pytest.raises(scoring.ScoringError) as caught:
        scorer.score_raw(_table())

    assert caught.value.code == code


def test_export_refuses_a_recipe_of_another_data_set(
    imported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(imported / "set", tmp_path / "set")
    file = tmp_path / "set" / "_recipe.binpb"
    recipe = Recipe.FromString(file.read_bytes())
    recipe.features.pop()
    file.write_bytes(recipe.SerializeToString())
    schema = f"train_data.seg_dense_schema.schema_path={tmp_path / 'set' / 'schema.json'}"

    status = main(["export", str(imported / "run"), "--set", schema, "-o", str(tmp_path / "bundle")])

    assert status == 1
    assert "does not make what the model takes" in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()


def test_verify_reads_the_recipe_too(imported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bundle", "verify", str(imported / "bundle")]) == 0
    assert "takes raw rows, with columns customer, income, city, tags, member" in capsys.readouterr().out

    manifest = (imported / "bundle" / "manifest.binpb").read_bytes()
    listed = {file.name: file.sha256 for file in BundleManifest.FromString(manifest).files}
    vocabulary = _vocabulary(imported / "set")
    assert listed[vocabulary.name] == hashlib.sha256(vocabulary.read_bytes()).hexdigest()
