"""Evaluation: what is measured on which rows, during training and by following a run."""

import itertools
import re
import shutil
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.trainer.runs import (
    BATCH_ROWS,
    FAILED,
    VALID_ROWS,
    Runs,
    data_set,
    records_of,
    steps_of,
)

from rankspec.families.recap.program.tasks import BinaryClassification
from rankspec.families.recap.task_kinds import Metric
from rankspec.metrics.auroc import RunningAuroc, auroc
from rankspec.trainer import follow, run, waiting
from rankspec.trainer.checkpoints import committed
from rankspec.trainer.data.footer import read_footer
from rankspec.trainer.data.storage.local import LOCAL
from rankspec.trainer.data.storage.storage import StoredFile
from rankspec.trainer.errors import TrainError
from rankspec.trainer.folder import sole_writer

_OTHER_SET = 'validation_data {{ key: "other" value {{ {} evaluation_tasks: "reply" }} }}'


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_POLL_SECONDS", 0.02)


def test_every_validation_set_is_evaluated(runs: Runs) -> None:
    folder = runs.train("run", _OTHER_SET.format(data_set(runs.data, "train")))

    for split in ("valid", "other"):
        assert [record["step"] for record in records_of(folder, split)] == [10, 20, 30, 40]
    metrics = ("loss", "auroc", "rce", "calibration_ratio")
    both = {f"{name}/{task}" for name, task in itertools.product(metrics, ("like", "reply"))}
    assert records_of(folder, "valid")[-1].keys() == {"step", "split", "loss"} | both
    one = {name for name in both if name.endswith("/reply")}
    assert records_of(folder, "other")[-1].keys() == {"step", "split", "loss"} | one
    assert records_of(folder, "other")[-1]["loss"] == records_of(folder, "other")[-1]["loss/reply"]


def test_metrics_are_those_asked_for(runs: Runs) -> None:
    folder = runs.train("run", 'which_metrics: "auroc,rce" training { num_train_steps: 5 }')

    (record,) = records_of(folder, "valid")
    assert set(record) == {"step", "split", "auroc/like", "auroc/reply", "rce/like", "rce/reply"}
    assert "loss" not in records_of(folder, "train")[0]


def test_tasks_of_the_training_set_are_those_asked_for(runs: Runs) -> None:
    folder = runs.train("run", 'train_data { evaluation_tasks: "like" } training { num_train_steps: 5 }')

    assert "loss/like" in records_of(folder, "train")[0]
    assert "loss/reply" not in records_of(folder, "train")[0]


@pytest.mark.parametrize(
    ("limit", "rows"), [(2, 2 * BATCH_ROWS), (100, VALID_ROWS), (-1, VALID_ROWS)], ids=["2", "100", "all"]
)
def test_evaluation_reads_so_many_batches(runs: Runs, limit: int, rows: int) -> None:
    folder = runs.train("run", f"training {{ num_train_steps: 2 num_eval_steps: {limit} }}")

    assert pq.read_metadata(folder / "_scores/valid.parquet").num_rows == rows


def test_scored_rows_are_those_that_the_figures_are_of(runs: Runs, finished: Path) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    before = (folder / "_scores/valid.parquet").read_bytes()

    runs.evaluate("run")

    record = records_of(folder, "valid", "evaluation.jsonl")[-1]
    labels = pq.read_table(runs.data / "valid.parquet", columns=["like", "reply"])
    scores = pq.read_table(folder / "_scores/evaluation/valid.parquet")
    for task in ("like", "reply"):
        assert scores[f"label/{task}"].to_pylist() == labels[task].to_pylist()
        assert set(scores[f"weight/{task}"].to_pylist()) == {1.0}
        assert np.mean(scores[f"loss/{task}"].to_numpy(), dtype=np.float64) == pytest.approx(record[f"loss/{task}"])
        columns = [scores[f"{name}/{task}"].to_numpy() for name in ("prediction", "label")]
        assert auroc(*columns) == pytest.approx(record[f"auroc/{task}"])
    # Training may go on beside it.
    assert (folder / "_scores/valid.parquet").read_bytes() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no file that is always full")
