"""Metrics by stratum: those of the stratum's rows, wherever figures go, whatever becomes of the run."""

from __future__ import annotations

import math
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import FAILED, Plan, Runs, assert_same_end, newest, records_of, tensors_of
from tests.unit.metric_references import calibration_ratio

from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.program import RecapProgram
from rankspec.metrics.auroc import auroc
from rankspec.metrics.binary import relative_cross_entropy
from rankspec.trainer import follow, waiting
from rankspec.trainer.data.plan import Share
from rankspec.trainer.data_error import DataError

# Users 0 to 19 are in the data; 1234567890123 is beyond float32's whole numbers.
STRATA = """
model {
  stratifiers { name: "user_3" index: 0 value: 3 }
  stratifiers { name: "item-7" index: 1 value: 7 }
  stratifiers { name: "nobody" index: 0 value: 1234567890123 }
}
"""
STEPS = "training { num_train_steps: 12 eval_log_every_n: 6 checkpoint_every_n: 4 }"
BEST = 'training { best_checkpoint { validation_data: "valid" metric: "auroc@user_3/like" patience: 9 } }'


def _columns(folder: Path) -> dict[str, Any]:
    table = pq.read_table(folder / "_scores/valid.parquet")
    return {name: table.column(name).to_numpy() for name in table.column_names}


def _ids(runs: Runs) -> Any:
    return np.stack(pq.read_table(runs.data / "valid.parquet").column("discrete").to_numpy())


@pytest.mark.parametrize("plain", [False, True], ids=["model_reads_ids", "model_reads_none"])
def test_metrics_are_those_of_the_rows_with_the_value(runs: Runs, *, plain: bool) -> None:
    folder = runs.train("run", STRATA, STEPS, plain=plain)

    record, scored, ids = records_of(folder, "valid")[-1], _columns(folder), _ids(runs)
    for name, rows in (("user_3", ids[:, 0] == 3), ("item-7", ids[:, 1] == 7)):
        for task in ("like", "reply"):
            prediction, label, weight, loss = (
                scored[f"{c}/{task}"][rows] for c in ("prediction", "label", "weight", "loss")
            )
            assert record[f"loss@{name}/{task}"] == pytest.approx(loss.mean())
            assert _or_none(auroc(prediction, label, weight)) == record[f"auroc@{name}/{task}"]
            expected = _or_none(relative_cross_entropy(prediction, label, weight))
            assert record[f"rce@{name}/{task}"] == (expected and pytest.approx(expected))
            expected = _or_none(calibration_ratio(prediction, label, weight))
            assert record[f"calibration_ratio@{name}/{task}"] == (expected and pytest.approx(expected))
        mean = (record[f"loss@{name}/like"] + record[f"loss@{name}/reply"]) / 2
        assert record[f"loss@{name}"] == pytest.approx(mean)


@pytest.mark.parametrize("members", [1, 2])
def test_training_figures_are_those_of_the_rows_with_the_value(runs: Runs, members: int) -> None:
    """As the figures of the whole of a batch that has no other rows."""
    user = int(np.stack(pq.read_table(runs.data / "train.parquet").column("discrete").to_numpy())[0, 0])
    stratum = f'stratifiers {{ name: "one" index: 0 value: {user} }}'
    program = RecapProgram(runs.job("run", f"model {{ members: {members} {stratum} }}").config)
    # All of the training data, in evaluation mode: what is computed of a row depends on no other row.
    with program.open_training_data(Share(0, 1), runs.folder) as dataset, dataset.batches(0, 20) as batches:
        every = [batch.to("cpu") for batch in batches]
    program.model.eval()
    batch = next(one for one in every if 1 < (one.discrete[:, 0] == user).sum() < one.num_rows)
    is_in = batch.discrete[:, 0] == user
    rows = {name: value[is_in] for name, value in vars(batch).items() if isinstance(value, torch.Tensor)}

    figures = _training_figures(program, batch)
    alone = _training_figures(program, replace(batch, **rows, global_rows=int(is_in.sum())))

    expected = {key: pytest.approx(value, rel=1e-5, nan_ok=True) for key, value in alone.items() if "@" not in key}
    assert {key.replace("@one", ""): value for key, value in figures.items() if "@one" in key} == expected
    assert all("@one" in key or value != alone[key] for key, value in figures.items())


