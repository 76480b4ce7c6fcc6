"""Which files a pattern names, and what is said when it names none."""

from __future__ import annotations

import inspect
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.small_data import data_config, opened, write_files

from rankspec.trainer.data.listing import Listing
from rankspec.trainer.data.pattern import Pattern
from rankspec.trainer.data.walk import list_files
from rankspec.trainer.data_error import DataError


def listed(folder: Path, pattern: str) -> Listing:
    return list_files(Pattern.parse(f"{folder}/{pattern}"))


def names(folder: Path, pattern: str) -> list[str]:
    return [file.relative_to(folder).as_posix() for file in listed(folder, pattern).files]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files in folders, hidden and not."""
    folder = tmp_path / "tree"
    for name in (
        "b.parquet",
        "a.parquet",
        "B.parquet",
        "note.txt",
        "_SUCCESS.parquet",
        ".a.parquet",
        "day1/p.parquet",
        "day1/deep/q.parquet",
        "_temporary/0/r.parquet",
        ".ipynb_checkpoints/s.parquet",
        "day1/_delta/t.parquet",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.parquet", ["B.parquet", "a.parquet", "b.parquet"]),
        ("a.parquet", ["a.parquet"]),
        ("[ab].parquet", ["a.parquet", "b.parquet"]),
        ("?.parquet", ["B.parquet", "a.parquet", "b.parquet"]),
        ("*/*.parquet", ["day1/p.parquet"]),
        ("**/q.parquet", ["day1/deep/q.parquet"]),
        ("**/*.parquet", ["B.parquet", "a.parquet", "b.parquet", "day1/deep/q.parquet", "day1/p.parquet"]),
        ("**/**/p.parquet", ["day1/p.parquet"]),
        ("day1/**/*.parquet", ["day1/deep/q.parquet", "day1/p.parquet"]),
        ("_temporary/*/*.parquet", ["_temporary/0/r.parquet"]),
        ("*/_delta/*.parquet", ["day1/_delta/t.parquet"]),
        ("_*.parquet", ["_SUCCESS.parquet"]),
        (".*/*.parquet", [".ipynb_checkpoints/s.parquet"]),
        ("*/nothing/*.parquet", []),
    ],
)
def test_a_pattern_names_these_files_in_this_order(tree: Path, pattern: str, expected: list[str]) -> None:
    assert names(tree, pattern) == expected


@pytest.mark.parametrize("pattern", ["**/*.parquet", "*/*/*.parquet", "*.parquet", "*/_delta/*.parquet", "**/q.*"])
def test_a_pattern_takes_exactly_the_paths_it_finds(tree: Path, pattern: str) -> None:
    every = [path for path in tree.rglob("*") if path.is_file()]
    whole = Pattern.parse(f"{tree}/{pattern}")
    assert sorted(path for path in every if whole.takes(path)) == list(list_files(whole).files)


def test_hidden_names_are_counted(tree: Path) -> None:
    found = listed(tree, "**/*.parquet")
    assert len(found.hidden) == 5
    assert found.notes == [
        f'5 files are left out, since a name below the first wildcard begins with "." or "_": {tree}/.a.parquet, …'
    ]
    assert listed(tree, "a.parquet").notes == []
    assert len(listed(tree, "*.parquet").hidden) == 2


def test_links_are_followed_and_circles_are_not(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "x.parquet").write_text("x")
    (tree / "day2").symlink_to(tmp_path / "disk")
    (tree / "day2" / "up").symlink_to(tree)
    (tree / "day1" / "self").symlink_to(".")
    assert names(tree, "*/*.parquet") == ["day1/p.parquet", "day2/x.parquet"]
    assert "day2/x.parquet" in names(tree, "**/*.parquet")
    assert len(names(tree, "**/*.parquet")) == 6


def test_a_file_that_two_names_lead_to_is_read_once_and_told(tree: Path) -> None:
    (tree / "latest").symlink_to("day1")
    found = listed(tree, "*/*.parquet")
    assert found.files == (tree / "day1/p.parquet",)
    assert found.notes[1:] == [
        f"1 file is left out, since the same file is read under another name: {tree}/latest/p.parquet"
    ]


def broken_link(tree: Path) -> str:
    (tree / "c.parquet").symlink_to("gone.parquet")
    return "c.parquet is a broken link: there is no gone.parquet"


def broken_folder(tree: Path) -> str:
    (tree / "day9").symlink_to("/mnt/gone")
    return "day9 is a broken link: there is no /mnt/gone"


def circle(tree: Path) -> str:
    (tree / "c.parquet").symlink_to("c.parquet")
    return "c.parquet cannot be opened: Too many levels of symbolic links"


def pipe(tree: Path) -> str:
    os.mkfifo(tree / "c.parquet")
    return "c.parquet is no regular file"


def name_of_bytes(tree: Path) -> str:
    shutil.copy(os.fsencode(tree / "a.parquet"), os.fsencode(tree) + b"/c\xff.parquet")
    return "c\\xff.parquet: its name is not UTF-8"


@pytest.mark.parametrize("damage", [broken_link, broken_folder, circle, pipe, name_of_bytes])
def test_what_matches_and_cannot_be_read_is_a_problem(tree: Path, damage: Callable[[Path], str]) -> None:
    expected = damage(tree)
    (problem,) = listed(tree, "**/*.parquet").problems
    assert expected in problem
    (tree / "_x").mkdir()
    for path in tree.glob("[cd]*[t9]"):
        path.rename(tree / "_x" / path.name)
    assert listed(tree, "**/*.parquet").problems == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_closed_folder_is_a_problem(tree: Path) -> None:
    (tree / "day1").chmod(0)
    try:
        assert "day1 cannot be opened: Permission denied" in listed(tree, "*/*.parquet").problems[0]
    finally:
        (tree / "day1").chmod(0o755)


def test_a_data_set_with_a_broken_link_is_refused_or_read_without_it(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16, 16])
    (folder / "c.parquet").symlink_to("gone")
    config = data_config(folder)
    with pytest.raises(DataError, match=r"c\.parquet is a broken link.*; correct or remove it$") as caught:
        opened(config)
    assert caught.value.path == "train_data.inputs"
    config.ignore_data_errors = True
    with opened(config) as dataset:
        assert dataset.num_rows == 32
        assert dataset.notes == (f"left out {folder}/c.parquet is a broken link: there is no gone",)


def test_a_folder_of_a_files_name_is_refused(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16])
    (folder / "spark.parquet").mkdir()
    with opened(data_config(folder)) as dataset:
        assert dataset.num_rows == 16
    shutil.copy(folder / "a.parquet", folder / "spark.parquet" / "part-0.parquet")
    with pytest.raises(DataError, match=r"spark\.parquet is a folder with files in it, such as part-0\.parquet"):
        opened(data_config(folder))
    with opened(data_config(folder, inputs=f"{folder}/**/*.parquet")) as dataset:
        assert dataset.num_rows == 32


def test_folders_may_be_nested_more_deeply_than_calls(tmp_path: Path) -> None:
    (tmp_path / "/".join("a" * 200)).mkdir(parents=True)
    (tmp_path / "/".join("a" * 200) / "x.parquet").touch()
    whole = Pattern.parse(f"{tmp_path}/**/*.parquet")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 60)
    try:
        found = list_files(whole)
    finally:
        sys.setrecursionlimit(before)
    assert len(found.files) == 1


def test_a_day_behind_a_broken_link_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16])
    (folder / "2023/02").mkdir(parents=True)
    (folder / "2023/02/27").mkdir()
    shutil.copy(folder / "a.parquet", folder / "2023/02/27/a.parquet")
    (folder / "2023/02/28").symlink_to("/mnt/gone")
    config = data_config(folder)
    config.explicit_date_inputs.data_root = str(folder)
    config.explicit_date_inputs.end_date = "2023/02/28"
    config.explicit_date_inputs.days = 2
    config.explicit_date_inputs.num_missing_days_tol = 1
    with pytest.raises(DataError, match="28 is a broken link"):
        opened(config)


def test_a_day_that_a_link_leads_to_twice_is_read_once(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16])
    (folder / "2023/02/27").mkdir(parents=True)
    shutil.copy(folder / "a.parquet", folder / "2023/02/27/a.parquet")
    (folder / "2023/02/28").symlink_to("27")
    config = data_config(folder)
    config.explicit_date_inputs.data_root = str(folder)
    config.explicit_date_inputs.end_date = "2023/02/28"
    config.explicit_date_inputs.days = 2
    with opened(config) as dataset:
        assert dataset.num_rows == 16
        assert [note for note in dataset.notes if "28/a.parquet" in note and "read under another name" in note]


def test_files_and_row_groups_without_rows_are_fine(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16, 0, 5])
    with opened(data_config(folder), shuffle=False) as dataset, dataset.batches() as batches:
        assert [batch.num_rows for batch in batches] == [8, 8, 5]
        assert dataset.identity["files"]["b.parquet"][1] == 0


# Pattern below the folder, and what is said of it; `{0}` is the folder.
NO_MATCH = {
    "folder": ("data", '{0}/data is a folder; write "{0}/data/*.parquet"'),
    "folder with slash": ("data/", '{0}/data is a folder; write "{0}/data/*.parquet"'),
    "folder of TFRecord": ("records", '{0}/records is a folder; write "{0}/records/*.gz"'),
    "folder of TFRecord folders": ("days", '{0}/days is a folder; write "{0}/days/**/*.tfrecord"'),
    "folder of folders": ("deep", '{0}/deep is a folder; write "{0}/deep/**/*.parquet"'),
    "folder with brackets": ("run[1]", '{0}/run[1] is a folder; write "{0}/run[[]1]/*.parquet"'),
    "list": ("data/a.parquet,data/b.parquet", "a comma separates nothing, this is one pattern"),
    "braces": ("data/{{a}}.parquet", "braces stand for themselves; write * or [ab] for what differs"),
    "brackets": ("run[1]/*.parquet", '"[" begins a set of characters; write "{0}/run[[]1]/*.parquet"'),
    "hidden": ("hidden/*.parquet", 'names below the first wildcard that begin with "." or "_" are left out'),
    "case": ("data/*.PARQUET", "the case of letters counts, and there is {0}/data/a.parquet"),
    "case of a folder": ("Data/*.parquet", 'there is no "Data" in {0}; did you mean "data"?'),
    "missing folder": ("data/may/*.parquet", 'there is no "may" in {0}/data'),
    "misspelt folder": ("dtaa/*.parquet", 'there is no "dtaa" in {0}; did you mean "data"?'),
    "file for a folder": ("data/a.parquet/*.parquet", "{0}/data/a.parquet is no folder"),
    "misspelt file": ("data/a.parqet", 'did you mean "a.parquet"?'),
    "other ending": ("data/*.pq", "{0}/data has a.parquet"),
    "deeper": ("deep/*.parquet", '{0}/deep/more/a.parquet lies deeper; write "{0}/deep/*/*.parquet"'),
    "blank": ("data/*.parquet ", "it begins or ends with a blank"),
    "backslash": ("data\\*.parquet", "a backslash stands for itself; folders are separated by /"),
    "empty": ("empty/*.parquet", "{0}/empty is empty"),
}


@pytest.mark.parametrize("case", NO_MATCH)
def test_why_no_file_matches_is_said(tmp_path: Path, case: str) -> None:
    for name in ("data/a", "deep/more/a", "run[1]/a", "hidden/_a", "hidden/.b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.parquet").touch()
    for name in ("records/a.gz", "days/28/a.tfrecord"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    write_files(tmp_path / "schema", [])
    pattern, reason = (text.format(tmp_path) for text in NO_MATCH[case])
    with pytest.raises(DataError) as caught:
        opened(data_config(tmp_path / "schema", inputs=f"{tmp_path}/{pattern}"))
    assert f'no file matches "{tmp_path}/{pattern}": {reason}' in caught.value.message
    assert caught.value.path == "train_data.inputs"


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("abfs://bucket/*.parquet", "data is read from this machine, s3://, gs:// and hdfs://"),
        (".", r'\. is a folder; write "\./\*\.parquet"'),
        ("/", r'/ is a folder; write "/(\*\*/)?\*\.(parquet|gz)"'),
        ("data/**", r'ends in \*\*, which stands for folders; write "data/\*\*/\*.parquet"'),
        ("data/part-**.parquet", "has to be a whole component"),
        ("a\0b", "U\\+0000"),
        ("nowhere/*.parquet", r"relative names start at /"),
    ],
)
def test_what_is_no_pattern_of_local_files_is_refused(tmp_path: Path, pattern: str, reason: str) -> None:
    write_files(tmp_path, [])
    with pytest.raises(DataError, match=reason) as caught:
        opened(data_config(tmp_path, inputs=pattern))
    assert caught.value.path == "train_data.inputs"


def test_a_current_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, [])
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(DataError, match="the current folder, at which relative names start, is gone"):
        opened(data_config(tmp_path, inputs="x/*.parquet"))
