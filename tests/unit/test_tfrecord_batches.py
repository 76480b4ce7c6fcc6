"""TFRecord files give the batches that Parquet files of the same rows give, from files and from a data service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from rankspec.recap.v1.data_pb2 import ExplicitDateInputs
from tests.unit.served import ranker, remote, serving
from tests.unit.small_data import batches_of, columns_of, data_config, opened, write_files
from tests.unit.test_dataset_storage import Bucket
from tests.unit.tf_examples import FORMS, examples_of, write_records

from rankspec.cli import main
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.trainer.data.storage import address
from rankspec.trainer.data.tfrecord import file as tfrecord_file
from rankspec.trainer.data_error import DataError

_SIZES = (40, 24, 9)


@pytest.fixture(autouse=True)
def _small_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many rows as `write_files` has in a row group."""
    monkeypatch.setattr(tfrecord_file, "ROW_GROUP_ROWS", 7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same rows as Parquet and in each form of TFRecord."""
    folder = write_files(tmp_path / "data", _SIZES)
    for number, size in enumerate(_SIZES):
        first = sum(_SIZES[:number])
        examples = examples_of(columns_of(np.arange(first, first + size)))
        for form in FORMS:
            write_records(folder / f"{'abc'[number]}.{form}", examples)
    return folder


def assert_same(ours: list[RecapBatch], theirs: list[RecapBatch]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        for name in ("continuous", "binary", "discrete", "author_embedding", "labels", "weights"):
            assert torch.equal(getattr(one, name), getattr(other, name)), name
        assert one.carried["meta__row"].tolist() == other.carried["meta__row"].tolist()


_SETTINGS: dict[str, dict[str, Any]] = {
    "in order": {},
    "shuffled": {"examples_shuffle_buffer_size": 50, "file_batch_size": 2},
    "by three threads": {"examples_shuffle_buffer_size": 20, "interleave_num_parallel_calls": 3},
    "kept": {"examples_shuffle_buffer_size": 20, "cache": True},
}


@pytest.mark.parametrize("start", [0, 11])
@pytest.mark.parametrize("settings", _SETTINGS)
@pytest.mark.parametrize("form", FORMS)
def test_batches_are_those_of_parquet(folder: Path, form: str, settings: str, start: int) -> None:
    fields, shuffle = _SETTINGS[settings], settings != "in order"
    num_batches = 40 if shuffle else None
    theirs = opened(data_config(folder, **fields), shuffle=shuffle)
    ours = opened(data_config(folder, inputs=f"{folder}/*.{form}", **fields), shuffle=shuffle)
    assert_same(batches_of(ours, start, num_batches), batches_of(theirs, start, num_batches))


@pytest.mark.parametrize("form", FORMS)
def test_a_data_service_reads_them_too(folder: Path, form: str) -> None:
    served = data_config(folder, inputs=f"{folder}/*.{form}")
    with serving(ranker(served)) as server:
        assert_same(batches_of(opened(remote(folder, server)), 0, 20), batches_of(opened(data_config(folder)), 0, 20))


def test_files_of_two_forms_are_refused(folder: Path) -> None:
    with pytest.raises(
        DataError, match=r"a\.parquet is Parquet and .*a\.tfrecord is TFRecord; a data set has files of"
    ):
        opened(data_config(folder, inputs=f"{folder}/*.*[td]", ignore_data_errors=True))


def test_a_damaged_file_is_refused_or_left_out(folder: Path) -> None:
    damaged = folder / "b.tfrecord.gz"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    config = data_config(folder, inputs=f"{folder}/*.gz")

    with pytest.raises(DataError, match=r"b\.tfrecord\.gz: record \d+: ends within .*ignore_data_errors: true"):
        opened(config)
    config.ignore_data_errors = True
    dataset = opened(config)
    assert dataset.num_rows == _SIZES[0] + _SIZES[2]
    assert [note for note in dataset.notes if "b.tfrecord.gz" in note]


def test_rows_that_turn_out_to_be_bad_end_the_run(folder: Path) -> None:
    examples = examples_of(columns_of(np.arange(40)))
    del (columns := columns_of(np.arange(1)))["reply"]
    examples[33] = examples_of(columns)[0]
    write_records(folder / "a.tfrecord.gz", examples)
    dataset = opened(data_config(folder, inputs=f"{folder}/*.gz", ignore_data_errors=True), shuffle=False)
    with pytest.raises(DataError, match=r'a\.tfrecord\.gz, row group 4, row 33, column "reply": there is no value'):
        batches_of(dataset)


def test_a_file_that_is_replaced_while_it_is_read_is_told(folder: Path) -> None:
    dataset = opened(data_config(folder, inputs=f"{folder}/*.gz"), shuffle=False)
    (folder / "c.tfrecord.gz").write_bytes((folder / "a.tfrecord.gz").read_bytes())
    with pytest.raises(DataError, match=r"c\.tfrecord\.gz: the file was replaced since the run began"):
        batches_of(dataset)


@pytest.mark.parametrize("ending", ["tfrecord", "gz", "gzip", "zlib"])
def test_folders_of_days_hold_them(folder: Path, ending: str) -> None:
    form = {"tfrecord": "tfrecord", "zlib": "zlib"}.get(ending, "tfrecord.gz")
    for day in ("05", "06"):
        (folder / "2026/01" / day).mkdir(parents=True)
        os.link(folder / f"{'a' if day == '05' else 'b'}.{form}", folder / f"2026/01/{day}/part.{ending}")
    days = ExplicitDateInputs(data_root=str(folder), end_date="2026/01/06", days=2)
    assert opened(data_config(folder, explicit_date_inputs=days)).num_rows == _SIZES[0] + _SIZES[1]


def _run(*arguments: str | Path) -> int:
    return main(["data", *map(str, arguments)])


@pytest.mark.parametrize("vectors", ["bytes", "lists"])
def test_random_rows_are_the_same_in_both_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vectors: str) -> None:
    monkeypatch.chdir(tmp_path)
    size = ("--small", "--rows", 1100, "--files", 2)
    assert _run("random", "-o", "parquet", *map(str, size), "--vectors", vectors) == 0
    assert _run("random", "-o", "tfrecord", *map(str, size), "--format", "tfrecord") == 0
    convert = ("convert", "--schema", "parquet/schema.json")
    assert _run(*convert, "tfrecord/*.tfrecord.gz", "--format", "parquet", "-o", "back", "--vectors", vectors) == 0
    assert _run(*convert, "parquet/*.parquet", "--format", "tfrecord", "-o", "there") == 0

    for name in ("part-00000", "part-00001"):
        ours, theirs = (pq.read_table(f"{folder}/{name}.parquet") for folder in ("back", "parquet"))
        assert ours.to_pydict() == theirs.to_pydict()
        assert Path(f"there/{name}.tfrecord.gz").read_bytes() == Path(f"tfrecord/{name}.tfrecord.gz").read_bytes()
    assert Path("there/schema.json").read_bytes() == Path("parquet/schema.json").read_bytes()


def test_tfrecord_has_no_vectors_to_choose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("random", "-o", str(tmp_path / "rows"), "--format", "tfrecord", "--vectors", "lists") == 1
    assert "--vectors is of Parquet files" in capsys.readouterr().err
    assert not (tmp_path / "rows").exists()


def test_lists_are_not_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "schema.json").write_text('{"schema": [{"feature_name": "tags", "dtype": "int64_list", "length": -1}]}')

    for form in ("parquet", "tfrecord"):
        convert = ("convert", f"{tmp_path}/*.parquet", "--schema", tmp_path / "schema.json", "--format", form)
        assert _run(*convert, "-o", tmp_path / "out") == 1
        assert "only columns of one length are converted; lists are read from Parquet alone" in capsys.readouterr().err


def test_converting_writes_over_nothing(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    convert = ("convert", f"{folder}/*.gz", "--schema", folder / "schema.json", "--format", "parquet", "-o")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/b.parquet").touch()
    assert _run(*convert, tmp_path / "out") == 1
    assert (
        capsys.readouterr().err == f"error: {tmp_path}/out/b.parquet is there; name another folder, or move it away\n"
    )
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["b.parquet"]


def test_converting_a_damaged_file_leaves_no_part_of_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = columns_of(np.arange(3))
    columns["cont"] = columns["cont"][:, :5]
    write_records(folder / "c.zlib", [*examples_of(columns_of(np.arange(9))), *examples_of(columns)])
    convert = ("convert", f"{folder}/*.zlib", "--schema", folder / "schema.json", "--format", "tfrecord", "-o")
    assert _run(*convert, tmp_path / "out") == 1
    assert 'row 9, column "cont": there are 5 values; the schema says 6' in capsys.readouterr().err
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.tfrecord.gz", "b.tfrecord.gz"]


@pytest.mark.parametrize("form", FORMS)
def test_they_are_read_from_an_address(folder: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    bucket = Bucket()
    monkeypatch.setattr(address, "connected", bucket.connect)
    for file in folder.glob(f"*.{form}"):
        bucket.write(f"bucket/rows/{file.name}", file.read_bytes())
    fields = {"examples_shuffle_buffer_size": 20}
    ours = opened(data_config(folder, inputs=f"s3://bucket/rows/*.{form}", **fields))
    assert_same(batches_of(ours, 3, 12), batches_of(opened(data_config(folder, **fields)), 3, 12))
