"""Metrics by groups of rows: those of the scored rows, whatever the number of processes; one can be followed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rankspec.recap.v1.metrics_pb2 import MetricGroup
from tests.integration.trainer.runs import FIRST_ID, Runs, records_of, with_users

from rankspec.families.recap.program import groups
from rankspec.metrics.grouped import group_metric, grouped
from rankspec.trainer import follow, run
from rankspec.trainer.data_error import DataError
from rankspec.trainer.details import Details
from rankspec.trainer.scored_rows import step_of

STEPS = "training { num_train_steps: 12 eval_log_every_n: 6 checkpoint_every_n: 4 }"
GROUP = 'groups { name: "user" input: "meta__user" }'
DEFAULTS = ("gauc", "ndcg_10", "recall_10", "mrr")


def test_figures_are_those_of_the_scored_rows(runs: Runs, tmp_path: Path) -> None:
    folder = runs.train("run", STEPS, with_users(runs, tmp_path), GROUP)

    record = records_of(folder, "valid")[-1]
    scored = pq.read_table(folder / "_scores/valid.parquet")
    ids = scored["group/user"].to_numpy()
    assert ids.tolist() == [FIRST_ID + row % 9 for row in range(len(ids))]
    for task in ("like", "reply"):
        rows = grouped(ids, *(scored[f"{column}/{task}"].to_numpy() for column in ("prediction", "label", "weight")))
        for name in DEFAULTS:
            metric = group_metric(name)
            assert metric is not None
            assert record[f"{name}@user/{task}"] == pytest.approx(metric(rows).mean)
    assert {key.partition("@")[0] for key in record if "@" in key} == set(DEFAULTS)


def test_nothing_else_changes(runs: Runs, tmp_path: Path) -> None:
    users = with_users(runs, tmp_path)
    with_groups, without = runs.train("with", STEPS, users, GROUP), runs.train("without", STEPS, users)

    whole = [{k: v for k, v in one.items() if "@" not in k} for one in records_of(with_groups, "valid")]
    assert whole == records_of(without, "valid")
    assert {key.partition("/")[0] for key in whole[0]} == {"step", "split", "loss", "auroc", "rce", "calibration_ratio"}


def test_files_of_many_rows_give_the_same_in_parts(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = with_users(runs, tmp_path)
    folder = runs.train("run", STEPS, users, GROUP)
    monkeypatch.setattr(groups, "ROWS_AT_ONCE", 30)
    in_parts = runs.train("parts", STEPS, users, GROUP)

    for one, other in zip(records_of(folder, "valid"), records_of(in_parts, "valid"), strict=True):
        assert one == pytest.approx(other)


@pytest.mark.slow
def test_two_processes_find_the_same(runs: Runs, tmp_path: Path) -> None:
    changes = (STEPS, with_users(runs, tmp_path), GROUP)
    folder = runs.train("run", *changes, plain=False)
    trained = records_of(folder, "valid")[-1]
    assert runs.start("run", *changes, num_processes=2, action=follow.evaluate).wait() == [0, 0]

    lines = (folder / "evaluation.jsonl").read_text().splitlines()
    evaluated = [json.loads(line) for line in lines][-1]
    assert {k: v for k, v in evaluated.items() if k != "of"} == pytest.approx(trained)


def test_metric_of_a_group_is_followed(runs: Runs, tmp_path: Path) -> None:
    best = 'training { best_checkpoint { validation_data: "valid" metric: "ndcg_3@user/like" } }'
    folder = runs.train("run", STEPS, with_users(runs, tmp_path), GROUP, best)

    values = [record["ndcg_3@user/like"] for record in records_of(folder, "valid")]
    states = [json.loads(file.read_text()) for file in folder.glob("*/state.json")]
    assert max(states, key=lambda state: state["step"])["best"]["value"] == max(values)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param("gauc,loss", {"gauc@user", "loss"}, id="gauc"),
        pytest.param("mrr@user,brier", {"mrr@user", "brier"}, id="of_one_group"),
        pytest.param("accuracy,accuracy_20", {"accuracy", "accuracy_20"}, id="none_by_groups"),
    ],
)
def test_chosen_metrics_alone_are_reported(runs: Runs, tmp_path: Path, chosen: str, expected: set[str]) -> None:
    folder = runs.train("run", STEPS, with_users(runs, tmp_path), GROUP, f'which_metrics: "{chosen}"')

    record = records_of(folder, "valid")[-1]
    assert {key.partition("/")[0] for key in record} == {"step", "split", *expected}


@pytest.mark.parametrize("input_name", ["meta__age", "meta__nobody"])
def test_group_by_anything_but_an_id_is_refused_at_the_start(runs: Runs, tmp_path: Path, input_name: str) -> None:
    job = runs.job("run", STEPS, with_users(runs, tmp_path))
    job.config.groups.append(MetricGroup(name="user", input=input_name))

    with pytest.raises(DataError) as caught:
        run.train(job)

    assert caught.value.path == "groups[0].input"
    assert not (runs.folder / "run").exists()


def test_intervals_are_of_every_reported_figure(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    every = 'which_metrics: "loss,auroc,rce,calibration_ratio,brier,accuracy_30,gauc,mrr"'
    stratum = 'model { stratifiers { name: "first" index: 0 value: 1 } }'
    changes = (STEPS, with_users(runs, tmp_path), GROUP, stratum, every)
    runs.train("run", *changes)
    job = runs.job("run", *changes)
    follow.evaluate(job, details=Details(draws=20, reliability=True))

    shown = capsys.readouterr().out
    (figures,) = follow.evaluate_one(job, "newest")
    assert "95 % intervals, by 20 draws of groups of user" in shown
    assert "reliability of like" in shown
    lines = {cells[1]: cells[2:5] for line in shown.splitlines() if len(cells := _cells(line)) == 6}
    assert lines.pop("metric") == ["figure", "from", "to"]
    of_tasks = {name: value for name, value in figures.figures.items() if "/" in name}
    assert lines.keys() == of_tasks.keys()
    for name, value in of_tasks.items():
        figure, low, high = (float(cell) if cell != "-" else math.nan for cell in lines[name])
        assert figure == pytest.approx(value, abs=1e-4, nan_ok=True)
        # The middle of the draws is near the figure itself, which few draws of few rows may just miss.
        assert not low <= high or low - 0.2 * abs(figure) <= figure <= high + 0.2 * abs(figure)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.replace("┃", "│").split("│")]


def test_rows_of_another_checkpoint_are_scored_again(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = (STEPS, with_users(runs, tmp_path), GROUP)
    folder = runs.train("run", *changes)
    job, file = runs.job("run", *changes), folder / "_scores/evaluation/valid.parquet"
    for step in (4, 12):
        follow.evaluate_one(job, step)
    capsys.readouterr()

    follow.evaluate_one(job, 4, details=Details(draws=20))

    assert step_of(file) == 4
    assert "95 % intervals" in capsys.readouterr().out
