"""Predicting raw rows: encoded by the recipe of the data set, they get the very predictions of stored ones."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rankspec.data.v1.recipe_pb2 import Recipe
from tests.integration.trainer.runs import Runs, job_from
from tests.unit.import_tables import Row, as_arrow, as_csv, rows, write_all, write_csv

import rankspec
from rankspec.cli import main
from rankspec.datasets.importing.door import open_table
from rankspec.datasets.importing.later import encode_later_rows
from rankspec.schema.defaults import resolve
from rankspec.trainer.data_error import DataError
from rankspec.trainer.prediction import predicting
from rankspec.trainer.prediction.predicting import predict
from rankspec.trainer.program import RowSource
from rankspec.trainer.setup import Job

_RUN = {"training.num_train_steps": 4, "training.checkpoint_every_n": 4, "training.eval_log_every_n": 4}


def later_rows(num_rows: int = 60) -> list[Row]:
    """Rows as they come later: no labels, and categories that the first ones had not."""
    table = rows(num_rows, seed=9)
    for row in table:
        del row["bought"]
    table[7]["city"] = "Trier"
    return table


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set that was imported, with a trained run in its folder `run`; not to be written into."""
    folder = tmp_path_factory.mktemp("imported") / "shop"
    table = write_csv(folder.parent / "t.csv", rows())
    rankspec.import_table(table, folder, label="bought", group="user_id")
    with pytest.warns(UserWarning, match="within the ramp"):
        run = rankspec.Run(folder / "config.textproto", set=_RUN)
    assert run.train()
    return folder


def opened(shop: Path) -> rankspec.Run:
    with pytest.warns(UserWarning, match="within the ramp"):
        return rankspec.Run(shop / "config.textproto", set=_RUN)


def job(shop: Path) -> Job:
    return job_from(resolve(opened(shop).config))


