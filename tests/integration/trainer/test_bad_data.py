"""What the command says of data that it cannot train on: a status, one error with its place, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.trainer.runs import Runs, steps_of, write_data

from rankspec.cli import main


@pytest.fixture
def own(tmp_path: Path) -> Runs:
    """Runs over data that a test may change."""
    (tmp_path / "data").mkdir()
    write_data(tmp_path / "data")
    return Runs(tmp_path, tmp_path / "data")


Train = Callable[..., tuple[int, str]]


@pytest.fixture
def train(own: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Train:
    """Runs `rankspec train` with some fields set to other values; gives its status and what it said."""

    def run(*overrides: str, name: str = "run") -> tuple[int, str]:
        config = tmp_path / f"{name}.textproto"
        config.write_text(own.job(name, "training { num_train_steps: 8 checkpoint_every_n: 4 }").text)
        sets = [word for override in overrides for word in ("--set", override)]
        status = main(["train", str(config), *sets])
        return status, capsys.readouterr().err

    return run


def assert_refused(found: tuple[int, str], *words: str, code: str = "data.refused") -> None:
    status, said = found
    assert status == 1, said
    assert said.count("error:") == 1
    assert f"[{code}]" in said
    assert "Traceback" not in said
    assert [word for word in words if word not in said] == []


def rewritten(file: Path, column: str, change: Callable[[Any], None], **options: Any) -> None:
    table = pq.read_table(file)
    values = np.array(table[column].to_pylist())
    change(values)
    flat = pa.array(values.reshape(-1))
    array = flat if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    pq.write_table(table.set_column(table.column_names.index(column), column, array), file, **options)


@pytest.mark.parametrize("split", ["train", "valid"])
def test_an_id_without_a_row_ends_training_with_its_file_row_and_column(own: Runs, train: Train, split: str) -> None:
    def change(ids: Any) -> None:
        ids[70, 0] = -5

    rewritten(own.data / f"{split}.parquet", "discrete", change, row_group_size=64)
    where = f'{own.data}/{split}.parquet, row group 1, row 70, column "discrete": value 0 is the id -5'
    assert_refused(train(), where, 'the table "user" has ids from 0 to 19', "model.small_embeddings.tables[0]")


def test_a_label_that_is_none_ends_training_with_its_file_row_and_column(own: Runs, train: Train) -> None:
    def change(labels: Any) -> None:
        labels[70] = 2

    rewritten(own.data / "train.parquet", "reply", change, row_group_size=64)
    assert_refused(train(), f'{own.data}/train.parquet, row group 1, row 70, column "reply": the label is 2')


def test_a_corrupt_page_ends_training_and_leaves_the_checkpoints(own: Runs, train: Train, tmp_path: Path) -> None:
    file = own.data / "train.parquet"
    pq.write_table(pq.read_table(file), file, compression="none", write_page_checksum=True, use_dictionary=False)
    assert train()[0] == 0
    content = bytearray(file.read_bytes())
    content[2000] ^= 1
    file.write_bytes(content)
    found = train("training.num_train_steps=12")
    assert_refused(found, f'{file}, row group 0, column "continuous": cannot be read', "CRC")
    assert steps_of(tmp_path / "run")[-2:] == [4, 8]


def _contents(folder: Path) -> dict[Path, bytes]:
    """All files, but for the one that says what the last run did."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "status.json"}


def test_a_changed_file_in_mid_epoch_ends_a_resume_and_leaves_the_checkpoints(
    own: Runs, train: Train, tmp_path: Path
) -> None:
    pattern = f"train_data.inputs={own.data}/train*.parquet"
    assert train(pattern)[0] == 0
    before = _contents(tmp_path / "run")
    (own.data / "train-1.parquet").write_bytes((own.data / "train.parquet").read_bytes())
    found = train(pattern, "training.num_train_steps=12")
    assert_refused(found, "train-1.parquet added, in the middle of an epoch", code="resume.data_changed")
    assert {file: file.read_bytes() for file in before} == before


def test_linked_folders_are_read_by_every_wildcard(own: Runs, train: Train, tmp_path: Path) -> None:
    (tmp_path / "days").mkdir()
    for name in ("day1", "day2"):
        (tmp_path / "disk" / name).mkdir(parents=True)
        (tmp_path / "disk" / name / "p.parquet").write_bytes((own.data / "train.parquet").read_bytes())
        (tmp_path / "days" / name).symlink_to(tmp_path / "disk" / name)
    said = [
        train(f"train_data.inputs={tmp_path}/days/{part}/*.parquet", "train_data.repeat_files=false", name=name)
        for name, part in (("one", "*"), ("two", "**"))
    ]
    assert [status for status, _ in said] == [0, 0]
    too_many = ("train_data.repeat_files=false", "training.num_train_steps=100")
    for part in ("*", "**"):
        found = train(f"train_data.inputs={tmp_path}/days/{part}/*.parquet", *too_many, name=f"more{len(part)}")
        assert_refused(found, "one pass over the 640 rows")


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ("{0}", '{0} is a folder; write "{0}/*.parquet"'),
        ("{0}/train.parquet,{0}/valid.parquet", "a comma separates nothing"),
        ("{0}/{{train,valid}}.parquet", "braces stand for themselves"),
        ("{0}/tra{{in}}.parquet", "braces stand for themselves"),
    ],
)
def test_a_pattern_that_names_nothing_is_refused_with_the_reason(
    own: Runs, train: Train, inputs: str, reason: str
) -> None:
    found = train(f"train_data.inputs={inputs.format(own.data)}")
    assert_refused(found, "no file matches", reason.format(own.data))


def test_data_in_save_dir_are_refused_and_left_alone(own: Runs, train: Train) -> None:
    before = {file: file.read_bytes() for file in own.data.rglob("*") if file.is_file()}
    found = train(f"training.save_dir={own.data}")
    assert_refused(found, f"{own.data}/train.parquet lies in the folder {own.data} that the run writes")
    assert {file: file.read_bytes() for file in own.data.rglob("*") if file.is_file()} == before
