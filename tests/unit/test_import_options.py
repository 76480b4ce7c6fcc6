"""`rankspec data import` and `import_table` take the same options, and refuse what nothing would come of."""

from __future__ import annotations

import inspect
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rankspec import import_table
from rankspec.cli import importing, main
from rankspec.datasets.importing.corrections import corrections_of
from rankspec.datasets.importing.csv_source import CsvFormat
from rankspec.datasets.importing.errors import TableError

# Options of the command that are arguments by another name, and those that are another function's.
_CALLED = {
    "files": "table",
    "format": "form",
    "no_time": "time",
    "no_header": "csv_format",
    "columns": "csv_format",
    "delimiter": "csv_format",
    "quote": "csv_format",
    "encoding": "csv_format",
    "missing": "csv_format",
}
_OF_ANOTHER_FUNCTION = {"help", "plan", "like", "no_labels"}


def _options() -> set[str]:
    parser = ArgumentParser()
    importing.add_arguments(parser)
    return {action.dest for action in parser._actions}


def test_what_the_command_takes_the_function_takes_and_the_other_way_round() -> None:
    arguments = inspect.signature(import_table).parameters.keys()

    options = {_CALLED.get(option, option) for option in _options() - _OF_ANOTHER_FUNCTION}

    assert options == arguments - {"progress"}
    assert inspect.signature(corrections_of).parameters.keys() <= arguments
    of_csv = {option for option, called in _CALLED.items() if called == "csv_format"} | {"decimal"}
    assert len(of_csv) == len(fields(CsvFormat))


def _rows() -> dict[str, Any]:
    return {
        "city": [f"city {n % 23}" for n in range(400)],
        "income": [f"{n % 37},{n % 7}" for n in range(400)],
        "price": [n % 91 / 8 for n in range(400)],
        "seen": [1_700_000_000_000 + 3_600_000 * n for n in range(400)],
        "bought": [int(n % 5 < 2) for n in range(400)],
    }


def _csv(path: Path, rows: dict[str, Any]) -> Path:
    lines = [";".join(rows), *(";".join(map(str, row)) for row in zip(*rows.values(), strict=True))]
    path.write_text("\n".join(lines).replace(".", ",") + "\n")
    return path


_SAID: dict[str, Any] = {
    "label": "bought",
    "hash": {"city": 100},
    "bins": 8,
    "time": "seen",
    "time_zone": "Europe/Berlin",
    "time_unit": "ms",
    "gap_days": 0.25,
    "decimal": ",",
    "seed": 3,
}


def _as_options(said: dict[str, Any]) -> list[str]:
    return [
        f"--{name.replace('_', '-')}={'='.join(map(str, *value.items())) if isinstance(value, dict) else value}"
        for name, value in said.items()
    ]


def test_options_and_arguments_make_the_same_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _csv(tmp_path / "t.csv", _rows())
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert main(["data", "import", str(file), "-o", "set", *_as_options(_SAID)]) == 0
    monkeypatch.chdir(tmp_path / "b")
    import_table(file, "set", **_SAID)

    made = {path.name: path.read_bytes() for path in (tmp_path / "a/set").iterdir()}
    assert made == {path.name: path.read_bytes() for path in (tmp_path / "b/set").iterdir()}


def test_numbers_with_decimal_commas_in_a_frame_are_numbers(tmp_path: Path) -> None:
    pq.write_table(pa.table(_rows()), tmp_path / "t.parquet")
    for place, table in enumerate((pa.table(_rows()), tmp_path / "t.parquet")):
        made = import_table(table, tmp_path / f"set_{place}", **_SAID)
        assert {name: column.role for name, column in made.plan.columns.items()} == {
            "city": "category",
            "income": "number",
            "price": "number",
            "seen": "time",
            "bought": "flag",
        }
        assert made.fitted.recipe.text.decimal_comma