@pytest.fixture(scope="module")
def encoded(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The later rows' file, as `rankspec data import --like` makes it."""
    folder = tmp_path_factory.mktemp("later")
    encode_later_rows(open_table(write_csv(folder / "t.csv", later_rows())), shop, folder / "set")
    return folder / "set/rows-00.parquet"


@pytest.fixture(scope="module")
def expected(shop: Path, encoded: Path) -> pa.Table:
    return opened(shop).predict(encoded)


class Stream:
    """A table of whatever else hands one over."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.jsonl", "t.parquet", "t.feather"])
def test_raw_rows_have_the_predictions_of_the_rows_that_import_makes_of_them(
    shop: Path, expected: pa.Table, tmp_path: Path, name: str
) -> None:
    for file in write_all(tmp_path, later_rows()):
        if file.name != name:
            file.unlink()
    if name == "t.csv.gz":
        (tmp_path / name).write_bytes(gzip.compress(as_csv(later_rows()).encode()))

    predict(job(shop), tmp_path / "scores.parquet", source=RowSource(inputs=(f"{tmp_path}/t.*",)))

    found = pq.read_table(tmp_path / "scores.parquet")
    assert found.equals(expected)
    assert found.column_names == ["user_id", "seen_at", "bought"]
    assert found["user_id"].to_pylist() == [row["user_id"] for row in later_rows()]
    assert found["seen_at"].to_pylist() == [datetime.fromisoformat(row["seen_at"]) for row in later_rows()]
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([name, "scores.parquet"])


def _frame(table: pa.Table) -> Any:
    """The table in pandas, where that is installed; nothing here needs it."""
    pytest.importorskip("pandas")
    return table.to_pandas()


@pytest.mark.parametrize(
    "form",
    [lambda table: table, pa.Table.to_reader, _frame, Stream],
    ids=["arrow", "reader", "pandas", "stream"],
)
def test_tables_of_python_are_raw_rows_too(
    shop: Path, expected: pa.Table, form: Callable[[pa.Table], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened(shop).predict(form(as_arrow(later_rows()))).equals(expected)

    # Of the file on the way nobody hears.
    said = capsys.readouterr().err
    assert "60 rows: bought\n" in said
    assert "/rankspec-" not in said


def test_encoded_rows_of_python_are_still_read_as_such(shop: Path, encoded: Path, expected: pa.Table) -> None:
    assert opened(shop).predict(pq.read_table(encoded)).equals(expected)


def test_stored_rows_have_times_too_and_missing_ones_are_null(shop: Path, encoded: Path) -> None:
    stored = pq.read_table(encoded)
    missing = pa.array([-1, *stored["seen_at"].to_pylist()[1:]])
    changed = stored.set_column(stored.column_names.index("seen_at"), "seen_at", missing)

    found = opened(shop).predict(changed)["seen_at"]

    assert found.type == pa.timestamp("us", "UTC")
    assert found.to_pylist()[:2] == [None, datetime.fromisoformat(later_rows()[1]["seen_at"])]


def test_parts_come_in_the_order_in_which_they_are_given(shop: Path, expected: pa.Table, tmp_path: Path) -> None:
    table = later_rows()
    parts = [write_csv(tmp_path / "z.csv", table[:25]), write_csv(tmp_path / "a.csv", table[25:])]

    assert opened(shop).predict(parts).equals(expected)


def test_lists_of_raw_rows_carry_any_column_of_the_table(
    shop: Path, expected: pa.Table, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "new.csv", later_rows())
    output = tmp_path / "lists.parquet"
    command = ["predict", str(shop / "config.textproto"), "-o", str(output), "--input", str(tmp_path / "new.csv")]
    options = ["--top", "2", "--by", "zip", "--rank-by", "bought", "--carry", "note,order_id,user_id"]

    assert main([*command, *options, *(f"--set={path}={value}" for path, value in _RUN.items())]) == 0

    scored = [row | {"bought": p} for row, p in zip(later_rows(), expected["bought"].to_pylist(), strict=True)]
    wanted = []
    for code in dict.fromkeys(row["zip"] for row in scored):
        best = sorted((row for row in scored if row["zip"] == code), key=lambda row: -row["bought"])[:2]
        # What the recipe does not carry is as it stands in the file, where all is text.
        names = ("note", "order_id", "user_id", "bought")
        wanted += [
            {"zip": code, "rank": rank} | {name: row[name] for name in names} | {"order_id": str(row["order_id"])}
            for rank, row in enumerate(best, 1)
        ]
    assert pq.read_table(output).to_pylist() == wanted
    assert f"the rows are raw, and are encoded by {shop / '_recipe.binpb'}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("column", "hint"), [("user_ids", 'did you mean "user_id"'), ("xyz", "they have .*user_id")], ids=["near", "far"]
)
def test_column_that_the_raw_rows_lack_is_told_by_its_name(shop: Path, tmp_path: Path, column: str, hint: str) -> None:
    table = write_csv(tmp_path / "new.csv", later_rows())
    with pytest.raises(DataError, match=f'^the raw rows have no column "{column}", which is to be carried; {hint}'):
        opened(shop).predict(table, carry=[column])
    with pytest.raises(DataError, match=f'^the raw rows have no column "{column}"'):
        opened(shop).predict(table, top=2, by=column)


def _copied(shop: Path, folder: Path) -> Path:
    """A copy of the data set and its run, which may be changed."""
    copied = folder / "shop"
    shutil.copytree(shop, copied, symlinks=True)
    config = (copied / "config.textproto").read_text().replace(str(shop), str(copied))
    (copied / "config.textproto").write_text(config)
    return copied


def _changed(change: Callable[[Row], Any]) -> Callable[[Path, Path], str]:
    def write(folder: Path, _shop: Path) -> str:
        table = later_rows()
        for row in table if change is _without_age else table[2:3]:
            change(row)
        return str(write_csv(folder / "new.csv", table))

    return write


def _without_age(row: Row) -> None:
    del row["age"]


def _without_recipe(folder: Path, shop: Path) -> str:
    (shop / "_recipe.binpb").unlink()
    return str(write_csv(folder / "new.csv", later_rows()))


def _recipe_of(**options: Any) -> Callable[[Path, Path], str]:
    def write(folder: Path, shop: Path) -> str:
        other = rankspec.import_table(write_csv(folder / "other.csv", rows(seed=3)), folder / "other", **options)
        for name in ("_recipe.binpb", "_recipe.textproto"):
            shutil.copy(other.folder / name, shop / name)
        return str(write_csv(folder / "new.csv", later_rows()))

    return write


def _of_both_kinds(folder: Path, shop: Path) -> str:
    shutil.copy(shop / "test-00.parquet", folder / "a.parquet")
    pq.write_table(as_arrow(later_rows()), folder / "b.parquet")
    return f"{folder}/*.parquet"


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (_changed(_without_age), 'new.csv has no column "age", which the recipe reads; it has user_id, seen_at, '),
        (_changed(lambda row: row.update(age="old")), r'new.csv:4: "age": a value is to be (?!.*old)'),
        (
            _without_recipe,
            "the rows are raw, and nothing encodes them: .* has no _recipe.binpb; `rankspec data import`",
        ),
        (
            _recipe_of(label="bought", group="user_id", drop=["income"]),
            r"is the recipe of another data set: it makes 1 values of continuous, and the schema file has 2",
        ),
        (
            _recipe_of(label="bought", group="zip"),
            r"is the recipe of another data set: discrete\[\d\] is .*, and .* in the schema file",
        ),
        (_of_both_kinds, "b.parquet holds raw rows and .*a.parquet those of a data set's file; predict them apart"),
    ],
    ids=["column_absent", "other_type", "no_recipe", "other_width", "other_features", "both_kinds"],
)
def test_raw_rows_that_cannot_be_encoded_are_refused(
    shop: Path, tmp_path: Path, write: Callable[[Path, Path], str], error: str
) -> None:
    copied = _copied(shop, tmp_path)
    given = write(tmp_path, copied)
    output = tmp_path / "out" / "scores.parquet"

    with pytest.raises(DataError, match=error):
        predict(job(copied), output, source=RowSource(inputs=(given,)))

    assert not output.parent.exists() or not list(output.parent.iterdir())


def test_recipe_that_the_checkpoint_was_not_trained_with_is_refused(shop: Path, tmp_path: Path) -> None:
    """Of the same features and numbers of ids: only its own bytes tell that its numbers mean something else."""
    copied = _copied(shop, tmp_path)
    recipe = Recipe.FromString((copied / "_recipe.binpb").read_bytes())
    number = next(feature.number for feature in recipe.features if feature.HasField("number"))
    number.fitted.mean += 1
    (copied / "_recipe.binpb").write_bytes(recipe.SerializeToString(deterministic=True))

    with pytest.raises(DataError, match="is not the recipe that the checkpoint was trained with"):
        opened(copied).predict(as_arrow(later_rows()))


def test_prediction_of_raw_rows_goes_on_and_begins_anew_where_they_have_changed(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(predicting, "_PART_ROWS", 20)
    # A batch of what was trained on has more rows than that.
    small = job(shop)
    small.config.train_data.global_batch_size = 10
    table = later_rows()
    source = RowSource(inputs=(str(write_csv(tmp_path / "new.csv", table)),))
    part = predicting.Prediction._part
    left = 2

    def interrupted(prediction: predicting.Prediction, number: int) -> pa.Table:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return part(prediction, number)

    def predict_until_interrupted() -> None:
        nonlocal left
        left = 2
        with monkeypatch.context() as patched:
            patched.setattr(predicting.Prediction, "_part", interrupted)
            with pytest.raises(KeyboardInterrupt):
                predict(small, tmp_path / "scores.parquet", source=source)

    predict_until_interrupted()
    assert predict(small, tmp_path / "scores.parquet", source=source).num_rows == 60
    assert "going on: 2 of 3 parts are predicted already" in capsys.readouterr().err
    first = pq.read_table(tmp_path / "scores.parquet")
    (tmp_path / "scores.parquet").unlink()

    predict_until_interrupted()
    table[0]["age"], table[1]["age"] = table[1]["age"], table[0]["age"]
    write_csv(tmp_path / "new.csv", table)
    predict(small, tmp_path / "scores.parquet", source=source)
    assert "going on" not in capsys.readouterr().err
    second = pq.read_table(tmp_path / "scores.parquet")
    assert second["bought"][0] != first["bought"][0]
    assert second.slice(2).equals(first.slice(2))


@pytest.mark.parametrize("is_wrong", [False, True], ids=["right", "wrong"])
def test_two_processes_predict_what_the_first_encodes_or_both_end(
    shop: Path, expected: pa.Table, tmp_path: Path, is_wrong: bool
) -> None:
    table = later_rows()
    if is_wrong:
        table[2]["age"] = "old"
    source = RowSource(inputs=(str(write_csv(tmp_path / "new.csv", table)),))
    output = tmp_path / "scores.parquet"

    action = partial(_predict_in_process, output, source)
    started = Runs(tmp_path, shop).start_job(job(shop), num_processes=2, action=action)
    codes = started.wait()

    if is_wrong:
        assert 0 not in codes
        assert started.output.count('"age": a value is to be') >= 2
        assert not output.exists()
    else:
        assert codes == [0, 0], started.output
        assert pq.read_table(output).equals(expected)


def _predict_in_process(output: Path, source: RowSource, job: Job) -> None:
    predict(job, output, source=source)
