"""MovieLens-100K: both published forms, the split, features that know no label they must not know, the baselines."""

from __future__ import annotations

import json
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.small_movielens import NUM_ITEMS, NUM_ROWS, NUM_USERS, interactions, write_atomic, write_grouplens

from rankspec.baselines.comparison import RANKER, Score
from rankspec.cli import main
from rankspec.datasets import movielens_source
from rankspec.datasets.movielens import prepare
from rankspec.datasets.movielens_baselines import EXPECTED_TEST_AUC, BaselineError, check_baselines
from rankspec.datasets.movielens_features import (
    BINARY_FEATURES,
    CONTINUOUS_FEATURES,
    NUM_FOLDS,
    TASKS,
    Features,
    build_features,
    split_rows,
)
from rankspec.datasets.movielens_formats import DatasetError, MovieLensTables, read_tables
from rankspec.datasets.movielens_source import download_movielens
from rankspec.datasets.vectors import Vectors, vector_type

PARTS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> MovieLensTables:
    return read_tables(write_grouplens(tmp_path_factory.mktemp("grouplens")))


def features_after(tables: MovieLensTables, rows: np.ndarray, stars: int) -> Features:
    """The features had the given rows been rated otherwise."""
    ratings = tables.ratings.copy()
    ratings[rows] = stars
    return build_features(replace(tables, ratings=ratings), split_rows(tables.timestamps))


# Split


def test_split_permutes_the_rows_in_order_of_time_and_then_of_the_file() -> None:
    times = [row[3] for row in interactions()]
    by_time = sorted(range(NUM_ROWS), key=lambda row: (times[row], row))
    expected = [by_time[position] for position in np.random.default_rng(0).permutation(NUM_ROWS)]
    split = split_rows(np.array(times))
    assert [*split.train, *split.validation, *split.test] == expected
    assert (len(split.train), len(split.validation), len(split.test)) == (480, 60, 60)


def test_preparing_twice_writes_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    source = write_grouplens(tmp_path / "source")
    for output in ("first", "second"):
        prepare(tmp_path / output, source)
    for part in PARTS:
        first, second = (pq.read_table(tmp_path / output / f"{part}.parquet") for output in ("first", "second"))
        assert first.equals(second), part


# Forms


def test_both_published_forms_give_the_same_data(tmp_path: Path) -> None:
    prepare(tmp_path / "from_grouplens", write_grouplens(tmp_path / "grouplens"))
    prepare(tmp_path / "from_atomic", write_atomic(tmp_path / "atomic"))
    for name in [*(f"{part}.parquet" for part in PARTS), "schema.json"]:
        grouplens, atomic = (tmp_path / folder / name for folder in ("from_grouplens", "from_atomic"))
        assert grouplens.read_bytes() == atomic.read_bytes(), name


def test_year_comes_from_the_title_and_is_the_median_where_it_has_none(tables: MovieLensTables) -> None:
    assert tables.release_years[:3].tolist() == [0, 1962, 1963]
    features = build_features(tables, split_rows(tables.timestamps))
    ages = features.continuous[:, CONTINUOUS_FEATURES.index("item_age")]
    item = features.discrete[:, 1]
    assert set(ages[item == 1]) == {1998 - 1962}
    assert set(ages[item == 0]) == {1998 - int(np.median(np.arange(1962, 1961 + NUM_ITEMS)))}


@pytest.mark.parametrize(
    ("name", "line", "text", "complaint"),
    [
        pytest.param("u.data", 3, "1\t2\t3\n", r"u\.data:3: 3 columns", id="interactions/missing_column"),
        pytest.param("u.data", 3, "1\t2\t6\t880000000\n", r"u\.data:3: .*rating 6", id="interactions/rating"),
        pytest.param("u.data", 3, "1\tx\t5\t880000000\n", r"u\.data:3: .*'x'", id="interactions/not_a_number"),
        pytest.param("u.data", 3, "99\t2\t3\t880000000\n", r"id 99 is not in u\.user", id="interactions/user"),
        pytest.param("u.data", 3, "1\t99\t3\t880000000\n", r"id 99 is not in u\.item", id="interactions/item"),
        pytest.param("u.user", 2, "39|20|X|other|0\n", r"u\.user:2: .*gender 'X'", id="users/gender"),
        pytest.param("u.user", 2, "39|20|F|wizard|0\n", r"u\.user:2: .*'wizard'", id="users/occupation"),
        pytest.param("u.user", 2, "40|20|F|other|0\n", r"u\.user: an id occurs twice", id="users/repeated"),
        pytest.param("u.item", 1, "1|A (1990)|||\n", r"u\.item:1: 5 columns", id="items/missing_flags"),
        pytest.param("u.item", 1, "1|A|||" + "|2" * 19 + "\n", r"u\.item:1: .*genre flag", id="items/flag"),
    ],
)
def test_a_broken_line_is_reported_with_its_place(
    tmp_path: Path, name: str, line: int, text: str, complaint: str
) -> None:
    file = write_grouplens(tmp_path) / name
    lines = file.read_text(encoding="latin-1").splitlines(keepends=True)
    lines[line - 1] = text
    file.write_text("".join(lines), encoding="latin-1")
    with pytest.raises(DatasetError, match=complaint):
        read_tables(tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        pytest.param("ml-100k.inter", "user_id:token", "user_id", r"ml-100k\.inter:1: no header", id="no_header"),
        pytest.param("ml-100k.item", "Western", "Weird", r"ml-100k\.item:\d+: .*genre 'Weird'", id="genre"),
    ],
)
def test_a_broken_atomic_file_is_reported_with_its_place(
    tmp_path: Path, name: str, old: str, new: str, complaint: str
) -> None:
    file = write_atomic(tmp_path) / name
    text = file.read_text(encoding="utf-8").replace(old, new)
    file.write_text(text.replace(":token\t", "\t") if name.endswith("inter") else text, encoding="utf-8")
    with pytest.raises(DatasetError, match=complaint):
        read_tables(tmp_path)