@pytest.mark.parametrize(
    ("said", "message"),
    [
        pytest.param({"hash": {"city": 0}}, '--hash: "city" has 0; give a number from 1 on', id="hash"),
        pytest.param(
            {"places": {"city": 2000}}, '--places: "city" has 2000; give a number from 1 to 1024', id="places"
        ),
        pytest.param({"bins": -1}, "--bins -1: give a number of quantiles, or 0 for none", id="bins"),
        pytest.param({"time_unit": "h"}, "--time-unit h: give one of s, ms, us", id="time_unit"),
        pytest.param({"gap_days": -1}, "--gap-days -1: give a number of days from 0 on", id="gap_days"),
        pytest.param({"gap_days": float("nan")}, "--gap-days nan: give a number of days from 0 on", id="gap_days/nan"),
        pytest.param({"decimal": ";"}, "--decimal ;: give a point or a comma", id="decimal"),
        pytest.param(
            {"csv_format": CsvFormat(missing=("x",))},
            "--missing is about CSV files, and the table has columns with types; leave it out",
            id="csv_format",
        ),
        pytest.param({"form": "csv"}, "--format csv is about files, and the table is none; leave it out", id="form"),
    ],
)
def test_what_says_nothing_of_a_frame_is_refused(said: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(TableError) as caught:
        import_table(pa.table(_rows()), tmp_path / "set", **said)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "option", "why"),
    [
        ("t.parquet", "--delimiter=;", "--delimiter is about CSV files, and {} has columns with types; leave it out"),
        ("t.jsonl", "--decimal=,", "--decimal is about CSV files, and {} is of JSON lines; leave it out"),
    ],
)
def test_options_about_csv_are_refused_of_other_files(
    name: str, option: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name
    if file.suffix == ".parquet":
        pq.write_table(pa.table(_rows()), file)
    else:
        file.write_text('{"a": 1}\n')

    assert main(["data", "import", str(file), "-o", str(tmp_path / "set"), option]) == 1

    assert capsys.readouterr().err == f"error: {why.format(file)}\n"


@pytest.mark.parametrize("extra", [{}, {"--like": "set"}], ids=["import", "like"])
def test_an_output_that_is_there_is_refused_before_the_table_is_looked_at(
    extra: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").mkdir()
    options = [part for option in extra.items() for part in option]

    assert main(["data", "import", "no/such.csv", "-o", str(tmp_path / "there"), *options]) == 1

    assert capsys.readouterr().err == f"error: {tmp_path / 'there'} is there; name another folder, or move it away\n"
    with pytest.raises(TableError, match="is there; name another folder"):
        import_table("no/such.csv", tmp_path / "there")


def test_a_plan_that_cannot_be_written_is_refused_before_the_table_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "import", "no/such.csv", "--plan", str(tmp_path / "plan.txt")]) == 1

    assert "plan.txt` has no extension of a form; write .textproto or .json" in capsys.readouterr().err


def _columns_of_two_marks(folder: Path) -> list[Path]:
    (folder / "t.csv").write_text(
        "a;b;y\n" + "".join(f"{n % 40},{n % 7};{n % 31}.{n % 9};{n % 2}\n" for n in range(200))
    )
    return [folder / "t.csv"]


def _parts_of_two_marks(folder: Path) -> list[Path]:
    for name, mark in (("t.csv", ","), ("u.csv", ".")):
        (folder / name).write_text("b;y\n" + "".join(f"{n % 40}{mark}{n % 7};{n % 2}\n" for n in range(200)))
    return [folder / "t.csv", folder / "u.csv"]


@pytest.mark.parametrize("write", [_columns_of_two_marks, _parts_of_two_marks])
def test_numbers_of_two_decimal_marks_are_refused_with_the_ways_out(
    write: Callable[[Path], list[Path]], tmp_path: Path
) -> None:
    with pytest.raises(
        TableError, match=r'"b" has numbers with a decimal point, and other numbers .* have a comma; .* --drop'
    ):
        import_table(write(tmp_path), tmp_path / "set", label="y")

    assert not (tmp_path / "set").exists()


def test_points_that_are_no_numbers_stand_beside_decimal_commas(tmp_path: Path) -> None:
    rows = "".join(f"{n % 40},{n % 7};1.{n % 5}.2;{n % 2}\n" for n in range(200))
    (tmp_path / "t.csv").write_text("price;version;y\n" + rows)

    made = import_table(tmp_path / "t.csv", tmp_path / "set", label="y")

    assert {name: column.role for name, column in made.plan.columns.items()} == {
        "price": "number",
        "version": "category",
        "y": "flag",
    }
