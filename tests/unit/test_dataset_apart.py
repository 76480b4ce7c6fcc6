"""Data in the folder that a run writes is refused, and a pattern that takes what the run writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from tests.unit.small_data import TASKS, data_config, write_files

from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.data.dataset import open_dataset
from rankspec.trainer.data_error import DataError


def open_beside(config: RecapDataConfig, save_dir: Path) -> None:
    inputs = input_signature(config, "train_data")
    with open_dataset(
        config, inputs, TASKS, seed=0, shuffle=False, path="train_data", weigh=False, save_dir=save_dir
    ) as dataset:
        assert dataset.num_rows > 0


@pytest.mark.parametrize("depth", [".", "data", "a/b"])
def test_data_in_the_runs_folder_is_refused(tmp_path: Path, depth: str) -> None:
    folder = write_files(tmp_path / "run" / depth, [16])
    with pytest.raises(DataError, match=r"a\.parquet lies in the folder .*run that the run writes") as caught:
        open_beside(data_config(folder), tmp_path / "run")
    assert caught.value.path == "train_data.inputs"


def test_data_that_links_lead_into_the_runs_folder_is_refused(tmp_path: Path) -> None:
    write_files(tmp_path / "run", [16])
    folder = write_files(tmp_path / "data", [16])
    (tmp_path / "alias").symlink_to("run")
    (folder / "b.parquet").symlink_to(tmp_path / "run" / "a.parquet")
    with pytest.raises(DataError, match=r"b\.parquet lies in the folder"):
        open_beside(data_config(folder), tmp_path / "alias")


def test_dated_data_in_the_runs_folder_is_refused(tmp_path: Path) -> None:
    write_files(tmp_path / "run/2023/02/28", [16])
    config = data_config(write_files(tmp_path / "schema", []))
    config.explicit_date_inputs.data_root = str(tmp_path / "run")
    config.explicit_date_inputs.end_date = "2023/02/28"
    config.explicit_date_inputs.days = 1
    with pytest.raises(DataError, match="lies in the folder") as caught:
        open_beside(config, tmp_path / "run")
    assert caught.value.path == "train_data.explicit_date_inputs"


@pytest.mark.parametrize("field", ["schema_path", "continuous_feature_mask_path"])
def test_schema_and_masks_in_the_runs_folder_are_refused(tmp_path: Path, field: str) -> None:
    config = data_config(write_files(tmp_path / "data", [16]))
    (tmp_path / "run").mkdir()
    if field == "schema_path":
        (tmp_path / "data" / "schema.json").rename(tmp_path / "run" / "schema.json")
        config.seg_dense_schema.schema_path = str(tmp_path / "run" / "schema.json")
    else:
        np.save(tmp_path / "run" / "mask.npy", np.ones(6))
        config.preprocess.truncate_and_slice.continuous_feature_mask_path = str(tmp_path / "run" / "mask.npy")
    with pytest.raises(DataError, match="lies in the folder") as caught:
        open_beside(config, tmp_path / "run")
    assert caught.value.path.endswith(field)


@pytest.mark.parametrize(
    ("pattern", "save_dir"),
    [
        *(("**/*", "run"), ("*/*/*", "run"), ("**/*", "deep/er/run"), ("*/[0-9]*/*", "run"), ("d*/**/*", "data/0/run")),
        *(("*/_*/*.parquet", "run"), ("**/_scores/evaluation/*.parquet", "run")),
    ],
)
def test_a_pattern_that_takes_what_the_run_writes_is_refused_before_it_writes(
    tmp_path: Path, pattern: str, save_dir: str
) -> None:
    for place in ("0", "_0", "_scores/evaluation"):
        write_files(tmp_path / "input" / "data" / place, [16])
    config = data_config(write_files(tmp_path / "schema", []), inputs=f"{tmp_path}/input/{pattern}")
    with pytest.raises(DataError, match=r"would take what the run writes into .*, such as") as caught:
        open_beside(config, tmp_path / "input" / save_dir)
    assert caught.value.path == "train_data.inputs"


@pytest.mark.parametrize("save_dir", ["run", "data/run", "data-run", "data/0/run"])
def test_a_run_beside_or_below_its_data_is_fine(tmp_path: Path, save_dir: str) -> None:
    folder = write_files(tmp_path / "data" / "0", [16])
    open_beside(data_config(folder, inputs=f"{tmp_path}/**/*.parquet"), tmp_path / save_dir)
