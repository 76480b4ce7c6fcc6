"""Runs as objects of Python's: they do what the command line does, and say what it says."""

from __future__ import annotations

import math
import random
import shutil
import signal
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch
from rankspec.data.v1.statistics_pb2 import DataStatistics
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.integration.trainer.runs import Runs, assert_same_end, records_of, tensors_of

import rankspec
from rankspec.trainer.checkpoints import Checkpoint
from rankspec.trainer.report import Report


def config_of(runs: Runs, name: str, *changes: str) -> RecapConfig:
    config: RecapConfig = runs.job(name, *changes).config
    return config


@pytest.fixture
def copied(runs: Runs, finished: Path) -> Path:
    """The folder of a finished run, moved to where nobody trained it."""
    shutil.copytree(finished, runs.folder / "copied", symlinks=True)
    return runs.folder / "copied"


def as_reports(folder: Path, split: str) -> list[tuple[int, dict[str, float | None]]]:
    records = records_of(folder, split)
    return [(r["step"], {k: v for k, v in r.items() if k not in ("step", "split")}) for r in records]


def test_training_reports_each_figure_and_ends_as_the_command_line_does(runs: Runs, finished: Path) -> None:
    reports: list[Report] = []

    run = rankspec.Run(config_of(runs, "run"))
    is_done = run.train(on_report=reports.append)

    assert is_done
    assert run.folder == runs.folder / "run"
    assert_same_end(run.folder, finished)
    for split in ("train", "valid"):
        of_split = [report for report in reports if report.split == split]
        assert [r.step for r in of_split] == [step for step, _ in as_reports(finished, split)]
        for report, (_, figures) in zip(of_split, as_reports(finished, split), strict=True):
            assert report.figures.keys() == figures.keys()
            expected = [math.nan if value is None else value for value in figures.values()]
            np.testing.assert_array_equal(list(report.figures.values()), expected)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError], ids=["interrupt", "error_of_the_caller"])
def test_what_a_report_raises_ends_the_run_which_continues(
    runs: Runs, finished: Path, error: type[BaseException]
) -> None:
    run = rankspec.Run(config_of(runs, "run"))

    def stop(report: Report) -> None:
        if report.step == 20:
            raise error("seen enough")

    with pytest.raises(error, match="seen enough"):
        run.train(on_report=stop)
    assert run.checkpoints
    assert max(run.checkpoints) < 40

    assert run.train()
    assert_same_end(run.folder, finished)


def test_interrupt_saves_is_raised_and_the_run_continues(runs: Runs, finished: Path) -> None:
    run = rankspec.Run(config_of(runs, "run"))

    def interrupt(report: Report) -> None:
        if (report.step, report.split) == (20, "valid"):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="continues with the next call"):
        run.train(on_report=interrupt)
    assert run.checkpoints == [7, 14, 20]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    assert run.train()
    assert_same_end(run.folder, finished)


def test_being_asked_to_end_by_the_system_is_no_error(runs: Runs) -> None:
    run = rankspec.Run(config_of(runs, "run"))

    assert not run.train(on_report=lambda _report: signal.raise_signal(signal.SIGTERM))
    assert run.checkpoints == [4]


def test_run_trains_in_a_thread(runs: Runs) -> None:
    run = rankspec.Run(config_of(runs, "run"), set={"training.num_train_steps": 10})

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(run.train).result()

    assert run.checkpoints == [7, 10]


def test_opened_run_is_what_its_folder_holds_wherever_that_is(copied: Path, finished: Path) -> None:
    run = rankspec.Run.open(copied)

    expected = rankspec.load(finished / "resolved.textproto").message
    expected.training.save_dir = str(copied)
    assert run.config == expected
    assert repr(run) == f"Run(RecapConfig, folder='{copied}')"
    assert run.checkpoints == [28, 35, 40]
    assert run.best is None
    assert rankspec.Run(run.config).checkpoints == run.checkpoints


def test_config_of_a_run_is_a_copy(copied: Path) -> None:
    run = rankspec.Run.open(copied)

    run.config.training.num_train_steps = 1

    assert run.config.training.num_train_steps == 40


def test_folder_with_the_beginning_of_a_variable_in_its_name(copied: Path) -> None:
    odd = copied.rename(copied.with_name("a${B}"))

    assert rankspec.Run.open(odd).folder == odd