@pytest.mark.parametrize("num_processes", [1, 2])
def test_disk_without_room_for_scored_rows_ends_the_evaluation(runs: Runs, finished: Path, num_processes: int) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    (folder / "_scores/evaluation").mkdir()
    (folder / "_scores/evaluation/.writing-valid.parquet").symlink_to("/dev/full")

    started = runs.start("run", num_processes=num_processes, action=follow.evaluate)

    assert started.wait() == [FAILED] * num_processes
    error = "TrainError: training.save_dir: .*evaluation/valid.parquet cannot be written: No space left on device;"
    assert len(re.findall(error, started.output)) == num_processes
    assert "another process of the run" not in started.output
    assert list((folder / "_scores/evaluation").iterdir()) == []


def test_auroc_by_bins_is_told_with_its_bound(
    runs: Runs, finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    short = Metric(partial(RunningAuroc, 10), is_lower_better=False)
    monkeypatch.setattr(BinaryClassification, "metrics", {**BinaryClassification.metrics, "auroc": short})
    monkeypatch.setattr("rankspec.metrics.auroc._NUM_EDGES", 8)

    runs.evaluate("run")

    lines = [line for line in capsys.readouterr().err.splitlines() if "by bins of" in line]
    assert len(lines) == 6
    for line, task in zip(lines, ["like", "reply"] * 3, strict=True):
        assert re.fullmatch(rf"valid: auroc of {task}: ±\d\.\de-\d\d, by bins of 100 rows", line)


def test_training_figures_cover_the_steps_since_the_last(runs: Runs) -> None:
    # With a rate of 0 every step of a pass has the same model, so that the mean over the whole pass is the loss of the
    # whole set; the pass is 20 steps.
    still = "optimizer { single_task_learning_rate { constant: 0 } } training { train_log_every_n: 20 }"
    sets = f'validation_data {{ key: "same" value {{ {data_set(runs.data, "train")} }} }}'
    folder = runs.train("run", still, sets, "training { num_train_steps: 40 }", plain=True)

    ours, theirs = records_of(folder, "train"), records_of(folder, "same")[-1]
    assert [record["step"] for record in ours] == [20, 40]
    for record in ours:
        for name in ("loss", "loss/like", "rce/like", "rce/reply", "calibration_ratio/reply"):
            assert record[name] == pytest.approx(theirs[name], rel=1e-4)


def test_evaluate_sees_each_checkpoint_once(runs: Runs, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)

    runs.evaluate("run")

    records = records_of(folder, "valid", "evaluation.jsonl")
    # What rotation had deleted before is named.
    assert [record["step"] for record in records] == [7, 14, 21, 28, 35, 40]
    assert [record["step"] for record in records if "skipped" in record] == [7, 14, 21]
    output = capsys.readouterr().err
    assert output.count("3 checkpoints from 7 to 21 skipped: deleted before an evaluation here\n") == 1
    expected = records_of(folder, "valid")[-1]
    assert {name: value for name, value in records[-1].items() if name not in ("split", "of")} == pytest.approx(
        {name: value for name, value in expected.items() if name != "split"}
    )

    runs.evaluate("run")

    assert records_of(folder, "valid", "evaluation.jsonl") == records
    assert "skipped" not in capsys.readouterr().err


def test_evaluate_goes_on_where_it_was_stopped(runs: Runs, finished: Path) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    runs.evaluate("run")
    journal = folder / "evaluation.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[: whole.rstrip().rfind(b"\n") + 30])

    runs.evaluate("run")

    assert journal.read_bytes() == whole


def test_evaluate_takes_up_a_new_validation_set(runs: Runs, finished: Path) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    runs.evaluate("run")
    before = records_of(folder, "valid", "evaluation.jsonl")

    runs.evaluate("run", _OTHER_SET.format(data_set(runs.data, "train")))

    assert records_of(folder, "valid", "evaluation.jsonl") == before
    assert [record["step"] for record in records_of(folder, "other", "evaluation.jsonl")][-3:] == [28, 35, 40]


def test_evaluate_follows_a_run_that_trains(runs: Runs) -> None:
    started = runs.start("run", "training { num_train_steps: 60 checkpoint_every_n: 20 }")

    runs.evaluate("run", "training { num_train_steps: 60 eval_timeout_in_s: 60 }")

    assert started.wait() == [0]
    records = records_of(runs.folder / "run", "valid", "evaluation.jsonl")
    assert [record["step"] for record in records] == [20, 40, 60]


@pytest.mark.parametrize("steps", [0, 9], ids=["no_checkpoint", "no_further_checkpoint"])
def test_evaluate_gives_up_after_the_time_it_was_given(runs: Runs, steps: int) -> None:
    if steps:
        runs.train("run", f"training {{ num_train_steps: {steps} }}")
    begin = time.monotonic()

    with pytest.raises(TrainError, match=f"no {'further ' if steps else ''}checkpoint in .* for 0.3 s"):
        runs.evaluate("run", "training { eval_timeout_in_s: 0.3 }")

    assert 0.3 < time.monotonic() - begin < 10


def test_evaluate_ends_with_a_run_that_ended_early(runs: Runs) -> None:
    worse = "optimizer { single_task_learning_rate { constant: 3 } }"
    early = 'training { best_checkpoint { validation_data: "valid" metric: "loss" patience: 1 } eval_log_every_n: 2 }'
    folder = runs.train("run", worse, early)
    assert steps_of(folder)[-1] < 40

    runs.evaluate("run", worse, early)

    assert records_of(folder, "valid", "evaluation.jsonl")[-1]["step"] == steps_of(folder)[-1]


def test_evaluate_skips_what_is_deleted_under_its_eyes(
    runs: Runs, finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    look = follow.committed

    def looked(place: Path) -> list[follow.Checkpoint]:
        found = look(place)
        shutil.rmtree(place / "28", ignore_errors=True)
        return found

    monkeypatch.setattr(follow, "committed", looked)
    runs.evaluate("run")

    assert "checkpoint 28 skipped: deleted before an evaluation here" in capsys.readouterr().err
    assert [record["step"] for record in records_of(folder, "valid", "evaluation.jsonl")][-3:] == [28, 35, 40]


def test_evaluate_skips_a_damaged_checkpoint(runs: Runs, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    (folder / "35" / "__0_0.distcp").write_bytes(b"")

    runs.evaluate("run")

    assert "checkpoint 35 skipped: __0_0.distcp is not as it was written" in capsys.readouterr().err
    assert "skipped" not in records_of(folder, "valid", "evaluation.jsonl")[-1]


def test_evaluate_says_which_file_is_missing(runs: Runs, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    (folder / "35" / "state.json").unlink()

    runs.evaluate("run")

    assert "checkpoint 35 skipped: state.json is missing" in capsys.readouterr().err


def test_damaged_record_of_an_evaluation_is_named(runs: Runs, finished: Path) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    runs.evaluate("run")
    lines = (folder / "evaluation.jsonl").read_text().splitlines()
    lines[1] = lines[1][:20]
    (folder / "evaluation.jsonl").write_text("\n".join(lines) + "\n")

    with pytest.raises(TrainError, match=r"evaluation\.jsonl, line 2, is not as it was written"):
        runs.evaluate("run")


def test_second_evaluation_of_one_run_is_refused(runs: Runs, finished: Path) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)

    with sole_writer(folder, doing="evaluating"), pytest.raises(TrainError, match="another process is evaluating"):
        runs.evaluate("run")
    assert not (folder / "evaluation.jsonl").exists()


def test_evaluate_needs_a_validation_set(runs: Runs) -> None:
    job = runs.job("run")
    job.config.ClearField("validation_data")

    with pytest.raises(TrainError, match="no validation set"):
        follow.evaluate(job)


def test_checkpoint_under_evaluation_waits_to_be_deleted(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.train("run", "training { num_train_steps: 7 checkpoint_max_to_keep: 1 }")
    loading, go_on = threading.Event(), threading.Event()
    load = follow.Evaluator._load

    def slowly(evaluator: follow.Evaluator, checkpoint: follow.Checkpoint) -> None:
        loading.set()
        assert go_on.wait(60)
        load(evaluator, checkpoint)

    monkeypatch.setattr(follow.Evaluator, "_load", slowly)
    evaluating = threading.Thread(target=runs.evaluate, args=("run", "training { num_train_steps: 14 }"))
    evaluating.start()
    assert loading.wait(60)
    started = runs.start("run", "training { num_train_steps: 14 checkpoint_max_to_keep: 1 }")
    assert started.wait() == [0], started.output
    assert [checkpoint.step for checkpoint in committed(runs.folder / "run")] == [7, 14]
    go_on.set()
    evaluating.join(60)

    records = records_of(runs.folder / "run", "valid", "evaluation.jsonl")
    assert [(record["step"], "skipped" in record) for record in records] == [(7, False), (14, False)]


def test_two_processes_evaluate_as_one(runs: Runs, finished: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(finished, runs.folder / name)
    runs.evaluate("one")

    started = runs.start("two", num_processes=2, action=follow.evaluate)

    assert started.wait() == [0, 0], started.output
    one, two = (records_of(runs.folder / name, "valid", "evaluation.jsonl") for name in ("one", "two"))
    assert [record["step"] for record in two] == [7, 14, 21, 28, 35, 40]
    for ours, theirs in zip(one, two, strict=True):
        assert ours.keys() == theirs.keys()
        assert ours["of"] == theirs["of"]
        for name in ours.keys() - {"split", "skipped", "of"}:
            assert ours[name] == pytest.approx(theirs[name], rel=1e-5)


def _evaluated(folder: Path) -> list[int]:
    """Steps of the evaluations that have figures, in their order."""
    return [r["step"] for r in records_of(folder, "valid", "evaluation.jsonl") if "skipped" not in r]


_RATE = 'tasks { key: "like" value { neg_downsampling_rate: 0.5 } }'
_OF_OTHER_THINGS = {
    "downsampling": ("", _RATE),
    "metrics": ('which_metrics: "auroc"', ""),
    "number_of_batches": ("training { num_eval_steps: 2 }", ""),
}


@pytest.mark.parametrize(("change", "of_data"), _OF_OTHER_THINGS.values(), ids=_OF_OTHER_THINGS)
def test_figures_under_another_config_are_computed_anew(runs: Runs, finished: Path, change: str, of_data: str) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    runs.evaluate("run")
    before = (folder / "evaluation.jsonl").read_text()

    validation = f'validation_data {{ key: "valid" value {{ {data_set(runs.data, "valid")} {of_data} }} }}'
    runs.evaluate("run", change, validation)

    assert _evaluated(folder) == [28, 35, 40, 28, 35, 40]
    assert (folder / "evaluation.jsonl").read_text().startswith(before)


def test_figures_of_other_data_are_computed_anew_and_those_of_moved_data_are_not(
    runs: Runs, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    moved = tmp_path / "moved"
    shutil.copytree(runs.data, moved)
    runs.evaluate("run")
    change = f'validation_data {{ key: "valid" value {{ {data_set(moved, "valid")} }} }}'

    runs.evaluate("run", change)

    assert _evaluated(folder) == [28, 35, 40]

    table = pq.read_table(moved / "valid.parquet")
    pq.write_table(table.slice(0, 50), moved / "valid.parquet")
    capsys.readouterr()
    runs.evaluate("run", change)

    assert _evaluated(folder) == [28, 35, 40, 28, 35, 40]
    record = records_of(folder, "valid", "evaluation.jsonl")[-1]
    assert f"{record['loss/like']:.4f}" in capsys.readouterr().out


def test_figures_of_labels_that_changed_under_the_same_footer_are_computed_anew(
    runs: Runs, finished: Path, tmp_path: Path
) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    other = tmp_path / "other"
    shutil.copytree(runs.data, other)
    change = f'validation_data {{ key: "valid" value {{ {data_set(other, "valid")} }} }}'
    table = pq.read_table(other / "valid.parquet")
    labels = table.column("like").to_pylist()
    ends = []
    for _ in range(2):
        place = table.column_names.index("like")
        table = table.set_column(place, "like", pa.array(labels))
        pq.write_table(table, other / "valid.parquet", use_dictionary=False, compression="NONE", row_group_size=64)
        ends.append(read_footer(StoredFile(LOCAL, other / "valid.parquet")).digest)
        runs.evaluate("run", change)
        first, second = labels.index(0), labels.index(1)
        labels[first], labels[second] = 1, 0

    assert ends[0] == ends[1]
    assert _evaluated(folder) == [28, 35, 40, 28, 35, 40]


def test_figures_of_a_run_that_was_trained_anew_are_computed_anew(runs: Runs) -> None:
    short = "training { num_train_steps: 7 }"
    folder = runs.train("run", short)
    runs.evaluate("run", short)
    other = short + " runtime { seed: 5 }"

    assert run.train(runs.job("run", other), restart=True)
    shutil.copy(folder / "set-aside-1" / "evaluation.jsonl", folder)
    runs.evaluate("run", other)

    one, two = records_of(folder, "valid", "evaluation.jsonl")
    assert one["step"] == two["step"] == 7
    assert one["loss"] != two["loss"]


def test_records_of_release_0_1_are_kept_and_not_shown(runs: Runs, finished: Path) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    old = '{"step": 40, "split": "valid", "loss": 123.0}\n'
    (folder / "evaluation.jsonl").write_text(old)

    runs.evaluate("run")

    assert (folder / "evaluation.jsonl").read_text().startswith(old)
    assert _evaluated(folder) == [40, 28, 35, 40]


def test_table_is_of_the_step_that_it_names(runs: Runs, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    runs.evaluate("run")
    lines = (folder / "evaluation.jsonl").read_text().splitlines(keepends=True)
    (folder / "evaluation.jsonl").write_text("".join(line for line in lines if '"step": 35' not in line))
    capsys.readouterr()

    runs.evaluate("run")

    newest_record = next(r for r in records_of(folder, "valid", "evaluation.jsonl") if r["step"] == 40)
    output = capsys.readouterr().out
    assert "step 40" in output
    assert f"{newest_record['loss/like']:.4f}" in output


def test_damaged_checkpoint_is_evaluated_once_it_is_whole_again(
    runs: Runs, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    tensors = folder / "40" / "__0_0.distcp"
    whole = tensors.read_bytes()
    tensors.write_bytes(whole[:10])
    for _ in range(2):
        runs.evaluate("run")
        shown = capsys.readouterr()
        output = " ".join(shown.err.split())
        assert "checkpoint 40 skipped: __0_0.distcp is not as it was written" in output
        assert "checkpoint 40 has no figures; those below are of another" in output
        assert "step 35" in shown.out
    assert len([r for r in records_of(folder, "valid", "evaluation.jsonl") if r["step"] == 40]) == 1
    tensors.write_bytes(whole)

    runs.evaluate("run")

    assert "loss" in records_of(folder, "valid", "evaluation.jsonl")[-1]
    assert records_of(folder, "valid", "evaluation.jsonl")[-1]["step"] == 40


@pytest.mark.parametrize(
    "line",
    ["[]", "3", "{}", '{"step": 8}', '{"step": 8, "split": ["a"]}', "[" * 100_000],
    ids=["list", "number", "empty", "half", "wrong_type", "nested"],
)
def test_line_that_is_no_record_is_named(runs: Runs, finished: Path, line: str) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    (folder / "evaluation.jsonl").write_text(line + "\n")

    with pytest.raises(TrainError, match=r"evaluation\.jsonl, line 1, is not as it was written; delete the line"):
        runs.evaluate("run")
