"""A task whose label is a number, beside one whose label is 0 or 1."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.trainer.interruptions import in_step
from tests.integration.trainer.runs import Plan, Runs, assert_same_end, data_set, records_of

from rankspec.trainer.checkpoints import best_checkpoint
from rankspec.trainer.data_error import DataError

TOWER = 'model {{ tasks {{ key: "minutes" value {{ mlp_config {{ layer_sizes: [8, 1] }} kind: {} }} }} }}'
METRICS = ("loss", "rmse", "mae")


def _changes(runs: Runs, *, kind: str = "TASK_KIND_REGRESSION") -> list[str]:
    label = 'tasks { key: "minutes" value {} }'
    return [
        TOWER.format(kind),
        f"train_data {{ {label} }}",
        f'validation_data {{ key: "valid" value {{ {data_set(runs.data, "valid")} {label} }} }}',
        "optimizer { single_task_learning_rate { constant: 0.02 } }",
    ]


@pytest.fixture
def minutes(runs: Runs, tmp_path: Path) -> Runs:
    """The runs' data with a further column that follows from the features, noise apart."""
    own = Runs(runs.folder, tmp_path / "data")
    shutil.copytree(runs.data, own.data)
    rng = np.random.default_rng(5)
    for name in ("train", "valid"):
        table = pq.read_table(own.data / f"{name}.parquet")
        continuous = np.array(table["continuous"].to_pylist())
        values = (3 * continuous[:, 0] + rng.normal(scale=0.1, size=len(table)) - 2).astype(np.float32)
        pq.write_table(
            table.append_column("minutes", pa.array(values)), own.data / f"{name}.parquet", row_group_size=64
        )
    schema = (own.data / "schema.json").read_text()
    entry = '{"feature_name": "minutes", "dtype": "float_list", "length": 1}, '
    (own.data / "schema.json").write_text(schema.replace('{"feature_name": "like"', entry + '{"feature_name": "like"'))
    return own


def test_number_is_learnt_beside_a_class(minutes: Runs) -> None:
    folder = minutes.train("run", *_changes(minutes), "training { num_train_steps: 200 }")

    first, last = (records_of(folder, "valid")[at] for at in (0, -1))
    assert {f"{metric}/minutes" for metric in METRICS} <= last.keys()
    assert {"auroc/like", "rce/reply"} <= last.keys()
    assert "auroc/minutes" not in last
    assert "rmse/like" not in last
    # The label's own deviation is 3.
    assert last["rmse/minutes"] < 1.5 < first["rmse/minutes"]
    assert last["mae/minutes"] < last["rmse/minutes"]
    assert last["loss/minutes"] == pytest.approx(last["rmse/minutes"] ** 2, rel=1e-5)
    scores = pq.read_table(folder / "_scores/valid.parquet")
    errors = scores["prediction/minutes"].to_numpy().astype(float) - scores["label/minutes"].to_numpy()
    assert last["rmse/minutes"] == pytest.approx(np.sqrt((errors**2).mean()))
    assert last["mae/minutes"] == pytest.approx(np.abs(errors).mean())
    trained = records_of(folder, "train")[-1]
    assert trained["rmse/minutes"] == pytest.approx(np.sqrt(trained["loss/minutes"]), rel=1e-4)
    assert 0 < trained["mae/minutes"] < trained["rmse/minutes"]


def test_loss_of_the_model_is_the_weighted_one_wherever_it_is_reported(minutes: Runs) -> None:
    weights = {"like": 1.0, "minutes": 0.125, "reply": 3.0}
    kinds = dict.fromkeys(weights, "TASK_KIND_BINARY_CLASSIFICATION") | {"minutes": "TASK_KIND_REGRESSION"}
    given = [
        f'model {{ tasks {{ key: "{task}" value {{ mlp_config {{ layer_sizes: [8, 1] }} kind: {kinds[task]} '
        f"loss_weight: {weight} }} }} }}"
        for task, weight in weights.items()
    ]
    stratum = 'model { stratifiers { name: "user_3" index: 0 value: 3 } }'
    steps = "training { num_train_steps: 8 train_log_every_n: 8 eval_log_every_n: 8 }"
    best = 'training { best_checkpoint { validation_data: "valid" metric: "loss" } }'
    folder = minutes.train("run", *_changes(minutes), *given, stratum, steps, best)

    valid = records_of(folder, "valid")[-1]
    for record in (records_of(folder, "train")[-1], valid):
        for rows in ("", "@user_3"):
            total = sum(weight * record[f"loss{rows}/{task}"] for task, weight in weights.items()) / 3
            assert record[f"loss{rows}"] == pytest.approx(total)
    scores = pq.read_table(folder / "_scores/valid.parquet")
    assert valid["loss/minutes"] == pytest.approx(scores["loss/minutes"].to_numpy().mean(dtype=float))
    found = best_checkpoint(folder)
    assert found is not None
    assert found.state["best"]["value"] == valid["loss"]
    minutes.evaluate("run", *_changes(minutes), *given, stratum, steps, best)
    assert records_of(folder, "valid", "evaluation.jsonl")[-1]["loss"] == valid["loss"]


def test_best_checkpoint_is_of_the_lowest_error(minutes: Runs) -> None:
    best = 'training { best_checkpoint { validation_data: "valid" metric: "rmse/minutes" } checkpoint_max_to_keep: 1 }'
    folder = minutes.train("run", *_changes(minutes), best)

    records = records_of(folder, "valid")
    lowest = min(records, key=lambda record: record["rmse/minutes"])
    found = best_checkpoint(folder)
    assert found is not None
    assert found.step == lowest["step"]


def test_run_that_was_killed_goes_on_to_the_same_bits(minutes: Runs) -> None:
    whole = minutes.train("whole", *_changes(minutes))

    assert minutes.start("parts", *_changes(minutes), plan=Plan(in_step, [24, 9])).wait() == [-9]
    minutes.train_apart("parts", *_changes(minutes))

    assert_same_end(whole, minutes.folder / "parts")


def test_number_as_a_class_is_refused_with_its_place(minutes: Runs) -> None:
    with pytest.raises(DataError, match="minutes"):
        minutes.train("run", *_changes(minutes, kind="TASK_KIND_BINARY_CLASSIFICATION"))


def test_metrics_are_those_asked_for(minutes: Runs) -> None:
    folder = minutes.train("run", *_changes(minutes), 'which_metrics: "mae,auroc" training { num_train_steps: 10 }')

    last = records_of(folder, "valid")[-1]
    assert {key for key in last if "/" in key} == {"mae/minutes", "auroc/like", "auroc/reply"}