def test_metrics_are_a_table_of_the_journal(copied: Path) -> None:
    table = rankspec.Run.open(copied).metrics

    assert table.column_names[:2] == ["step", "split"]
    for split in ("train", "valid"):
        rows = [row for row in table.to_pylist() if row["split"] == split]
        found = [
            (row["step"], {k: row[k] for k in f}) for row, (_, f) in zip(rows, as_reports(copied, split), strict=True)
        ]
        assert found == as_reports(copied, split)
    of_validation_alone = table.column("auroc/like").to_pylist()
    assert [value is None for value in of_validation_alone] == [s == "train" for s in table.column("split").to_pylist()]


def test_metrics_before_the_first_report_are_an_empty_table(runs: Runs) -> None:
    table = rankspec.Run(config_of(runs, "run")).metrics

    assert (table.num_rows, table.column_names) == (0, ["step", "split"])


def test_damaged_metrics_are_told(copied: Path) -> None:
    with (copied / "metrics.jsonl").open("a") as file:
        file.write('{"step": 41, "split": "train", "loss": "low"}\n')

    with pytest.raises(rankspec.TrainError, match="a figure that is no number"):
        _ = rankspec.Run.open(copied).metrics


def test_best_is_the_checkpoint_that_the_run_keeps(runs: Runs) -> None:
    best = {"validation_data": "valid", "metric": "auroc/like"}
    run = rankspec.Run(config_of(runs, "run"), set={"training.best_checkpoint": best})
    before = run.best

    assert run.train()

    assert before is None

    rows = [row for row in run.metrics.to_pylist() if row["split"] == "valid"]
    assert run.best == max(rows, key=lambda row: row["auroc/like"])["step"]
    assert run.evaluate()["valid"].step == run.best
    assert run.evaluate("newest")["valid"].step == 40


def test_evaluation_gives_the_figures_of_a_checkpoint(copied: Path) -> None:
    run = rankspec.Run.open(copied)

    (report,) = run.evaluate().values()

    assert (report.step, report.split) == (40, "valid")
    assert (report.step, dict(report.figures)) == as_reports(copied, "valid")[-1]
    assert run.evaluate(np.int64(28))["valid"].step == 28  # type: ignore[arg-type]


def test_model_has_the_weights_of_the_checkpoint(copied: Path) -> None:
    run = rankspec.Run.open(copied)

    model = run.model(28)

    saved = tensors_of(Checkpoint(28, copied / "28"), "model.")
    torch.testing.assert_close(
        {f"model.{name}": tensor for name, tensor in model.state_dict().items()}, saved, rtol=0, atol=0
    )
    assert not model.training
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


@pytest.mark.parametrize("step", [29, "latest"])
def test_checkpoint_that_there_is_not_is_told(copied: Path, step: int | str) -> None:
    with pytest.raises(rankspec.TrainError, match="name 28, 35, 40, or newest"):
        rankspec.Run.open(copied).model(step)  # type: ignore[arg-type]


def test_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(rankspec.TrainError, match=r"holds no run, as it has no resolved\.textproto"):
        rankspec.Run.open(tmp_path)


def test_wrong_config_is_refused_at_once_with_all_its_mistakes(runs: Runs) -> None:
    config = config_of(runs, "run")
    config.training.num_train_steps = 0
    config.train_data.global_batch_size = -1

    with pytest.raises(rankspec.ConfigError) as caught:
        rankspec.Run(config)

    assert sorted(d.path for d in caught.value.diagnostics) == [
        "train_data.global_batch_size",
        "training.num_train_steps",
    ]


def test_message_that_nothing_trains_is_refused() -> None:
    statistics = DataStatistics()
    column = statistics.columns.add(column="c", length=1)
    column.places.add(place=0, num_finite=1)

    with pytest.raises(rankspec.ConfigError, match=r"nothing trains a rankspec\.data\.v1\.DataStatistics yet"):
        rankspec.Run(statistics)


