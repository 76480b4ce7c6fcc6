"""Starting from the weights of another run."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from tests.integration.trainer.runs import Runs, data_set, newest, records_of, steps_of, tensors_of, write_data

from rankspec.trainer.errors import TrainError

_STILL = "optimizer { single_task_learning_rate { constant: 0 } } training { num_train_steps: 1 }"


def _start(runs: Runs, name: str = "first", step: int = 8) -> str:
    return f'training {{ initial_checkpoint_dir: "{runs.folder}/{name}/{step}" }}'


def test_weights_are_taken_over(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    first = runs.train("first", "training { num_train_steps: 8 }")
    second = runs.train("second", _STILL, _start(runs))

    output = capsys.readouterr().err
    names = set(tensors_of(newest(first), "model."))
    assert f"{len(names)} loaded: {', '.join(sorted(names))}" in output
    assert not [kind for kind in ("new,", "of another shape", "left over") if kind in output]
    before, after = (tensors_of(newest(folder), "model.") for folder in (first, second))
    # Batch norm's statistics move even where no weight does.
    weights = [name for name in before if name.endswith(("weight", "bias"))]
    assert weights
    assert all(torch.equal(before[name], after[name]) for name in weights)
    assert [record["step"] for record in records_of(second, "train")] == [1], "its steps count from its own start"


def test_what_does_not_fit_is_listed(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    first = runs.train("first", "training { num_train_steps: 8 }")
    job_change = 'model { small_embeddings { tables { name: "item" num_embeddings: 20 embedding_dim: 4 index: 1 } } }'
    second = runs.train("second", _STILL, _start(runs), job_change)

    saved, own = (tensors_of(newest(folder), "model.") for folder in (first, second))
    output = " ".join(capsys.readouterr().err.split())
    both = saved.keys() & own.keys()
    reshaped = sorted(name for name in both if saved[name].shape != own[name].shape)
    new = sorted(own.keys() - saved.keys())
    assert new
    assert reshaped
    assert f"{len(new)} new, kept at their random start: {', '.join(new)}" in output
    assert f"{len(reshaped)} of another shape, kept at their random start: {', '.join(reshaped)}" in output
    assert f"{len(both) - len(reshaped)} loaded: " in output
    runs.train("third", _STILL, _start(runs, "second", 1))
    assert f"{len(new)} left over in the checkpoint: {', '.join(new)}" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("members", [(1, 2), (2, 1)], ids=["to_members", "from_members"])
def test_model_of_which_nothing_fits_is_refused_with_the_way_out(runs: Runs, members: tuple[int, int]) -> None:
    first, second = (f"model {{ members: {number} }}" for number in members)
    runs.train("first", first, "training { num_train_steps: 1 }", plain=True)

    with pytest.raises(TrainError, match=r"nothing in .*/first/1 fits this model: .*model\.members was") as raised:
        runs.train("second", second, _STILL, _start(runs, "first", 1), plain=True)

    assert raised.value.path == "training.initial_checkpoint_dir"


@pytest.mark.parametrize("change", ["mask", "column"])
def test_other_inputs_of_the_same_width_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    runs = Runs(tmp_path, tmp_path)
    write_data(tmp_path)
    for name in ("train", "valid"):
        table = pq.read_table(tmp_path / f"{name}.parquet")
        pq.write_table(table.append_column("other", table.column("continuous")), tmp_path / f"{name}.parquet")
    schema = (tmp_path / "schema.json").read_text()
    (tmp_path / "schema.json").write_text(schema.replace("[", f"[{_OTHER_COLUMN}, ", 1))
    for place in (1, 2):
        np.save(tmp_path / f"mask{place}.npy", np.arange(6) != place)
    changes = {
        "mask": f'preprocess {{ truncate_and_slice {{ continuous_feature_mask_path: "{tmp_path}/mask2.npy" }} }}',
        "column": 'seg_dense_schema { renamed_features { key: "continuous" value: "other" } }',
    }
    said = {
        "mask": '"continuous" has another kept: places 0, 1, 3, 4, 5 instead of places 0, 2, 3, 4, 5',
        "column": '"continuous" is the column "other" instead of "continuous"',
    }
    mask = f'preprocess {{ truncate_and_slice {{ continuous_feature_mask_path: "{tmp_path}/mask1.npy" }} }}'

    runs.train("first", "training { num_train_steps: 1 }", _of_both(tmp_path, mask), plain=True)
    runs.train("same", _STILL, _start(runs, "first", 1), _of_both(tmp_path, mask), plain=True)
    assert "warning" not in capsys.readouterr().err
    runs.train("second", _STILL, _start(runs, "first", 1), _of_both(tmp_path, mask, changes[change]), plain=True)

    assert f"other inputs, and weights mean what they meant there: {said[change]}\n" in capsys.readouterr().err


_OTHER_COLUMN = '{"feature_name": "other", "dtype": "float_list", "length": 6}'


def _of_both(folder: Path, *changes: str) -> str:
    change = " ".join(changes)
    valid = f"{data_set(folder, 'valid')} {change}"
    return f'train_data {{ {change} }} validation_data {{ key: "valid" value {{ {valid} }} }}'


def test_own_checkpoint_goes_before_the_initial_one(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    runs.train("first", "training { num_train_steps: 8 }")
    runs.train("second", "training { num_train_steps: 3 }", _start(runs))
    capsys.readouterr()

    folder = runs.train("second", "training { num_train_steps: 5 }", _start(runs))

    output = capsys.readouterr().err
    assert "continuing from checkpoint 3" in output
    assert "loaded" not in output
    assert steps_of(folder) == [3, 5]


def test_initial_checkpoint_that_is_missing_is_refused(runs: Runs) -> None:
    with pytest.raises(TrainError, match=r"training\.initial_checkpoint_dir: .*there is no checkpoint of that name"):
        runs.train("run", _start(runs))


def test_initial_checkpoint_that_is_damaged_is_refused(runs: Runs) -> None:
    folder = runs.train("first", "training { num_train_steps: 8 }")
    (folder / "8" / "__0_0.distcp").write_bytes(b"")

    with pytest.raises(TrainError, match=r"__0_0\.distcp is not as it was written"):
        runs.train("run", _start(runs))
