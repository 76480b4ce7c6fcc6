"""Data sets are written over what rankspec made, and over nothing else."""

from pathlib import Path

import pytest

from rankspec.cli import main
from rankspec.datasets import random_data
from rankspec.datasets.ownership import ForeignFilesError


def _write(folder: Path, seed: int = 0) -> None:
    random_data.write(folder, num_rows=4, num_files=2, seed=seed, widths=random_data.SMALL)


def test_data_set_may_be_written_again(tmp_path: Path) -> None:
    _write(tmp_path / "data")
    before = (tmp_path / "data" / "part-00000.parquet").read_bytes()

    _write(tmp_path / "data", seed=1)

    assert (tmp_path / "data" / "part-00000.parquet").read_bytes() != before


@pytest.mark.parametrize("name", ["part-00001.parquet", "schema.json"])
def test_file_of_somebody_else_is_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")

    with pytest.raises(ForeignFilesError, match=f"{name} is there and was not made by rankspec"):
        _write(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_link_of_somebody_else_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "schema.json").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ForeignFilesError):
        _write(tmp_path)

    assert not (tmp_path / "elsewhere").exists()


def test_other_files_in_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    _write(tmp_path)

    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_command_says_it_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "schema.json").write_text("mine")

    assert main(["data", "random", "--small", "--rows", "4", "-o", str(tmp_path)]) == 1

    assert capsys.readouterr().err.count("\n") == 1


def test_demo_deletes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rankspec.cli import demo
    from rankspec.datasets import movielens

    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("mine")
    monkeypatch.setattr(movielens, "prepare", lambda *_arguments, **_options: pytest.fail("not so far"))
    monkeypatch.setattr(demo, "_train", lambda *_arguments: 1)

    with pytest.raises(pytest.fail.Exception):
        main(["demo", "--folder", str(tmp_path)])

    assert (tmp_path / "run" / "thesis.tex").read_text() == "mine"