def test_what_the_trainer_does_not_obey_is_refused_at_its_path(runs: Runs) -> None:
    large = {
        "tables": [{"name": "t", "num_embeddings": 9, "embedding_dim": 4}],
        "optimizer": {"learning_rate": {"constant": 0.1}},
    }
    run = rankspec.Run(config_of(runs, "run"), set={"model.large_embeddings": large})

    with pytest.raises(rankspec.ConfigError, match=r"the trainer does not obey `model\.large_embeddings"):
        run.train()


def test_error_of_data_says_where_its_field_is_written(runs: Runs) -> None:
    run = rankspec.Run(config_of(runs, "run"), set={"train_data.inputs": "nowhere/*.parquet"})

    with pytest.raises(rankspec.DataError, match=r'no file matches "nowhere/\*\.parquet"') as caught:
        run.train()

    assert caught.value.path == "train_data.inputs"
    assert caught.value.__notes__ == ["train_data.inputs is written at --set train_data.inputs:1:1"]


def test_warnings_of_the_config_are_pythons_warnings(runs: Runs) -> None:
    with pytest.warns(UserWarning, match="at a learning rate of 0 nothing is learned"):
        run = rankspec.Run(
            config_of(runs, "run"), set={"optimizer.multi_task_learning_rates.backbone_learning_rate.constant": 0}
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = rankspec.Run(
            run.config, set={"optimizer.multi_task_learning_rates.backbone_learning_rate.constant": 1e-3}
        )


def test_flags_and_generators_of_the_process_are_put_back(copied: Path) -> None:
    run = rankspec.Run.open(copied)
    torch.set_float32_matmul_precision("high")
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - the global generator is what others draw from
    torch.manual_seed(1)
    expected = random.random(), np.random.random(), torch.rand(1)  # noqa: NPY002, S311
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)

    run.model()
    run.evaluate()

    assert torch.get_float32_matmul_precision() == "high"
    assert (random.random(), np.random.random(), torch.rand(1)) == expected  # noqa: NPY002, S311


def test_trainer_that_is_not_installed_is_told(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    run = rankspec.Run(config_of(runs, "run"))
    monkeypatch.setitem(sys.modules, "rankspec.trainer.run", None)

    with pytest.raises(ModuleNotFoundError, match=r"pip install 'rankspec\[train\]'"):
        run.train()


def test_table_is_predicted_as_its_files_are(copied: Path, data: Path) -> None:
    run = rankspec.Run.open(copied)
    scored = pq.read_table(copied / "_scores/valid.parquet")

    of_split, of_file = run.predict(), run.predict(data / "valid.parquet", split="valid")
    table = pq.read_table(data / "valid.parquet").drop_columns(["like", "reply"])
    of_table = run.predict(table)

    assert of_split.column_names == ["like", "reply"]
    assert of_table.equals(of_split)
    assert of_file.equals(of_split)
    for task in ("like", "reply"):
        assert of_table[task].to_pylist() == scored[f"prediction/{task}"].to_pylist()
    assert of_table.schema.metadata[b"rankspec.checkpoint_step"] == b"40"
    assert run.predict(table, step=28).schema.metadata[b"rankspec.checkpoint_step"] == b"28"


def test_ranked_lists_are_a_table_too(copied: Path, data: Path) -> None:
    table = pq.read_table(data / "valid.parquet")

    lists = rankspec.Run.open(copied).predict(table, carry=["discrete[0]"], top=2, by="discrete[0]", rank_by="like")

    assert lists.column_names[:2] == ["discrete[0]", "rank"]
    of_first = lists.filter(pc.field("discrete[0]") == lists["discrete[0]"][0]).to_pylist()
    assert [row["rank"] for row in of_first] == [1, 2]
    assert of_first[0]["like"] >= of_first[1]["like"]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"top": 2}, rankspec.TrainError, "take both `top` and `by`"),
        ({"top": 0, "by": "discrete[0]"}, rankspec.TrainError, "at least 1 row"),
        ({"rows": 3}, rankspec.DataError, "int is no table"),
        ({"rows": pa.table({"a": [1]})}, rankspec.DataError, "continuous"),
        ({"rows": "nowhere/*.parquet"}, rankspec.DataError, "no file matches"),
    ],
    ids=["top_alone", "top_0", "no_table", "other_columns", "no_file"],
)
def test_rows_that_cannot_be_predicted_are_told(
    copied: Path, arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        rankspec.Run.open(copied).predict(**arguments)
