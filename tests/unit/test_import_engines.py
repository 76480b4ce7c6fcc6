"""A table that an engine holds becomes the data set that it becomes on one machine, byte for byte."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rankspec.data.v1.recipe_pb2 import RawKind
from tests.unit.import_tables import as_arrow, rows

import rankspec
from rankspec.datasets.importing import importer, on_engine, profile
from rankspec.datasets.importing.errors import TableError
from rankspec.datasets.importing.on_engine import Batches, Engine, OnEngine, Pieces
from rankspec.datasets.importing.profile import Profiler

# So small that every part has several files.
FILE_BYTES = 40_000
PACKAGES = {"spark": "pyspark", "connect": "pyspark", "ray": "ray"}


def table(num_rows: int = 1500) -> pa.Table:
    """Columns of many types; some labels, values and lists are missing."""
    source = np.random.default_rng(7)
    typed = as_arrow(rows(num_rows)).drop_columns(["nothing"])
    gaps = source.random((3, num_rows)) < 0.1
    bought = pa.array(np.asarray(typed["bought"]), mask=gaps[0])
    colours = [None if gap else ["red", "blue", "green"][: index % 4] for index, gap in enumerate(gaps[1])]
    amounts = [None if gap else Decimal(index % 900) / 100 for index, gap in enumerate(gaps[2])]
    return (
        typed.set_column(typed.schema.get_field_index("bought"), "bought", bought)
        .append_column("colours", pa.array(colours))
        .append_column("amount", pa.array(amounts, pa.decimal128(10, 2)))
        .append_column("day", pa.array(np.arange(num_rows) % 50, pa.int32()).cast(pa.date32()))
        .append_column("ratio", pa.array(source.random(num_rows).astype(np.float32)))
        .append_column("a `name`.of its own", pa.array((np.arange(num_rows) % 11).astype(np.int8)))
    )


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


class InParts:
    """A table in parts, as engines have it: functions are sent as bytes, and run twice, as tasks are that are lost."""

    def __init__(self, whole: pa.Table, num_parts: int, seed: int = 0) -> None:
        self.names = whole.column_names
        places = np.random.default_rng(seed).permutation(len(whole))
        # One part is empty.
        self._parts = [whole.take(pa.array(part)) for part in np.array_split(places, num_parts)] + [whole.slice(0, 0)]

    def counted(self, count: Callable[[Batches], Iterator[bytes]], columns: Sequence[str]) -> list[bytes]:
        return [state for part in self._parts for state in self._twice(count, part, columns)]

    def gathered(
        self,
        scatter: Callable[[Batches], Pieces],
        gather: Callable[[Pieces], Iterator[bytes]],
        columns: Sequence[str],
        num_keys: int,
    ) -> list[bytes]:
        pieces = [piece for part in self._parts for piece in self._twice(scatter, part, columns)]
        assert len({key for key, _ in pieces}) <= num_keys + 1
        tasks = [[(key, piece) for key, piece in pieces if key % 3 == task] for task in range(3)]
        return [state for task in tasks for state in [list(gather(iter(task))) for _ in range(2)][1]]

    @staticmethod
    def _twice(function: Callable[[Batches], Iterator[Any]], part: pa.Table, columns: Sequence[str]) -> list[Any]:
        sent = pickle.dumps(function)
        taken = part.select(list(columns)).to_batches(max_chunksize=100)
        return [list(pickle.loads(sent)(iter(taken))) for _ in range(2)][1]  # noqa: S301


def on(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> object:
    """Something that `import_table` takes for a table of this engine."""
    from rankspec.datasets.importing import table as tables

    monkeypatch.setattr(tables, "_opened", lambda held, *_: OnEngine(held))
    return engine


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"group": "user_id"}, id="by-time"),
        pytest.param({"group": "user_id", "time": ""}, id="by-group"),
        pytest.param({"time": "", "vectors": "lists", "key": ["order_id", "note"]}, id="at-random"),
    ],
)
@pytest.mark.parametrize("num_parts", [1, 7])
def test_parts_give_the_files_of_one_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], num_parts: int
) -> None:
    monkeypatch.setattr(importer, "_FILE_BYTES", FILE_BYTES)
    whole = table()
    here = rankspec.import_table(whole, tmp_path / "set", label="bought", **options)
    (tmp_path / "set").rename(tmp_path / "here")

    there = rankspec.import_table(
        on(InParts(whole, num_parts), monkeypatch), tmp_path / "set", label="bought", **options
    )

    assert files(tmp_path / "set") == files(tmp_path / "here")
    assert "train-01.parquet" in files(tmp_path / "here")
    assert (there.notes, there.warnings, there.found.num_rows) == (here.notes, here.warnings, here.found.num_rows)
    assert any("have no label" in note for note in here.notes)


def test_what_is_wrong_where_rows_are_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = rankspec.import_table(table(), tmp_path / "set", label="bought").fitted.recipe
    (city,) = (column for column in recipe.columns if column.name == "city")
    city.kind = RawKind.RAW_KIND_FLOAT64

    with pytest.raises(TableError, match=r'^"city": a value is to be a number.*\bis not$'):
        rankspec.import_table(on(InParts(table(), 3), monkeypatch), tmp_path / "other", recipe=recipe)
    with pytest.raises(TableError, match=r'^"city": a value is to be a number[^\']*$'):
        rankspec.import_table(on(InParts(table(), 3), monkeypatch), tmp_path / "other", recipe=recipe, private=True)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_label_of_other_numbers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = rankspec.import_table(table(), tmp_path / "set", label="age>=40").fitted.recipe
    recipe.labels[0].ClearField("positive")

    with pytest.raises(TableError, match="a label is neither 0 nor 1"):
        rankspec.import_table(on(InParts(table(), 3), monkeypatch), tmp_path / "other", recipe=recipe)


def test_workers_with_another_version_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter(["1.0", "0.9"])
    monkeypatch.setattr(on_engine, "version", lambda _: next(versions, "0.9"))

    with pytest.raises(TableError, match=r"a worker has rankspec 0\.9, and not 1\.0; install that one there"):
        rankspec.import_table(on(InParts(table(), 1), monkeypatch), tmp_path / "set", label="bought")


def test_a_folder_that_workers_do_not_share_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere(InParts):
        def gathered(self, *arguments: Any) -> list[bytes]:
            results = super().gathered(*arguments)
            for file in tmp_path.glob(".writing-set-*/_written/*"):
                file.unlink()
            return results

    with pytest.raises(TableError, match="name an output that all workers and this machine see under the same path"):
        rankspec.import_table(on(Elsewhere(table(), 2), monkeypatch), tmp_path / "set", label="bought")


def test_an_empty_table_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TableError, match="the table has no rows"):
        rankspec.import_table(on(InParts(table().slice(0, 0), 2), monkeypatch), tmp_path / "set", label="bought")


@pytest.mark.parametrize("most_distinct", [1, 50, 100_000])
@pytest.mark.parametrize("num_parts", [1, 3, 40])
def test_profiles_of_parts_are_merged(monkeypatch: pytest.MonkeyPatch, most_distinct: int, num_parts: int) -> None:
    monkeypatch.setattr(profile, "MOST_DISTINCT", most_distinct)
    # A word among numbers, and times of which some have a zone.
    mixed = [str(number) for number in range(120)] + ["word"]
    times = ["2024-01-01T00:00:00Z"] * 60 + ["2024-01-01"] * 61
    whole = table(121).append_column("mixed", pa.array(mixed)).append_column("times", pa.array(times))

    merged = OnEngine(InParts(whole, num_parts)).profiles()

    for name in whole.column_names:
        alone = Profiler(name)
        for chunk in whole[name].chunks:
            alone.add(chunk)
        expected, found = vars(alone.finish()), vars(merged[name])
        for what in ("distinct", "sample"):
            ours, theirs = found.pop(what), expected.pop(what)
            assert (ours is None) == (theirs is None)
            assert ours is None or sorted(map(str, ours.to_pylist())) == sorted(map(str, theirs.to_pylist()))
        if not expected["all_numbers"]:
            # Nobody asks for the extremes of what are no numbers.
            for what in ("smallest", "largest", "some_zero_first", "some_inexact"):
                del found[what], expected[what]
        assert found == expected


def _run(engine: str, folder: Path, *arguments: str) -> str:
    """What a script prints that takes an engine, in a process of its own."""
    pytest.importorskip(PACKAGES[engine], reason=f"{PACKAGES[engine]} is not installed")
    if engine != "ray" and shutil.which("java") is None:
        pytest.skip("java is not installed")
    # Workers of Spark take the Python that is first on the path otherwise.
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYSPARK_PYTHON": sys.executable,
    }
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.slow
@pytest.mark.parametrize("engine", PACKAGES)
def test_engine_gives_the_files_of_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    monkeypatch.setattr(importer, "_FILE_BYTES", FILE_BYTES)
    pq.write_table(table(), tmp_path / "table.parquet", row_group_size=300)
    options: dict[str, Any] = {"label": "bought", "group": "user_id"}
    here = rankspec.import_table(tmp_path / "table.parquet", tmp_path / "set", **options)
    (tmp_path / "set").rename(tmp_path / "here")

    script = Path(__file__).with_name("import_on_engine.py")
    output = str(tmp_path / "set")
    _run(engine, tmp_path, str(script), engine, "table.parquet", output, str(FILE_BYTES), json.dumps(options))

    told = json.loads((tmp_path / "told.json").read_text())
    assert told == [list(here.notes), list(here.warnings), here.found.num_rows]
    assert files(tmp_path / "set") == files(tmp_path / "here")
    assert "train-01.parquet" in files(tmp_path / "here")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["spark", "ray"])
def test_examples_of_the_page_print_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    page = (Path(__file__).parents[2] / "docs/importing.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    _run(engine, tmp_path, "-c", re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)[0])
    rankspec.import_table("visits.csv", "visits", label="bought")
    (example,) = re.findall(rf"^```python {engine}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (shown,) = re.findall(r"Both print what the import of the file said:\n\n```text\n(.*?)\n```$", page, re.MULTILINE)

    printed = _run(engine, tmp_path, "-c", example)

    assert printed.splitlines()[-1].endswith(shown)
    for part in ("train", "validation", "test"):
        name = f"{part}-00.parquet"
        assert (tmp_path / f"visits_on_{engine}" / name).read_bytes() == (tmp_path / "visits" / name).read_bytes()
