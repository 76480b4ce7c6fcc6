"""Random data: its form, its repeatability, and that there is something in it to learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rankspec.cli import main
from rankspec.datasets import random_data
from rankspec.datasets.random_data import LABELS, PRODUCTION, SMALL, write
from rankspec.datasets.vectors import Vectors, vector_type
from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.data.dataset import open_dataset

torch.set_num_threads(1)


def config_of(folder: Path) -> RecapDataConfig:
    config = RecapDataConfig(inputs=f"{folder}/*.parquet", global_batch_size=50)
    config.seg_dense_schema.schema_path = str(folder / random_data.SCHEMA_FILE)
    config.seg_dense_schema.renamed_features.update(
        continuous=random_data.CONTINUOUS,
        binary=random_data.BINARY,
        discrete=random_data.DISCRETE,
        user_embedding=random_data.EMBEDDINGS[0],
        user_eng_embedding=random_data.EMBEDDINGS[1],
        author_embedding=random_data.EMBEDDINGS[2],
        meta__user_id="meta.user_id",
    )
    for task in LABELS:
        config.tasks[task].SetInParent()
    return config


def test_production_widths_are_those_of_the_ranker(tmp_path: Path) -> None:
    write(tmp_path, num_rows=20, widths=PRODUCTION)
    config = config_of(tmp_path)
    config.preprocess.truncate_and_slice.continuous_feature_truncation = 2117
    config.preprocess.truncate_and_slice.binary_feature_truncation = 59
    inputs = input_signature(config)
    widths = {i.name: (i.stored_length, i.width) for i in inputs}
    assert widths["continuous"] == (6000, 2117)
    assert widths["binary"] == (512, 59)
    assert widths["discrete"] == (320, 320)
    assert [widths[f"{name}_embedding"] for name in ("user", "user_eng", "author")] == [(200, 200)] * 3
    dataset = open_dataset(config, inputs, sorted(LABELS), seed=0, shuffle=False, weigh=True)
    with dataset, dataset.batches() as batches:
        (batch,) = batches
    assert batch.continuous.shape == (20, 2117)
    assert batch.labels.shape == (20, 13)


def test_same_arguments_give_the_same_rows_and_another_seed_others(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b", "c")]
    tables = [
        pa.concat_tables(
            pq.read_table(file) for file in write(folder, num_rows=60, num_files=2, seed=seed, widths=SMALL)
        )
        for folder, seed in zip(folders, (3, 3, 4), strict=True)
    ]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])


def test_rows_are_spread_over_files_and_row_groups(tmp_path: Path) -> None:
    files = write(tmp_path, num_rows=2501, num_files=2, widths=SMALL, prefix="train")
    assert [file.name for file in files] == ["train-00000.parquet", "train-00001.parquet"]
    footers = [pq.read_metadata(file) for file in files]
    groups = [[f.row_group(i).num_rows for i in range(f.num_row_groups)] for f in footers]
    assert groups == [[1000, 250], [1000, 251]]


@pytest.mark.parametrize("vectors", get_args(Vectors))
def test_schema_file_describes_the_columns(tmp_path: Path, vectors: Vectors) -> None:
    (file,) = write(tmp_path, num_rows=5, widths=SMALL, vectors=vectors)
    entries = json.loads((tmp_path / "schema.json").read_text())["schema"]
    stored = pq.read_schema(file)
    assert [entry["feature_name"] for entry in entries] == stored.names
    for entry, field in zip(entries, stored, strict=True):
        values, length = {"float_list": pa.float32(), "int64_list": pa.int64()}[entry["dtype"]], entry["length"]
        assert field.type == (values if length == 1 else vector_type(values, length, vectors))


def test_labels_are_about_as_frequent_as_stated_and_follow_from_the_features(tmp_path: Path) -> None:
    dataset_of = {}
    for part, seed in (("train", 0), ("test", 1)):
        write(tmp_path / part, num_rows=3000, seed=seed, widths=SMALL)
        config = config_of(tmp_path / part)
        config.global_batch_size = 3000
        dataset = open_dataset(config, input_signature(config), list(LABELS), seed=0, shuffle=False, weigh=True)
        with dataset, dataset.batches() as batches:
            (dataset_of[part],) = batches
    train, test = dataset_of["train"], dataset_of["test"]
    assert train.discrete is not None
    assert 0 <= int(train.discrete.min()) < int(train.discrete.max()) < SMALL.num_ids
    rates = train.labels.mean(0).numpy()
    assert np.all(rates > 0.5 * np.array(list(LABELS.values())))
    assert np.all(rates < 0.5)
    features = [torch.sign(b.continuous) * torch.log1p(b.continuous.abs()) for b in (train, test)]
    for task in range(len(LABELS)):
        model = LogisticRegression(C=0.1).fit(features[0].numpy(), train.labels[:, task].numpy())
        scores = model.decision_function(features[1].numpy())
        assert roc_auc_score(test.labels[:, task].numpy(), scores) > 0.7


@pytest.mark.parametrize(("rows", "files"), [(0, 1), (3, 4), (10, 0)])
def test_a_file_without_rows_is_refused(tmp_path: Path, rows: int, files: int) -> None:
    with pytest.raises(ValueError, match="give every file at least one"):
        write(tmp_path, num_rows=rows, num_files=files, widths=SMALL)


def test_the_shipped_small_data_is_what_the_generator_writes(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "configs/recap/tiny_data"
    write(tmp_path, num_rows=560, seed=0, widths=SMALL, prefix="train", vectors="lists")
    write(tmp_path, num_rows=200, seed=1, widths=SMALL, prefix="validation", vectors="lists")
    assert {file.name for file in shipped.iterdir()} == {file.name for file in tmp_path.glob("[!.]*")}
    for file in tmp_path.glob("*.parquet"):
        kept, made = pq.read_table(shipped / file.name), pq.read_table(file)
        for name in (*LABELS, random_data.BINARY, "meta.user_id"):
            # Whole numbers: another processor's logarithms may differ in the last bit.
            assert kept[name].equals(made[name])
    assert sum(file.stat().st_size for file in shipped.iterdir()) <= 200_000


def run_verb(arguments: list[str]) -> int:
    return main(["data", *arguments])


def test_the_verb_writes_a_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "made"
    assert run_verb(["random", "-o", str(folder), "--rows", "30", "--files", "3", "--small"]) == 0
    assert "30 rows" in capsys.readouterr().out
    assert sum(pq.read_metadata(file).num_rows for file in folder.glob("*.parquet")) == 30
    assert (folder / "schema.json").is_file()


def test_the_verb_says_what_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verb(["random", "-o", str(tmp_path), "--rows", "2", "--files", "3", "--small"]) == 1
    (tmp_path / "file").touch()
    assert run_verb(["random", "-o", str(tmp_path / "file" / "x"), "--small"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert [error.split(":")[0] for error in errors] == ["error", "error"]
