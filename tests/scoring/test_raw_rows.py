"""Bundles of imported tables score raw rows, by the recipe that they carry."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rankspec.data.v1.recipe_pb2 import Recipe
from rankspec.serving.v1.bundle_pb2 import BundleManifest
from tests.scoring.imported import IMPORTED, make_imported, visits
from tests.scoring.recipe_tampering import RECIPE_TAMPERINGS, vocabulary_of

from rankspec import scoring
from rankspec.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set, `set`, and the bundle of a run on it, `bundle`."""
    folder = tmp_path_factory.mktemp("raw")
    make_imported(IMPORTED["imported"], folder / "bundle", folder)
    return folder


def test_raw_rows_score_as_the_stored_ones_bit_by_bit(imported: Path) -> None:
    with scoring.open(imported / "bundle") as scorer:
        raw = scorer.score_raw(visits())["bought"]
        stored = [_stored_scores(scorer, part) for part in sorted((imported / "set_bundle").glob("*-00.parquet"))]

    assert len(np.unique(raw)) > len(raw) / 2
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
    table = visits()
    names = list(reversed(table.column_names))
    in_pieces = pa.concat_tables([table.slice(0, 100), table.slice(100)])
    with scoring.open(imported / "bundle") as scorer:
        right = scorer.score_raw(table)["bought"]
        for rows in (table.select(names), in_pieces, table.to_pydict(), table.drop_columns(["bought", "remark"])):
            np.testing.assert_array_equal(scorer.score_raw(rows)["bought"], right)
        one = scorer.score_raw({name: values[:1] for name, values in table.to_pydict().items()})["bought"]
        np.testing.assert_allclose(one, right[:1], atol=1e-6)
        assert len(scorer.score_raw(table.slice(0, 0))["bought"]) == 0


def test_where_pieces_end_makes_no_difference_to_what_is_refused(imported: Path) -> None:
    table = pa.table({name: visits()[name].slice(0, 4) for name in ("customer", "city", "tags")}).append_column(
        "income", pa.array(["1", "2", "3", "dear"])
    )
    table = table.append_column("member", pa.array(["maybe", "yes", "no", "no"]))
    in_pieces = pa.concat_tables([table.slice(0, 2), table.slice(2)])
    with scoring.open(imported / "bundle") as scorer:
        for rows in (table, in_pieces):
            with pytest.raises(scoring.ScoringError) as caught:
                scorer.score_raw(rows)
            assert (caught.value.code, caught.value.input, caught.value.row) == ("VALUE_INVALID", "income", 3)


_Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "code", "column", "row"),
    [
        pytest.param(lambda rows: rows.pop("city"), "COLUMN_MISSING", "city", None, id="absent"),
        pytest.param(lambda rows: rows.update(city=[1.5] * 3), "COLUMN_TYPE", "city", None, id="type"),
        pytest.param(lambda rows: rows.update(city=["a", 17, None]), "COLUMN_TYPE", "city", None, id="types"),
        pytest.param(lambda rows: rows.update(income=["1", "secret", "2"]), "VALUE_INVALID", "income", 1, id="value"),
        pytest.param(lambda rows: rows.update(city="Ulm"), "COLUMN_TYPE", "city", None, id="text-for-a-column"),
        pytest.param(
            lambda rows: rows.update(city=["a", "\ud83d", None]),
            "VALUE_INVALID",
            "city",
            1,
            id="half",
        ),
        pytest.param(
            lambda rows: rows.update(tags=[[], None, ["a", "\udc00"]]), "VALUE_INVALID", "tags", 2, id="half_in_a_list"
        ),
        pytest.param(lambda rows: rows.update(city=["\ud83d", 17, None]), "COLUMN_TYPE", "city", None, id="half_types"),
        pytest.param(lambda rows: rows.update(tags=[[]] * 2), "ROWS_MISMATCH", "tags", None, id="rows"),
    ],
)
def test_raw_rows_that_the_recipe_cannot_read_are_refused(
    imported: Path, change: _Change, code: str, column: str, row: int | None
) -> None:
    rows = visits().slice(0, 3).to_pydict()
    change(rows)

    with scoring.open(imported / "bundle") as scorer, pytest.raises(scoring.ScoringError) as caught:
        scorer.score_raw(rows)

    assert (caught.value.code, caught.value.input, caught.value.row) == (code, column, row)
    assert "secret" not in str(caught.value)