@torch.no_grad()
def _training_figures(program: RecapProgram, batch: RecapBatch) -> dict[str, float]:
    outputs = program.model(batch)
    losses, sums = program.loss(outputs, batch)[1], program.sums(outputs, batch)
    return program.training_figures(losses.double().numpy(), sums.double().numpy())


def test_table_of_training_rows_has_strata_but_no_auroc(runs: Runs) -> None:
    folder = runs.train("run", STRATA, STEPS)

    kinds = {key.split("/")[0] for key in records_of(folder, "train")[-1] if "@user_3" in key}
    assert kinds == {f"{name}@user_3" for name in ("loss", "rce", "calibration_ratio")}


def _or_none(figure: float) -> float | None:
    return None if math.isnan(figure) else figure


@pytest.mark.parametrize("plain", [False, True], ids=["model_reads_ids", "model_reads_none"])
def test_nothing_else_changes(runs: Runs, *, plain: bool) -> None:
    with_strata, without = runs.train("with", STRATA, STEPS, plain=plain), runs.train("without", STEPS, plain=plain)

    for split in ("train", "valid"):
        whole = [{k: v for k, v in one.items() if "@" not in k} for one in records_of(with_strata, split)]
        assert whole == records_of(without, split)
    states = [newest(folder).state for folder in (with_strata, without)]
    assert [state["feature_signature"] for state in states] == [states[0]["feature_signature"]] * 2
    assert states[0]["inputs"] == states[1]["inputs"]


