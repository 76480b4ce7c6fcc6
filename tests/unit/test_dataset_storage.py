"""Data in other storages than this machine's folders: the same rows, and errors that name addresses."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from pyarrow import fs
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from tests.unit.small_data import TASKS, batches_of, columns_of, data_config, opened, table_of, write_files

from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.data.dataset import open_dataset
from rankspec.trainer.data.storage import address
from rankspec.trainer.data_error import DataError

torch.set_num_threads(1)


class Bucket:
    """A file system in memory, which others may write to while it is read.

    Attributes:
        uris: what was connected to.
        failure: raised by every later request for what lies in a folder.
    """

    def __init__(self) -> None:
        self.uris: list[str] = []
        self.failure: OSError | None = None
        self._files = fs._MockFileSystem(datetime(2024, 1, 1, tzinfo=UTC))

    def connect(self, uri: str) -> Bucket:
        self.uris.append(uri)
        return self

    def write(self, name: str, content: bytes) -> None:
        self._files.create_dir(name.rpartition("/")[0])
        with self._files.open_output_stream(name, compression=None) as opened:
            opened.write(content)

    def touch(self) -> None:
        """Gives all files another time."""
        before, self._files = self._files, fs._MockFileSystem(datetime(2025, 1, 1, tzinfo=UTC))
        fs.copy_files("", "", source_filesystem=before, destination_filesystem=self._files)

    def get_file_info(self, what: Any) -> Any:
        if self.failure and isinstance(what, fs.FileSelector):
            raise self.failure
        return self._files.get_file_info(what)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = Bucket()
    monkeypatch.setattr(address, "connected", made.connect)
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), [20, 16, 25])


def copied(folder: Path, bucket: Bucket, below: str) -> None:
    for file in folder.glob("*.parquet"):
        bucket.write(f"{below}/{file.name}", file.read_bytes())


def bits(batches: list[RecapBatch]) -> list[list[object]]:
    names = ("continuous", "binary", "discrete", "author_embedding", "labels", "weights")
    return [[*(getattr(one, name).tolist() for name in names), one.carried["meta__row"].tolist()] for one in batches]


@pytest.mark.parametrize(
    ("inputs", "below", "uri"),
    [
        ("s3://bucket/x/*.parquet", "bucket/x", "s3://bucket/"),
        ("gs://bucket/**/?.parquet", "bucket/x/y", "gs://bucket/"),
        ("hdfs://node:8020/x/[abc].parquet", "/x", "hdfs://node:8020/"),
        ("hdfs:///x/*/*.parquet", "/x/y", "hdfs:///"),
    ],
    ids=["s3", "gs", "hdfs", "hdfs/default"],
)
def test_rows_and_identity_are_those_of_the_same_files_on_this_machine(
    folder: Path, bucket: Bucket, inputs: str, below: str, uri: str
) -> None:
    copied(folder, bucket, below)
    here = opened(data_config(folder, examples_shuffle_buffer_size=20))
    there = opened(data_config(folder, examples_shuffle_buffer_size=20, inputs=inputs))
    assert bucket.uris == [uri]
    assert [str(file.file).rpartition("/")[2] for file in there.files] == ["a.parquet", "b.parquet", "c.parquet"]
    assert str(there.files[0].file).startswith(uri)
    assert list(there.identity["files"].values()) == list(here.identity["files"].values())
    assert there.content == here.content
    assert bits(batches_of(there, 0, 9)) == bits(batches_of(here, 0, 9))


def test_a_file_address_is_the_path_of_this_machine(folder: Path) -> None:
    here, there = (opened(data_config(folder, inputs=f"{at}{folder}/*.parquet")) for at in ("", "file://"))
    assert [file.file for file in there.files] == [file.file for file in here.files]
    assert there.identity == here.identity


def dated(folder: Path, root: str, days: int) -> RecapDataConfig:
    config = data_config(folder)
    config.explicit_date_inputs.data_root = root
    config.explicit_date_inputs.end_date = "2024/03/01"
    config.explicit_date_inputs.days = days
    return config


def test_dated_folders_are_found_in_an_address(folder: Path, bucket: Bucket) -> None:
    bucket.write("bucket/x/2024/02/29/p.parquet", (folder / "a.parquet").read_bytes())
    bucket.write("bucket/x/2024/03/01/p.parquet", (folder / "b.parquet").read_bytes())
    with opened(dated(folder, "s3://bucket/x/", 2)) as dataset:
        assert list(dataset.identity["files"]) == ["2024/02/29/p.parquet", "2024/03/01/p.parquet"]
    with pytest.raises(DataError, match=r"1 of 3 days have no folder .* the first is s3://bucket/x/2024/02/28"):
        opened(dated(folder, "s3://bucket/x", 3))


def test_hidden_names_are_left_out_and_told_by_their_address(folder: Path, bucket: Bucket) -> None:
    copied(folder, bucket, "bucket/x")
    bucket.write("bucket/x/_delta/0/a.parquet", b"")
    bucket.write("bucket/x/.a.parquet", b"")
    with opened(data_config(folder, inputs="s3://bucket/**/*.parquet")) as dataset:
        assert len(dataset.files) == 3
        (note,) = dataset.notes
    assert note.startswith("2 files are left out")
    assert note.endswith(": s3://bucket/x/.a.parquet, …")


# Pattern below the bucket, and what is said of it.
NO_MATCH = {
    "folder": ("x", 's3://bucket/x is a folder; write "s3://bucket/x/*.parquet"'),
    "case": ("x/*.PARQUET", "the case of letters counts, and there is s3://bucket/x/a.parquet"),
    "missing folder": ("y/*.parquet", 'there is no "y" in s3://bucket'),
    "file for a folder": ("x/a.parquet/*.parquet", "s3://bucket/x/a.parquet is no folder"),
    "misspelt file": ("x/a.parqet", 'did you mean "a.parquet"?'),
    "deeper": ("*.parquet", 's3://bucket/x/a.parquet lies deeper; write "s3://bucket/*/*.parquet"'),
    "other ending": ("x/*.pq", "s3://bucket/x has a.parquet, b.parquet, c.parquet"),
}


@pytest.mark.parametrize("case", NO_MATCH)
def test_why_no_file_matches_an_address_is_said(folder: Path, bucket: Bucket, case: str) -> None:
    copied(folder, bucket, "bucket/x")
    pattern, reason = NO_MATCH[case]
    with pytest.raises(DataError) as caught:
        opened(data_config(folder, inputs=f"s3://bucket/{pattern}"))
    assert caught.value.message == f'no file matches "s3://bucket/{pattern}": {reason}'


def test_a_bucket_that_is_not_there_is_told(folder: Path, bucket: Bucket) -> None:
    copied(folder, bucket, "other")
    with pytest.raises(DataError, match=r'no file matches "s3://bucket/x/\*": there is no s3://bucket$'):
        opened(data_config(folder, inputs="s3://bucket/x/*"))


def test_a_folder_of_files_that_the_pattern_does_not_name_is_refused(folder: Path, bucket: Bucket) -> None:
    copied(folder, bucket, "bucket/x")
    bucket.write("bucket/x/d.parquet/part.parquet", b"")
    with pytest.raises(DataError, match=r"s3://bucket/x/d\.parquet is a folder with files in it, such as part\.parq"):
        opened(data_config(folder, inputs="s3://bucket/x/*.parquet"))


def test_a_storage_that_cannot_be_reached_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(uri: str) -> None:
        raise OSError(f"no {uri} today\nor tomorrow")

    monkeypatch.setattr(address, "connected", fail)
    with pytest.raises(DataError, match="hdfs://node cannot be reached: no hdfs://node/ today or tomorrow") as caught:
        opened(data_config(folder, inputs="hdfs://node/x/*.parquet"))
    assert caught.value.path == "train_data.inputs"


def test_a_folder_that_cannot_be_listed_is_refused(folder: Path, bucket: Bucket) -> None:
    bucket.failure = OSError("access denied")
    with pytest.raises(DataError, match="s3://bucket/x cannot be listed: access denied") as caught:
        opened(data_config(folder, inputs="s3://bucket/x/*.parquet"))
    assert caught.value.path == "train_data.inputs"


def test_a_damaged_file_is_named_by_its_address(folder: Path, bucket: Bucket) -> None:
    content = (folder / "a.parquet").read_bytes()
    bucket.write("bucket/x/a.parquet", content[:-9] + b"?" + content[-8:])
    bucket.write("bucket/x/b.parquet", b"PAR1")
    with pytest.raises(DataError, match=r"s3://bucket/x/b\.parquet: cannot be read as Parquet: it is shorter"):
        opened(data_config(folder, inputs="s3://bucket/x/b.parquet"))
    bucket.write("bucket/x/a.parquet", b"PAR1" + b"?" * 4000 + content[4004:])
    with pytest.raises(DataError, match=r'^train_data\.inputs: s3://bucket/x/a\.parquet, row group 0, column "'):
        batches_of(opened(data_config(folder, inputs="s3://bucket/x/a.parquet"), shuffle=False))


def test_a_file_that_changes_during_a_run_is_named_and_a_touched_one_is_read_on(folder: Path, bucket: Bucket) -> None:
    copied(folder, bucket, "bucket/x")
    with opened(data_config(folder, inputs="s3://bucket/x/a.parquet"), shuffle=False) as dataset:
        bucket.touch()
        assert next(dataset.batches()).num_rows == 8
        bucket.write("bucket/x/a.parquet", (folder / "b.parquet").read_bytes())
        with pytest.raises(DataError, match=r"s3://bucket/x/a\.parquet: the file was replaced since the run began"):
            next(dataset.batches())
        bucket.delete_file("bucket/x/a.parquet")
        with pytest.raises(DataError, match=r"s3://bucket/x/a\.parquet: the file is gone, or was cut off"):
            next(dataset.batches())


def test_a_compressed_name_does_not_change_the_bytes_that_are_hashed(folder: Path, bucket: Bucket) -> None:
    bucket.write("bucket/a.gz", (folder / "a.parquet").read_bytes())
    with opened(data_config(folder, inputs="s3://bucket/a.gz")) as there:
        assert there.content == opened(data_config(folder, inputs=f"{folder}/a.parquet")).content


def test_data_in_an_address_may_have_the_name_of_the_runs_folder(folder: Path, bucket: Bucket) -> None:
    copied(folder, bucket, "run/x")
    config = data_config(folder, inputs="s3://run/**/*")
    inputs = input_signature(config)
    with open_dataset(config, inputs, TASKS, seed=0, shuffle=False, weigh=False, save_dir=Path("run")) as dataset:
        assert dataset.num_rows == 61


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """The address of a server that speaks S3 and keeps all in memory."""
    if find_spec("moto") is None:
        pytest.skip("moto[server] is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(300):
                with socket.socket() as client:
                    if client.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def test_s3_is_read_with_what_the_environment_says(
    folder: Path, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (name for name in os.environ if name.startswith("AWS_")):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(DataError, match=r"s3://films(/x)?( cannot be listed:|$)"):
        opened(data_config(folder, inputs="s3://films/x/*.parquet"))
    files = fs.S3FileSystem(endpoint_override=s3_server, allow_bucket_creation=True)
    files.create_dir("films")
    for file in folder.glob("*.parquet"):
        with files.open_output_stream(f"films/x/{file.name}") as opened_file:
            opened_file.write(file.read_bytes())
    dataset = opened(data_config(folder, inputs="s3://films/*/*.parquet"))
    here = opened(data_config(folder))
    assert dataset.content == here.content
    assert bits(batches_of(dataset, 0, 9)) == bits(batches_of(here, 0, 9))
    with opened(data_config(folder, inputs="s3://films/x/c.parquet")) as changing:
        table = table_of(columns_of(np.arange(25)))
        with files.open_output_stream("films/x/c.parquet") as opened_file:
            pq.write_table(table.slice(0, 9), opened_file)
        with pytest.raises(DataError, match=r"s3://films/x/c\.parquet: the file was replaced"):
            next(changing.batches())