def test_tables_of_ids_name_the_vocabularies_of_the_recipe_which_are_there_once(imported: Path) -> None:
    with scoring.open(imported / "bundle") as scorer:
        named = [table.vocabulary_file for table in scorer.manifest.signature.id_tables]
        files = {file.name for file in scorer.manifest.files}
    vocabularies = {name for name in named if name}
    assert vocabularies
    assert vocabularies == {name for name in files if "vocabulary" in name}


def test_a_list_of_rows_is_told_how_to_become_a_table(imported: Path) -> None:
    rows = visits().slice(0, 3)

    with scoring.open(imported / "bundle") as scorer:
        with pytest.raises(TypeError, match="from_pylist"):
            scorer.score_raw(rows.to_pylist())
        assert len(scorer.score_raw(pa.Table.from_pylist(rows.to_pylist(), rows.schema))["bought"]) == 3


_NAIVE, _AWARE = datetime(2024, 1, 1, 5), datetime(2024, 1, 1, 5, tzinfo=UTC)  # noqa: DTZ001


@pytest.mark.parametrize(
    "times",
    [[date(2024, 1, 1), _NAIVE], [_NAIVE, _AWARE], [_AWARE, None, _NAIVE]],
    ids=["date_and_time", "zone_behind", "zone_before"],
)
def test_times_of_several_types_are_refused_and_not_cut_or_moved(imported: Path, times: list[Any]) -> None:
    rows = visits().slice(0, len(times)).to_pydict() | {"income": times}

    with scoring.open(imported / "bundle") as scorer, pytest.raises(scoring.ScoringError) as caught:
        scorer.score_raw(rows)

    assert str(caught.value) == "COLUMN_TYPE income: expected values of one type"


def test_who_gives_inputs_as_they_are_stored_needs_nothing_of_the_recipe(imported: Path, tmp_path: Path) -> None:
    shutil.copytree(imported / "bundle", tmp_path / "bundle")
    RECIPE_TAMPERINGS["unfitted"].spoil(tmp_path / "bundle")

    with scoring.open(imported / "bundle") as right, scoring.open(tmp_path / "bundle") as spoilt:
        part = imported / "set_bundle" / "test-00.parquet"
        np.testing.assert_array_equal(_stored_scores(spoilt, part), _stored_scores(right, part))


@pytest.mark.parametrize("name", RECIPE_TAMPERINGS)
def test_a_recipe_that_is_not_right_is_refused_by_name(imported: Path, tmp_path: Path, name: str) -> None:
    tampering = RECIPE_TAMPERINGS[name]
    shutil.copytree(imported / "bundle", tmp_path / "bundle")
    tampering.spoil(tmp_path / "bundle")

    with scoring.open(tmp_path / "bundle") as scorer, pytest.raises(scoring.ScoringError) as caught:
        scorer.score_raw(visits())

    assert (caught.value.number, caught.value.input) == (tampering.code, tampering.input)


def test_export_refuses_a_recipe_of_another_data_set(
    imported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(imported / "set_bundle", tmp_path / "set_bundle")
    file = tmp_path / "set_bundle" / "_recipe.binpb"
    recipe = Recipe.FromString(file.read_bytes())
    recipe.features.pop()
    file.write_bytes(recipe.SerializeToString())
    schema = f"train_data.seg_dense_schema.schema_path={tmp_path / 'set_bundle' / 'schema.json'}"

    status = main(["export", str(imported / "run_bundle"), "--set", schema, "-o", str(tmp_path / "bundle")])

    assert status == 1
    assert "does not make what the model takes" in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()


def test_verify_reads_the_recipe_too(imported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bundle", "verify", str(imported / "bundle")]) == 0
    assert "takes raw rows, with columns customer, income, city, tags, member" in capsys.readouterr().out

    manifest = (imported / "bundle" / "manifest.binpb").read_bytes()
    listed = {file.name: file.sha256 for file in BundleManifest.FromString(manifest).files}
    vocabulary = vocabulary_of(imported / "set_bundle")
    assert listed[vocabulary.name] == hashlib.sha256(vocabulary.read_bytes()).hexdigest()