def test_stratum_without_rows_is_undefined_and_told_once(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.train("run", STRATA, STEPS)

    records = records_of(folder, "valid")
    assert len(records) == 2
    assert {record[key] for record in records for key in record if "@nobody" in key} == {None}
    line = 'valid: no row is of the stratum "nobody" (value 0 of discrete is 1234567890123); its metrics are undefined'
    assert capsys.readouterr().err.count(line) == 1


def test_killed_and_resumed_run_ends_alike_with_the_best_by_a_stratum(runs: Runs) -> None:
    changes = (STRATA, BEST, "model { members: 2 }")
    whole = runs.train("whole", *changes)
    first = runs.start("run", *changes, plan=Plan(interruptions.in_step, [16, signal.SIGKILL]))
    assert first.wait() == [-signal.SIGKILL]

    folder = runs.train("run", *changes)

    assert_same_end(folder, whole)
    best = newest(folder).state["best"]
    assert best == newest(whole).state["best"]
    values = [record["auroc@user_3/like"] for record in records_of(folder, "valid")]
    assert best["value"] == max(value for value in values if value is not None)
    assert best["of"] == ["valid", "auroc@user_3/like"]


def test_strata_may_change_in_mid_run_and_the_best_of_one_begins_anew(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.train("run", STRATA, STEPS, BEST)
    other = STRATA.replace("value: 3", "value: 4")

    folder = runs.train("run", other, BEST, "training { num_train_steps: 20 }")

    assert "auroc@user_3/like of valid begins anew" in capsys.readouterr().err
    assert records_of(folder, "valid")[-1]["loss@user_3/like"] is not None


def test_strata_that_the_best_is_not_of_may_change_without_it(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.train("run", STRATA, STEPS, BEST)
    before = newest(folder).state["best"]
    first, others = STRATA.split("stratifiers", 2)[1], 'stratifiers { name: "item-7" index: 1 value: 8 }'
    moved = f"model {{ {others} stratifiers {first} }}"

    runs.train("run", moved, BEST, "training { num_train_steps: 13 eval_log_every_n: 13 }")

    assert "begins anew" not in capsys.readouterr().err
    after = newest(folder).state["best"]
    assert before["step"] is not None
    assert after["value"] >= before["value"]
    assert (after["step"], after["waited"]) in {(13, 0), (before["step"], before["waited"] + 1)}


def test_processes_find_the_same(runs: Runs) -> None:
    folder = runs.train("run", STRATA, STEPS)

    evaluated = runs.start("run", STRATA, STEPS, num_processes=2, action=follow.evaluate)

    assert evaluated.wait() == [0, 0], evaluated.output
    expected = records_of(folder, "valid")[-1]
    found = records_of(folder, "valid", "evaluation.jsonl")[-1]
    assert {key: found[key] for key in expected} == {key: pytest.approx(value) for key, value in expected.items()}


def test_evaluate_gives_the_figures_of_strata_too(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_POLL_SECONDS", 0.02)
    folder = runs.train("run", STEPS)

    runs.evaluate("run", STEPS, STRATA)

    record = records_of(folder, "valid", "evaluation.jsonl")[-1]
    assert record["loss@item-7/reply"] > 0
    assert record["auroc/like"] == records_of(folder, "valid")[-1]["auroc/like"]


def test_table_and_trackers_show_them(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.train("run", STRATA, STEPS)

    output = capsys.readouterr().out
    assert "group" in output
    cells = [[cell.strip() for cell in line.split("│")[1:5]] for line in output.splitlines() if "│" in line]
    record = records_of(folder, "valid")[-1]
    for group, name in (("", "loss/reply"), ("item-7", "loss@item-7/reply")):
        assert ["valid", "reply", group, f"{record[name]:.4f}"] in cells
    events = EventAccumulator(str(folder / "tensorboard/validation/valid")).Reload()
    shown = [event.value for event in events.Scalars("loss@item-7/reply")]
    assert shown == [pytest.approx(one["loss@item-7/reply"], rel=1e-6) for one in records_of(folder, "valid")]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("loss,auroc@user_3", {"loss", "loss@", "auroc@user_3"}),
        ("auroc@item-7,rce@item-7", {"auroc@item-7", "rce@item-7"}),
    ],
)
def test_which_metrics_may_name_one_stratum(runs: Runs, which: str, expected: set[str]) -> None:
    folder = runs.train("run", STRATA, STEPS, f'which_metrics: "{which}"')

    keys = records_of(folder, "valid")[-1].keys() - {"step", "split"}
    found = {key.split("/")[0] for key in keys}
    names = {"loss@user_3", "loss@item-7", "loss@nobody"}
    assert found == {one for name in expected for one in (names if name == "loss@" else {name})}


def test_column_that_is_not_there_is_refused_by_its_path(runs: Runs) -> None:
    with pytest.raises(DataError, match="there is no column 2: discrete has 2 columns") as raised:
        runs.train(
            "run",
            'model { stratifiers { name: "first" index: 0 value: 1 } stratifiers { name: "third" index: 2 value: 1 } }',
        )

    assert raised.value.path == "model.stratifiers[1].index"


@pytest.mark.slow
def test_two_processes_killed_and_resumed_end_alike(runs: Runs) -> None:
    """With members, a penalty and accumulated gradients: whatever is exchanged is exchanged once."""
    table = 'small_embeddings { tables { name: "item" num_embeddings: 20 embedding_dim: 4 index: 1 l2: 0.01 } }'
    changes = (STRATA, f"model {{ members: 2 {table} }}", "training { num_train_steps: 20 gradient_accumulation: 2 }")
    whole = runs.train_apart("whole", *changes, num_processes=2)
    plan = Plan(interruptions.in_step, [12, signal.SIGKILL])
    assert set(runs.start("run", *changes, num_processes=2, plan=plan).wait()) <= {-signal.SIGKILL, FAILED}

    folder = runs.train_apart("run", *changes, num_processes=2)

    assert_same_end(folder, whole)
    alone = runs.train_apart("alone", *changes)
    for name, values in tensors_of(newest(alone), "model.").items():
        torch.testing.assert_close(values, tensors_of(newest(whole), "model.")[name], rtol=0.05, atol=0.02)
