"""Starting from the weights of another run."""

import pytest
import torch
from tests.integration.trainer.runs import Runs, newest, records_of, steps_of, tensors_of

from rankspec.trainer.errors import TrainError

_STILL = "optimizer { single_task_learning_rate { constant: 0 } } training { num_train_steps: 1 }"


def _start(runs: Runs, name: str = "first", step: int = 8) -> str:
    return f'training {{ initial_checkpoint_dir: "{runs.folder}/{name}/{step}" }}'


def test_weights_are_taken_over(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    first = runs.train("first", "training { num_train_steps: 8 }")
    second = runs.train("second", _STILL, _start(runs))

    output = capsys.readouterr().err
    names = {name for name in newest(first).tensor_names() if name.startswith("model.")}
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
