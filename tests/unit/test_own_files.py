"""Writers of data sets and the demo: what somebody else put where they write stays as it is."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest
from tests.unit.small_movielens import write_grouplens

import rankspec.cli
from rankspec.cli import demo, main
from rankspec.datasets.own_files import ForeignFileError, writing_data


def write_random(folder: Path, *arguments: str) -> int:
    return main(["data", "random", "--small", "--rows", "20", "--files", "2", "-o", str(folder), *arguments])


def write_half(path: Path) -> None:
    path.write_text("half")
    path.with_name("missing").unlink()


@pytest.mark.parametrize("name", ["schema.json", "part-00001.parquet"])
def test_random_data_are_not_written_over_somebody_elses_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).write_text("mine\n")
    assert write_random(tmp_path) == 1
    assert f"error: {tmp_path / name} is there, and is not as" in capsys.readouterr().err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: "mine\n"}


def test_own_files_are_written_again_until_somebody_changes_one(tmp_path: Path) -> None:
    assert write_random(tmp_path) == 0
    assert write_random(tmp_path, "--seed", "1") == 0
    (tmp_path / "part-00000.parquet").write_text("mine\n")
    assert write_random(tmp_path) == 1
    assert (tmp_path / "part-00000.parquet").read_text() == "mine\n"


def test_a_link_to_somebody_elses_file_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("mine\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "schema.json").symlink_to(tmp_path / "theirs")
    assert write_random(tmp_path / "data") == 1
    assert (tmp_path / "theirs").read_text() == "mine\n"


def test_what_a_writer_did_not_finish_is_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), writing_data(tmp_path, ["a"]):
        write_half(tmp_path / "a")
    with writing_data(tmp_path, ["a"]):
        (tmp_path / "a").write_text("whole")
    with writing_data(tmp_path, ["a"]):
        pass


@pytest.mark.parametrize("marker", ["", "[]", '{"a": 1}', "\x00"])
def test_a_marker_that_says_nothing_protects(tmp_path: Path, marker: str) -> None:
    (tmp_path / ".rankspec-data.json").write_text(marker)
    (tmp_path / "a").write_text("mine")
    with pytest.raises(ForeignFileError, match="move it away"), writing_data(tmp_path, ["a"]):
        raise AssertionError("nothing may be written")


def test_the_movielens_verb_leaves_somebody_elses_file(tmp_path: Path) -> None:
    source = write_grouplens(tmp_path / "source")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "train.parquet").write_text("mine\n")
    assert main(["data", "movielens", "--source", str(source), "-o", str(tmp_path / "out")]) == 1
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == {"train.parquet": "mine\n"}


def test_the_demo_deletes_nothing_and_sets_older_runs_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_grouplens(tmp_path / "source")
    (tmp_path / "demo" / "run" / "thesis").mkdir(parents=True)
    (tmp_path / "demo" / "run" / "thesis" / "chapter").write_text("mine\n")
    trained: list[list[str]] = []

    def train(arguments: list[str]) -> int:
        trained.append(arguments)
        return 1

    monkeypatch.setattr(rankspec.cli, "main", train)
    assert demo.run(Namespace(folder=tmp_path / "demo", source=source, config="c.textproto")) == 1
    assert trained == [["train", "c.textproto", "--restart"]]
    assert (tmp_path / "demo" / "run" / "thesis" / "chapter").read_text() == "mine\n"


def test_the_demo_does_not_write_over_figures_of_somebody_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "demo.json").write_text("mine\n")
    assert demo.run(Namespace(folder=tmp_path, source=tmp_path, config="c.textproto")) == 1
    assert "demo.json is there" in capsys.readouterr().err
    assert (tmp_path / "run" / "demo.json").read_text() == "mine\n"