def test_a_folder_without_the_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no MovieLens-100K here.*u\.data"):
        prepare(tmp_path / "out", tmp_path)


@pytest.mark.parametrize("name", ["u.item", "u.user", "u.data"])
def test_an_incomplete_folder_names_what_is_missing(tmp_path: Path, name: str) -> None:
    (write_grouplens(tmp_path) / name).unlink()
    with pytest.raises(DatasetError, match=f"{name} missing beside"):
        read_tables(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (write_grouplens(tmp_path) / "u.data").write_text("")
    with pytest.raises(DatasetError, match=r"u\.data: no rows"):
        read_tables(tmp_path)


# Download


def wheel_with(cache: Path, files: Path, left_out: str = "") -> None:
    cache.mkdir()
    with zipfile.ZipFile(cache / "recbole-1.2.1-py3-none-any.whl", "w") as wheel:
        for file in files.iterdir():
            if file.name != left_out:
                wheel.write(file, f"recbole/dataset_example/ml-100k/{file.name}")


def test_data_are_taken_from_the_wheel_in_the_cache(tmp_path: Path) -> None:
    atomic = write_atomic(tmp_path / "atomic")
    wheel_with(tmp_path / "cache", atomic)
    summary = prepare(tmp_path / "out", cache=tmp_path / "cache")
    assert (summary.num_users, summary.num_items, summary.num_train_rows) == (NUM_USERS, NUM_ITEMS, 480)
    assert {file.name for file in (tmp_path / "cache" / "ml-100k").iterdir()} == {f.name for f in atomic.iterdir()}


def test_a_wheel_without_a_file_is_reported(tmp_path: Path) -> None:
    wheel_with(tmp_path / "cache", write_atomic(tmp_path / "atomic"), left_out="ml-100k.user")
    with pytest.raises(DatasetError, match=r"ml-100k\.user.*delete the file"):
        download_movielens(tmp_path / "cache")


@pytest.mark.parametrize(
    ("outcome", "complaint"),
    [
        pytest.param(
            subprocess.CompletedProcess([], 1, "", "WARNING: retrying\nERROR: No matching distribution\n"),
            "ERROR: No matching distribution.*or name a folder",
            id="pip_fails",
        ),
        pytest.param(subprocess.CompletedProcess([], 0, "", ""), "pip exited with 0", id="no_wheel"),
        pytest.param(subprocess.TimeoutExpired("pip", 300), "longer than 300 s", id="no_answer"),
    ],
)
def test_a_failed_download_says_why_and_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    outcome: subprocess.CompletedProcess[str] | subprocess.TimeoutExpired,
    complaint: str,
) -> None:
    def pip(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        if isinstance(outcome, subprocess.TimeoutExpired):
            raise outcome
        return outcome

    monkeypatch.setattr(movielens_source.subprocess, "run", pip)
    with pytest.raises(DatasetError, match=complaint):
        download_movielens(tmp_path / "cache")


# Files


@pytest.mark.parametrize("vectors", get_args(Vectors))
def test_files_have_the_widths_and_types_of_their_schema(tmp_path: Path, vectors: Vectors) -> None:
    prepare(tmp_path, write_grouplens(tmp_path / "source"), vectors=vectors)
    entries = json.loads((tmp_path / "schema.json").read_text())["schema"]
    scalars = {"float_list": pa.float32(), "int64_list": pa.int64()}
    expected = {
        entry["feature_name"]: scalars[entry["dtype"]]
        if entry["length"] == 1
        else vector_type(scalars[entry["dtype"]], entry["length"], vectors)
        for entry in entries
    }
    assert list(expected) == ["continuous", "binary", "discrete", *TASKS]
    for part in PARTS:
        schema = pq.read_schema(tmp_path / f"{part}.parquet")
        assert {field.name: field.type for field in schema} == expected, part


def test_labels_inputs_and_ids_belong_to_their_row(tables: MovieLensTables) -> None:
    features = build_features(tables, split_rows(tables.timestamps))
    for row, (user, item, stars, _) in enumerate(interactions()):
        assert features.discrete[row].tolist() == [user - 1, item - 1]
        assert dict(zip(TASKS, features.labels[row].tolist(), strict=True)) == {
            "disliked": stars <= 2,
            "liked": stars >= 4,
            "loved": stars == 5,
        }
        flags = dict(zip(BINARY_FEATURES, features.binary[row].tolist(), strict=True))
        assert flags["user_is_female"] == (user % 2 == 0)
        assert sum(flag for name, flag in flags.items() if name.startswith("occupation_")) == 1
        assert [tables.genres[item - 1].tolist(), tables.ages[user - 1]] == [
            features.binary[row, :19].tolist(),
            features.continuous[row, CONTINUOUS_FEATURES.index("user_age")],
        ]


# Leakage


@pytest.mark.parametrize("stars", [1, 5])
@pytest.mark.parametrize("part", ["validation", "test"])
def test_labels_outside_the_training_part_change_no_feature(tables: MovieLensTables, part: str, stars: int) -> None:
    split = split_rows(tables.timestamps)
    before, after = build_features(tables, split), features_after(tables, vars(split)[part], stars)
    assert not np.array_equal(before.labels, after.labels)
    for inputs in ("continuous", "binary", "discrete"):
        assert np.array_equal(getattr(before, inputs), getattr(after, inputs)), inputs


@pytest.mark.parametrize("position", [0, 1, 17, 479])
@pytest.mark.parametrize("stars", [1, 5])
def test_a_training_rows_own_label_changes_others_features_but_not_its_own(
    tables: MovieLensTables, position: int, stars: int
) -> None:
    split = split_rows(tables.timestamps)
    row = split.train[position]
    assert tables.ratings[row] != stars, "the case would change nothing"
    before = build_features(tables, split).continuous
    after = features_after(tables, row, stars).continuous
    assert np.array_equal(before[row], after[row])
    same_user = np.setdiff1d(np.flatnonzero(tables.user_ids == tables.user_ids[row]), row)
    assert not np.array_equal(before[same_user], after[same_user])


def test_history_is_the_mean_over_the_training_rows_of_other_folds(tables: MovieLensTables) -> None:
    split = split_rows(tables.timestamps)
    folds = {int(row): position % NUM_FOLDS for position, row in enumerate(split.train)}
    features = build_features(tables, split).continuous
    for row in range(0, NUM_ROWS, 13):
        seen = np.array([other for other, fold in folds.items() if fold != folds.get(row)])
        own = seen[tables.item_ids[seen] == tables.item_ids[row]]
        overall = tables.ratings[seen].mean()
        expected = (tables.ratings[own].sum() + 5 * overall) / (len(own) + 5)
        values = dict(zip(CONTINUOUS_FEATURES, features[row].tolist(), strict=True))
        assert values["item_num_ratings"] == len(own)
        assert values["item_mean_rating"] == pytest.approx(expected, rel=1e-6)


# Baselines


def scores_at(offset: float) -> list[Score]:
    """The best baseline of every task `offset` beside what is expected, another far below, the ranker far above."""
    of_models = {RANKER: 1.0, "worse": 0.6}
    scores = [Score(task, model, {"auroc": auc}, {}) for task in EXPECTED_TEST_AUC for model, auc in of_models.items()]
    return scores + [Score(task, "better", {"auroc": auc + offset}, {}) for task, auc in EXPECTED_TEST_AUC.items()]


@pytest.mark.parametrize("offset", [-0.0019, 0.0, 0.05])
def test_baselines_that_reach_what_is_expected_pass(offset: float) -> None:
    check_baselines(scores_at(offset))


@pytest.mark.parametrize("offset", [-0.0021, -0.2, float("nan")])
def test_baselines_that_fall_short_are_refused_task_by_task(offset: float) -> None:
    with pytest.raises(BaselineError, match=r"liked: .*loved: .*disliked: "):
        check_baselines(scores_at(offset))


def test_a_task_without_baselines_is_refused() -> None:
    with pytest.raises(BaselineError, match=r"\(loved: AUC nan"):
        check_baselines([score for score in scores_at(0.0) if score.task != "loved"])


def test_the_verb_prepares_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_grouplens(tmp_path / "source")
    assert main(["data", "movielens", "-o", str(tmp_path / "out"), "--source", str(source)]) == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == [
        "schema.json",
        "test.parquet",
        "train.parquet",
        "validation.parquet",
    ]
    assert main(["data", "movielens", "-o", str(tmp_path / "out"), "--source", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err
