"""A table becomes a data set that trains: the same one, whatever form, order and parts it comes in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rankspec.data.v1.statistics_pb2 import DataStatistics
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.import_tables import Row, as_arrow, as_csv, rows, write_all, write_csv

import rankspec
from rankspec.checking.check import check
from rankspec.cli import main
from rankspec.datasets.importing import importer
from rankspec.datasets.importing.corrections import parse_split
from rankspec.datasets.importing.door import open_table
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.importer import Imported
from rankspec.datasets.importing.later import encode_later_rows
from rankspec.datasets.importing.one_machine import OneMachine
from rankspec.datasets.importing.table import import_table
from rankspec.datasets.vectors import list_type, matrix_of
from rankspec.families.recap.input_signature import input_signature

PARTS = ("train", "validation", "test")


def contents(folder: Path, *without: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.name not in without}


def part(folder: Path, name: str) -> pa.Table:
    return pa.concat_tables(pq.read_table(file) for file in sorted(folder.glob(f"{name}-*.parquet")))


def all_rows(folder: Path) -> pa.Table:
    return pa.concat_tables(part(folder, name) for name in PARTS)


def names_in(folder: Path, column: str) -> list[str]:
    (entry,) = (e for e in json.loads((folder / "schema.json").read_text())["schema"] if e["feature_name"] == column)
    names: list[str] = entry["names"]
    return names


def values_of(folder: Path, table: pa.Table, vector: str, name: str) -> list[float]:
    dtype = np.float32 if vector == "continuous" else np.int64
    return matrix_of(table[vector], dtype)[:, names_in(folder, vector).index(name)].tolist()


def shuffled(table: list[Row], seed: int) -> list[Row]:
    return [table[index] for index in np.random.default_rng(seed).permutation(len(table))]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    folder = tmp_path_factory.mktemp("import")
    return import_table(write_csv(folder / "t.csv", rows()), folder / "set", label="bought")


# The data set


def test_files_are_all_there_and_nothing_else(imported: Imported) -> None:
    assert set(contents(imported.folder)) == {
        "_recipe.binpb",
        "_recipe.textproto",
        "config.textproto",
        "schema.json",
        "statistics.textproto",
        *(f"{name}-00.parquet" for name in PARTS),
    }
    assert not [path for path in imported.folder.parent.iterdir() if path.name.startswith(".")]


def test_every_row_is_in_one_part_and_later_ones_in_later_parts(imported: Imported) -> None:
    times = {name: part(imported.folder, name)["seen_at"].to_pylist() for name in PARTS}
    assert sum(map(len, times.values())) == len(rows())
    assert max(times["train"]) < min(times["validation"])
    assert max(times["validation"]) < min(times["test"])
    assert [round(len(times[name]) / len(rows()), 1) for name in PARTS] == [0.8, 0.1, 0.1]


def test_values_are_those_of_the_table(imported: Imported) -> None:
    by_time = {row["seen_at"]: row for row in rows()}
    stored = all_rows(imported.folder)
    found = [row for _, row in sorted(by_time.items())]
    order = np.argsort(stored["seen_at"].to_numpy())
    ages = np.array(values_of(imported.folder, stored, "continuous", "age"))[order]
    assert ages.tolist() == [row["age"] for row in found]
    missing = np.array(values_of(imported.folder, stored, "binary", "income.missing"))[order]
    assert missing.tolist() == [int(row["income"] is None) for row in found]
    incomes = np.array(values_of(imported.folder, stored, "continuous", "income"))[order]
    for income, row in zip(incomes, found, strict=True):
        if row["income"] is not None:
            assert income == np.float32(row["income"])
    assert np.unique(incomes[missing == 1]).size == 1
    assert np.array(stored["bought"])[order].tolist() == [row["bought"] for row in found]


def test_schema_names_every_place_and_how_many_ids_it_has(imported: Imported) -> None:
    entries = {e["feature_name"]: e for e in json.loads((imported.folder / "schema.json").read_text())["schema"]}
    assert entries["continuous"]["names"] == ["age", "income"]
    assert entries["binary"]["names"] == ["income.missing", "premium"]
    ids = dict(zip(entries["discrete"]["names"], entries["discrete"]["sizes"], strict=True))
    assert list(ids) == ["user_id", "age_bin", "city", "zip", "order_id"]
    assert ids["city"] == 3 + 2
    largest = matrix_of(all_rows(imported.folder)["discrete"], np.int64).max(0)
    assert (largest < np.array(entries["discrete"]["sizes"])).all()
    assert entries["tags"] == {
        "feature_name": "tags",
        "dtype": "int64_list",
        "length": -1,
        "names": ["tags"],
        "sizes": [imported.fitted.recipe.features[5].category.fitted.num_values + 2],
    }
    lists = all_rows(imported.folder)["tags"]
    assert lists.type == list_type()
    assert {len(ids) for ids in lists.to_pylist()} >= {0, 1, 2}


def test_statistics_are_those_of_the_training_part(imported: Imported) -> None:
    loaded = check([str(imported.folder / "statistics.textproto")], message="rankspec.data.v1.DataStatistics")
    assert loaded.ok
    assert isinstance(loaded.message, DataStatistics)
    (column,) = loaded.message.columns
    values = matrix_of(part(imported.folder, "train")["continuous"], np.float32).astype(np.float64)
    logarithms = np.sign(values) * np.log1p(np.abs(values))
    assert [place.log_mean for place in column.places] == pytest.approx(logarithms.mean(0).tolist(), rel=1e-12)
    assert [place.num_finite for place in column.places] == [len(values)] * 2


def test_recipe_is_fitted_to_the_training_part(imported: Imported) -> None:
    recipe = imported.fitted.recipe
    assert recipe.fitted.num_rows == len(rows())
    assert recipe.fitted.num_fit_rows == part(imported.folder, "train").num_rows


# The same, whatever comes


def test_order_and_parts_of_rows_change_nothing(imported: Imported, tmp_path: Path) -> None:
    table = shuffled(rows(), 1)
    pieces = [
        write_csv(tmp_path / "z.csv", table[:50]),
        write_csv(tmp_path / "a.csv", table[50:300]),
        write_csv(tmp_path / "m.csv", table[300:]),
    ]
    for name, parts in (("one", pieces), ("two", pieces[::-1])):
        import_table(parts, tmp_path / name, label="bought")
        assert contents(tmp_path / name, "config.textproto") == contents(imported.folder, "config.textproto")


def test_every_form_gives_the_same_files(imported: Imported, tmp_path: Path) -> None:
    for path in write_all(tmp_path, rows()):
        import_table(path, tmp_path / path.suffix[1:], label="bought")
        assert contents(tmp_path / path.suffix[1:], "config.textproto") == contents(
            imported.folder, "config.textproto"
        ), path.name


def test_tables_of_python_give_the_same_files(imported: Imported, tmp_path: Path) -> None:
    table = as_arrow(rows())
    sources = {"table": table, "reader": table.to_reader(33), "views": table.cast(_with_views(table.schema))}
    for name, source in sources.items():
        import_table(source, tmp_path / name, label="bought")
        assert contents(tmp_path / name, "config.textproto") == contents(imported.folder, "config.textproto"), name


def _with_views(schema: pa.Schema) -> pa.Schema:
    """The schema with text as other engines hand it over."""
    return pa.schema([f.with_type(pa.large_string()) if pa.types.is_string(f.type) else f for f in schema])


def test_files_are_cut_and_sorted_alike_in_small_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "_FILE_BYTES", 8000)
    table = rows()
    import_table(write_csv(tmp_path / "t.csv", table), tmp_path / "one", label="bought")
    assert len(list((tmp_path / "one").glob("train-*.parquet"))) > 2
    table = shuffled(table, 2)
    import_table(write_csv(tmp_path / "u.csv", table), tmp_path / "two", label="bought")
    assert contents(tmp_path / "one", "config.textproto") == contents(tmp_path / "two", "config.textproto")
    assert all_rows(tmp_path / "one").num_rows == len(table)


def test_rows_of_one_key_are_sorted_by_what_is_in_them(tmp_path: Path) -> None:
    table = [{"k": index // 2, "n": index, "bought": index % 3 % 2} for index in range(60)]
    for name in ("one", "two"):
        import_table(
            write_csv(tmp_path / f"{name}.csv", table), tmp_path / name, label="bought", key=["k"], split="50/50/0"
        )
        table.reverse()
    assert contents(tmp_path / "one", "config.textproto") == contents(tmp_path / "two", "config.textproto")


def test_another_seed_gives_another_split(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", rows())
    folders = {}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        import_table(path, tmp_path / name, label="bought", time="", seed=seed, key=["seen_at"])
        folders[name] = part(tmp_path / name, "test")["seen_at"].to_pylist()
    assert folders["a"] == folders["b"] != folders["c"]


# Splits


def test_no_group_is_in_two_parts(tmp_path: Path) -> None:
    made = import_table(
        write_csv(tmp_path / "t.csv", rows()), tmp_path / "set", label="bought", group="user_id", time=""
    )
    groups = [set(part(tmp_path / "set", name)["user_id"].to_pylist()) for name in PARTS]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 40
    assert made.found.num_groups == len(groups[0])
    assert "user_id" not in names_in(tmp_path / "set", "discrete")
    assert not [warning for warning in made.warnings if "groups" in warning]


def test_groups_that_come_again_are_warned_of(tmp_path: Path) -> None:
    made = import_table(write_csv(tmp_path / "t.csv", rows()), tmp_path / "set", label="bought", group="user_id")
    (warning,) = [warning for warning in made.warnings if "groups" in warning]
    assert warning.startswith('"user_id": ')


def test_a_group_of_text_is_kept_and_hashed(tmp_path: Path) -> None:
    import_table(write_csv(tmp_path / "t.csv", rows()), tmp_path / "set", label="bought", group="zip")
    stored = all_rows(tmp_path / "set")
    pairs = set(zip(stored["zip"].to_pylist(), stored["zip.hash"].to_pylist(), strict=True))
    assert len(pairs) == len(set(stored["zip"].to_pylist())) == len(set(stored["zip.hash"].to_pylist()))
    assert stored["zip.hash"].type == pa.int64()


def test_rows_of_numbers_alone_are_split_at_random(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    table = [{"a": a, "b": b, "label": int(a > b)} for a, b in source.random((2000, 2)).tolist()]
    made = import_table(write_csv(tmp_path / "t.csv", table), tmp_path / "set")
    assert 150 < made.found.num_rows["test"] < 250


@pytest.mark.parametrize(("split", "names"), [("80/20/0", PARTS[:2]), ("60/20/20", PARTS)])
def test_shares_are_as_said(tmp_path: Path, split: str, names: Sequence[str]) -> None:
    made = import_table(write_csv(tmp_path / "t.csv", rows()), tmp_path / "set", label="bought", split=split)
    assert list(made.found.num_rows) == list(names)
    shares = [share / 1000 for share in parse_split(split) if share]
    found = [num_rows / len(rows()) for num_rows in made.found.num_rows.values()]
    assert found == pytest.approx(shares, abs=0.03)


# The config


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"label": "bought"}, id="by-time"),
        pytest.param({"label": "bought", "group": "user_id", "time": ""}, id="by-group"),
        pytest.param({"label": "bought", "time": "", "vectors": "lists"}, id="at-random"),
        pytest.param({"label": ["bought", "age>=50"], "group": "zip"}, id="two-labels"),
        pytest.param({"label": "age:number"}, id="regression"),
        pytest.param({"label": "city=Ulm", "group": "user_id", "group_as_feature": True}, id="text-label"),
    ],
)
def test_config_is_free_of_mistakes_and_reads_the_data(tmp_path: Path, said: dict[str, Any]) -> None:
    import_table(write_csv(tmp_path / "t.csv", rows()), tmp_path / "set", **said)
    loaded = check([str(tmp_path / "set/config.textproto")])
    assert [d.message for d in loaded.diagnostics] == []
    assert isinstance(loaded.message, RecapConfig)
    floats = [name for name, task in loaded.message.model.tasks.items() if task.kind == 2]
    inputs = input_signature(loaded.message.train_data, "train_data", float_labels=floats)
    widths = {item.name: item.width for item in inputs}
    tables = loaded.message.model.small_embeddings.tables
    assert widths["discrete"] == sum(not table.HasField("list") for table in tables)
    assert [table.list.input for table in tables if table.HasField("list")] == [i.name for i in inputs if i.is_list]


def test_so_many_places_of_lists_as_are_asked_for(tmp_path: Path) -> None:
    made = import_table(write_csv(tmp_path / "t.csv", rows()), tmp_path / "set", label="bought", places={"tags": 2})
    entries = {e["feature_name"]: e for e in json.loads((made.folder / "schema.json").read_text())["schema"]}
    assert {"tags.0", "tags.1"} <= set(entries["discrete"]["names"])
    assert "tags" not in entries
    assert made.fitted.recipe.semantics == 1
    with pytest.raises(TableError, match="--places city: a row has one value there"):
        import_table(write_csv(tmp_path / "t.csv", rows()), tmp_path / "other", label="bought", places={"city": 2})


@pytest.mark.slow
def test_config_trains_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import_table(write_csv(tmp_path / "t.csv", rows()), tmp_path / "set", label="bought")
    assert main(["train", str(tmp_path / "set/config.textproto")]) == 0
    lines = (tmp_path / "set/run/metrics.jsonl").read_text().splitlines()
    last = [json.loads(line) for line in lines if json.loads(line)["split"] == "validation"][-1]
    assert last["auroc/bought"] > 0.6
    capsys.readouterr()


# What is told and refused


def test_rows_without_a_label_are_left_out_and_counted(tmp_path: Path) -> None:
    table = rows()
    for row in table[::10]:
        row["bought"] = None
    made = import_table(write_csv(tmp_path / "t.csv", table), tmp_path / "set", label="bought")
    assert sum(made.found.num_rows.values()) == 360
    assert '40 of 400 rows have no label ("bought") and are left out' in made.notes


def test_a_column_that_gives_the_label_away_is_warned_of(tmp_path: Path) -> None:
    table = rows()
    for index, row in enumerate(table):
        row["paid"] = round(row["bought"] * 10 + index % 7 / 10, 2)
        row["state"] = f"{'paid' if row['bought'] else 'open'} {index % 3}"
    made = import_table(write_csv(tmp_path / "t.csv", table), tmp_path / "set", label="bought")
    told = {warning.split('"')[1] for warning in made.warnings if "almost alone" in warning}
    assert {"paid", "state"} <= told <= {"paid", "paid_bin", "state"}


@pytest.mark.parametrize("option", ["categorical", "drop", "key"])
def test_one_column_is_said_as_several_are(tmp_path: Path, option: str) -> None:
    table = write_csv(tmp_path / "t.csv", rows())
    name = "order_id" if option == "key" else "city"
    one, several = {option: name}, {option: [name]}
    alone = import_table(table, tmp_path / "alone", label="bought", **one)  # type: ignore[arg-type] # by its name
    listed = import_table(table, tmp_path / "listed", label="bought", **several)  # type: ignore[arg-type] # by its name
    assert alone.fitted.recipe == listed.fitted.recipe


def with_decimal_commas(path: Path) -> Path:
    """A table whose separator and decimal mark are commas, so that the file does not tell what is meant."""
    table = [row | {"price": f"{index % 9},{index % 7}5"} for index, row in enumerate(rows())]
    return write_csv(path, table)


def test_lists_that_look_like_numbers_are_warned_of(tmp_path: Path) -> None:
    table = with_decimal_commas(tmp_path / "t.csv")
    taken = import_table(table, tmp_path / "guessed", label="bought")
    assert any(warning.startswith('"price" looks like numbers with decimal commas') for warning in taken.warnings)
    said = import_table(table, tmp_path / "said", label="bought", multi={"price": ","})
    assert not [warning for warning in said.warnings if '"price"' in warning]


def test_numbers_with_decimal_commas_that_are_asked_for_are_told_how(tmp_path: Path) -> None:
    table = with_decimal_commas(tmp_path / "t.csv")
    with pytest.raises(TableError, match=r"--numeric price: not all .*`--decimal ,`"):
        import_table(table, tmp_path / "feature", label="bought", numeric=["price"])
    with pytest.raises(TableError, match=r"--label price: not all .*`--decimal ,`"):
        import_table(table, tmp_path / "label", label="price:number")


@pytest.mark.parametrize("scale", [0.01, 1.0, 300.0])
def test_a_number_beside_other_labels_weighs_one_over_its_variance(tmp_path: Path, scale: float) -> None:
    table = [row | {"spent": scale * (0.5 + row["bought"] * (index % 5) / 4)} for index, row in enumerate(rows())]
    both = import_table(write_csv(tmp_path / "t.csv", table), tmp_path / "both", label=["bought", "spent:number"])
    towers = rankspec.load(both.folder / "config.textproto").message.model.tasks
    variance = np.var(np.asarray(part(both.folder, "train")["spent"], np.float64))
    assert towers["spent"].loss_weight == float(f"{1 / variance:.1e}")
    assert towers["spent"].loss_weight == pytest.approx(1 / variance, rel=0.05)
    assert not towers["bought"].HasField("loss_weight")
    assert "# from the label's variance" in (both.folder / "config.textproto").read_text()
    assert any(note.startswith('"spent": loss_weight in the config') for note in both.notes)
    assert not [warning for warning in both.warnings if '"spent"' in warning]
    assert check(both.folder / "config.textproto").ok


@pytest.mark.parametrize(("labels", "spent"), [("spent:number", 300.0), (["bought", "spent:number"], 0.0)])
def test_a_number_alone_or_of_one_value_is_not_weighed(tmp_path: Path, labels: str | list[str], spent: float) -> None:
    table = [row | {"spent": spent * (index % 5)} for index, row in enumerate(rows())]
    made = import_table(write_csv(tmp_path / "t.csv", table), tmp_path / "set", label=labels)
    assert "loss_weight" not in (made.folder / "config.textproto").read_text()
    assert not [note for note in made.notes if "loss_weight" in note]


def test_a_number_far_from_0_begins_with_a_loss_of_10_and_is_warned_of(tmp_path: Path) -> None:
    table = [row | {"year": 1990 + index % 20} for index, row in enumerate(rows())]
    made = import_table(write_csv(tmp_path / "t.csv", table), tmp_path / "set", label=["bought", "year:number"])
    weight = rankspec.load(made.folder / "config.textproto").message.model.tasks["year"].loss_weight
    years = np.asarray(part(made.folder, "train")["year"], np.float64)
    assert weight * np.mean(years**2) == pytest.approx(10, rel=0.05)
    assert any(warning.startswith('"year" lies far from 0') for warning in made.warnings)


def test_positives_alone_are_warned_of(tmp_path: Path) -> None:
    table = [row | {"bought": 1} for row in rows()]
    made = import_table(write_csv(tmp_path / "t.csv", table), tmp_path / "set", label="bought")
    assert next(w for w in made.warnings if "positives only" in w).startswith('"bought": the train part')


def test_columns_that_are_left_out_are_warned_of(imported: Imported) -> None:
    told = [warning for warning in imported.warnings if "left out" in warning]
    assert told == ['"note" is left out: free text', '"nothing" is left out: no row has a value']


def test_ids_none_of_which_comes_often_enough_are_left_out(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    table = pa.table(
        {
            "block_id": pa.array([number // 2 for number in range(2400)]),  # Each value twice, of 1,200.
            "kind": pa.array(source.choice(["a", "b"], 2400)),
            "label": pa.array(source.integers(0, 2, 2400)),
            "group": pa.array(source.integers(0, 300, 2400)),
        }
    )
    made = import_table(table, tmp_path / "made", label="label", group="group")

    assert names_in(made.folder, "discrete") == ["kind"]
    assert any(note.startswith('"block_id" is left out: none of its values comes as often as 5') for note in made.notes)
    assert check(made.folder / "config.textproto").ok
    later = encode_later_rows(open_table(table.drop_columns(["block_id"])), made.folder, tmp_path / "later")
    assert later.num_rows == 2400


def test_what_is_there_is_never_written_over(imported: Imported, tmp_path: Path) -> None:
    before = contents(imported.folder)
    with pytest.raises(TableError, match="is there"):
        import_table(write_csv(tmp_path / "t.csv", rows()), imported.folder, label="bought")
    assert contents(imported.folder) == before


def test_half_an_import_leaves_nothing(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", rows())

    def stop(_: str, __: int) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_planned_until_stopped(path, tmp_path / "set", stop)
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]


def import_planned_until_stopped(path: Path, output: Path, stop: Any) -> None:
    from rankspec.datasets.importing.corrections import Corrections, parse_label

    plan = importer.planned(OneMachine(open_table(path)), Corrections(labels=(parse_label("bought"),)))
    importer.import_planned(OneMachine(open_table(path), stop), plan, output)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        pytest.param("boght", 'no column "boght"; did you mean "bought"', id="misspelt"),
        pytest.param("city", "say which are positive", id="three-values"),
        pytest.param("city>=1", "not all of its values are numbers", id="text-above"),
        pytest.param("nothing", "positive", id="empty"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, label: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        import_table(write_csv(tmp_path / "t.csv", rows()), tmp_path / "set", label=label)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("a,label\n", "no rows", id="header-alone"),
        pytest.param("a,label\nx,1\nx,0\n", "no column is left", id="nothing-to-learn-from"),
        pytest.param("a,label\n1,1\n2,0\n3,1\n", "part has no rows", id="too-few"),
        pytest.param("continuous,b,label\n1,2,1\n2,3,0\n", "would be called", id="name-of-a-vector"),
    ],
)
def test_tables_of_which_nothing_can_be_made_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    key = ["continuous"] if "continuous" in content else []
    with pytest.raises(TableError, match=message):
        import_table(tmp_path / "t.csv", tmp_path / "set", key=key)
    assert not (tmp_path / "set").exists()


# Later rows


def test_later_rows_are_encoded_as_the_first_were(imported: Imported, tmp_path: Path) -> None:
    table = rows()
    later = encode_later_rows(open_table(write_csv(tmp_path / "t.csv", table)), imported.folder, tmp_path / "later")
    assert later.labels == ("bought",)
    found = pq.read_table(tmp_path / "later/rows-00.parquet")
    assert found["seen_at"].to_pylist() == sorted(found["seen_at"].to_pylist())
    stored = all_rows(imported.folder)
    stored = stored.take(pa.array(np.argsort(stored["seen_at"].to_numpy())))
    assert found.equals(stored)


def test_later_rows_need_no_labels(imported: Imported, tmp_path: Path) -> None:
    table = [{name: value for name, value in row.items() if name != "bought"} for row in rows(30, seed=5)]
    table[3]["city"] = "Trier"
    later = encode_later_rows(open_table(write_csv(tmp_path / "t.csv", table)), imported.folder, tmp_path / "later")
    assert (later.num_rows, later.labels) == (30, ())
    found = pq.read_table(tmp_path / "later/rows-00.parquet")
    assert "bought" not in found.column_names
    assert values_of(tmp_path / "later", found, "discrete", "city")[3] == 1


def test_values_of_carried_text_may_be_missing_in_some_batches_only(tmp_path: Path) -> None:
    made = import_table(as_arrow(rows()), tmp_path / "set", label="bought", group="zip")
    whole, gaps = rows(20, seed=5), rows(20, seed=6)
    gaps[3]["zip"] = None
    table = pa.concat_tables([as_arrow(whole), as_arrow(gaps)])

    encode_later_rows(open_table(table), made.folder, tmp_path / "later")

    found = pq.read_table(tmp_path / "later/rows-00.parquet")
    assert found["zip"].to_pylist() == [row["zip"] for row in (*whole, *gaps)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"age": None}, 'no column "age"', id="absent"),
        pytest.param({"age": "old"}, r't\.csv:4: "age": a value is to be', id="other-kind"),
    ],
)
def test_later_rows_that_do_not_fit_are_refused(
    imported: Imported, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    table = rows(10, seed=5)
    for name, value in change.items():
        if value is None:
            for row in table:
                del row[name]
        else:
            table[2][name] = value
    with pytest.raises(TableError, match=message):
        encode_later_rows(open_table(write_csv(tmp_path / "t.csv", table)), imported.folder, tmp_path / "later")
    assert not (tmp_path / "later").exists()


def test_a_folder_without_a_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="_recipe"):
        encode_later_rows(open_table(write_csv(tmp_path / "t.csv", rows(5))), tmp_path, tmp_path / "later")


# The verb


def test_verb_says_what_became_of_each_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_csv(tmp_path / "t.csv", rows())
    assert main(["data", "import", str(path), "-o", str(tmp_path / "set"), "--drop", "zip"]) == 0
    lines = capsys.readouterr().out.splitlines()
    becomes = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert becomes["age"].startswith("number, ids by value numbers, 62 different values")
    assert becomes["zip"] == "nothing --drop -"
    assert becomes["bought"] == "label of bought 0 or 1 -"
    assert lines[-1] == f"rankspec train {tmp_path / 'set/config.textproto'}"


def test_a_plan_that_is_written_can_be_changed_and_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, plan = write_csv(tmp_path / "t.csv", rows()), tmp_path / "plan.textproto"
    assert main(["data", "import", str(path), "--label", "bought", "--plan", str(plan)]) == 0
    assert main(["data", "import", str(path), "--recipe", str(plan), "-o", str(tmp_path / "same")]) == 0
    assert main(["data", "import", str(path), "--label", "bought", "-o", str(tmp_path / "set")]) == 0
    assert contents(tmp_path / "same", "config.textproto") == contents(tmp_path / "set", "config.textproto")
    plan.write_text(plan.read_text().replace("min_count: 1", "min_count: 0"))
    capsys.readouterr()
    assert main(["data", "import", str(path), "--recipe", str(plan), "-o", str(tmp_path / "wrong")]) == 1
    assert "plan.textproto:" in capsys.readouterr().err


def test_private_shows_no_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = rows()
    table[7]["age"] = "SECRET-7"
    path = write_csv(tmp_path / "t.csv", table)
    arguments = ["data", "import", str(path), "--label", "bought", "-o"]
    assert main([*arguments, str(tmp_path / "open")]) == 0
    assert "SECRET" in capsys.readouterr().out
    assert main([*arguments, str(tmp_path / "private"), "--private"]) == 0
    told = capsys.readouterr()
    assert "SECRET" not in told.out + told.err
    later = rows(5)
    later[1]["premium"] = "SECRET-8"
    write_csv(tmp_path / "later.csv", later)
    again = ["data", "import", str(tmp_path / "later.csv"), "--like", str(tmp_path / "open"), "-o"]
    assert main([*again, str(tmp_path / "o1")]) == 1
    assert "SECRET-8" in capsys.readouterr().err
    assert main([*again, str(tmp_path / "o2"), "--private"]) == 1
    assert "SECRET" not in capsys.readouterr().err


def test_verb_takes_csv_as_it_is_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = rows()
    text = as_csv(table, delimiter="~", quotechar="'").split("\n", 1)[1]
    (tmp_path / "t.txt").write_bytes(text.encode("latin-1"))
    said = ["--delimiter", "~", "--quote", "'", "--encoding", "latin-1", "--no-header", "--columns", ",".join(table[0])]
    command = ["data", "import", str(tmp_path / "t.txt"), "--label", "bought", *said, "-o", str(tmp_path / "set")]
    assert main(command) == 0
    import_table(write_csv(tmp_path / "t.csv", table), tmp_path / "plain", label="bought")
    assert contents(tmp_path / "set", "config.textproto") == contents(tmp_path / "plain", "config.textproto")
    capsys.readouterr()


def test_verb_wants_one_place_to_write_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "import", str(tmp_path / "t.csv")]) == 2
    assert "-o DIR" in capsys.readouterr().err


def test_what_is_wrong_with_a_table_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(rankspec.DataError, match="column_that_is_not_there") as raised:
        import_table(as_arrow(rows(50)), tmp_path / "set", label="column_that_is_not_there")

    assert isinstance(raised.value, TableError)
    assert raised.value.path == ""
    assert "column_that_is_not_there" in raised.value.message
