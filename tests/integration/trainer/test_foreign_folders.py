"""What a run did not write stays as it is, whatever its name; and nothing begins anew over what a run wrote."""

import shutil
from pathlib import Path

import pytest
from tests.integration.trainer.runs import Runs, assert_same_end, steps_of

from rankspec.trainer.checkpoints import committed
from rankspec.trainer.errors import TrainError
from rankspec.trainer.run import train

LONGER = "training { num_train_steps: 60 checkpoint_max_to_keep: 1 }"


def _copy(finished: Path, runs: Runs) -> Path:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    """All files, but for the one that says what the last run did."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "status.json"
    }


def test_folder_named_as_a_step_is_not_rotated_away(
    runs: Runs, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _copy(finished, runs)
    (folder / "3").mkdir()
    (folder / "3" / "my-notes.txt").write_text("mine")

    runs.train("run", LONGER)

    assert (folder / "3" / "my-notes.txt").read_text() == "mine"
    assert steps_of(folder) == [60]
    assert "3 is no checkpoint" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("manifest", ['{"name": "my-app"}', "[]", '{"../../x": "' + 64 * "0" + '"}'])
def test_folder_with_another_programs_manifest_is_no_checkpoint(runs: Runs, finished: Path, manifest: str) -> None:
    folder = _copy(finished, runs)
    (folder / "3").mkdir()
    (folder / "3" / "files.json").write_text(manifest)

    runs.train("run", LONGER)

    assert (folder / "3" / "files.json").read_text() == manifest


@pytest.mark.parametrize("name", ["45", "60"])
def test_what_lies_where_a_checkpoint_goes_is_refused_before_training(runs: Runs, finished: Path, name: str) -> None:
    folder = _copy(finished, runs)
    (folder / name).write_text("mine")
    before = _contents(folder)

    with pytest.raises(TrainError, match=rf"{name} is no checkpoint .*move it away, or choose another save_dir"):
        runs.train("run", LONGER)

    after = _contents(folder)
    assert {path: after[path] for path in before if path[0].isdigit()} == {
        path: content for path, content in before.items() if path[0].isdigit()
    }


def test_checkpoint_without_its_manifest_is_left_alone_and_in_the_way(runs: Runs, finished: Path) -> None:
    folder = _copy(finished, runs)
    (folder / "40" / "files.json").unlink()

    with pytest.raises(TrainError, match=r"40 is no checkpoint \(it has no files\.json of a run\)"):
        runs.train("run")

    assert (folder / "40" / "state.json").exists()


def test_file_of_ones_own_in_a_checkpoint_keeps_it(
    runs: Runs, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _copy(finished, runs)
    (folder / "35" / "notes.txt").write_text("mine")

    runs.train("run", LONGER)

    assert (folder / "35" / "notes.txt").read_text() == "mine"
    assert steps_of(folder) == [35, 60]
    assert " ".join(capsys.readouterr().err.split()).count("notes.txt in it was not written by a run") == 1


def test_unfinished_checkpoints_are_cleared_away_and_folders_with_files_of_ones_own_are_not(
    runs: Runs, finished: Path
) -> None:
    folder = _copy(finished, runs)
    for name, file in ((".saving-4", "__0_0.distcp"), (".removing-5", "state.json"), (".saving-6", "novel.txt")):
        (folder / name).mkdir()
        (folder / name / file).write_text("x")
    (folder / ".saving-for-a-car").mkdir()

    runs.train("run", LONGER)

    there = {path.name for path in folder.iterdir() if path.name.startswith((".saving", ".removing"))}
    assert there == {".saving-6", ".saving-for-a-car"}
    assert (folder / ".saving-6" / "novel.txt").read_text() == "x"


def test_foreign_folder_where_a_checkpoint_is_written_first_is_not_written_into(runs: Runs, finished: Path) -> None:
    folder = _copy(finished, runs)
    (folder / ".saving-60").mkdir()
    (folder / ".saving-60" / "novel.txt").write_text("x")

    with pytest.raises(TrainError, match=r"\.saving-60 is in the way"):
        runs.train("run", LONGER)

    assert [path.name for path in (folder / ".saving-60").iterdir()] == ["novel.txt"]


def test_linked_checkpoint_is_read_and_not_deleted(
    runs: Runs, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _copy(finished, runs)
    elsewhere = runs.folder / "elsewhere"
    for step in (35, 40):
        (folder / str(step)).rename(elsewhere.with_name(f"elsewhere-{step}"))
        (folder / str(step)).symlink_to(elsewhere.with_name(f"elsewhere-{step}"))
    before = _contents(elsewhere.with_name("elsewhere-35"))

    runs.train("run", LONGER)

    output = " ".join(capsys.readouterr().err.split())
    assert "continuing from checkpoint 40" in output
    assert output.count("35 is not deleted: it is a link") == 1
    assert (folder / "35").is_symlink()
    assert _contents(elsewhere.with_name("elsewhere-35")) == before


def test_earlier_damaged_checkpoint_is_kept(runs: Runs, finished: Path) -> None:
    folder = _copy(finished, runs)
    (folder / "damaged-40").mkdir()
    (folder / "damaged-40" / "evidence").write_text("x")
    (folder / "40" / "__0_0.distcp").write_text("")

    runs.train("run")

    assert (folder / "damaged-40" / "evidence").read_text() == "x"
    assert (folder / "damaged-40.2" / "state.json").exists()
    assert_same_end(folder, finished)


def test_run_of_which_no_checkpoint_is_whole_stops_and_changes_nothing(runs: Runs, finished: Path) -> None:
    folder = _copy(finished, runs)
    for checkpoint in committed(folder):
        (checkpoint.folder / ".metadata").unlink()
    before = _contents(folder)

    with pytest.raises(TrainError) as caught:
        runs.train("run")

    assert caught.value.code == "checkpoint.damaged"
    assert "none of its checkpoints is whole: 40 (.metadata is missing), 35 (.metadata is missing), 28" in str(
        caught.value
    )
    assert "cp -a" in str(caught.value)
    assert "--restart" in str(caught.value)
    assert _contents(folder) == before


def test_run_whose_checkpoints_are_gone_stops(runs: Runs, finished: Path) -> None:
    folder = _copy(finished, runs)
    for checkpoint in committed(folder):
        shutil.rmtree(checkpoint.folder)

    with pytest.raises(TrainError, match=r"was trained before, and its checkpoints are gone"):
        runs.train("run")


def test_restart_sets_the_old_content_aside_and_deletes_nothing(runs: Runs, finished: Path) -> None:
    folder = _copy(finished, runs)
    (folder / "300").mkdir()
    (folder / "notes.txt").write_text("mine")
    before = _contents(folder)

    assert train(runs.job("run"), restart=True)
    assert_same_end(folder, finished)
    assert train(runs.job("run", "training { num_train_steps: 10 }"), restart=True)

    own = {path: content for path, content in before.items() if path not in ("notes.txt", ".lock-training")}
    assert "_scores/valid.parquet" in own
    assert _contents(folder / "set-aside-1") == own
    assert steps_of(folder / "set-aside-2") == [28, 35, 40]
    assert steps_of(folder) == [7, 10]
    assert (folder / "300").is_dir()
    assert (folder / "notes.txt").read_text() == "mine"


def test_restart_of_an_empty_folder_is_a_start(runs: Runs, finished: Path) -> None:
    assert train(runs.job("run"), restart=True)

    assert_same_end(runs.folder / "run", finished)
    assert list((runs.folder / "run").glob("set-aside*")) == []


@pytest.mark.parametrize(
    "name", ["metrics.jsonl", "timing.jsonl", "run.json", "status.json", "resolved.textproto", "applied.textproto"]
)
@pytest.mark.parametrize("content", ["mine\n", '{"state": "of the art"}\n'])
@pytest.mark.parametrize("restart", [False, True])
def test_files_of_ones_own_that_are_named_as_a_runs_are_not_written_over(
    runs: Runs, name: str, content: str, restart: bool
) -> None:
    folder = runs.folder / "run"
    folder.mkdir()
    (folder / name).write_text(content)
    before = _everything(folder)

    with pytest.raises(TrainError, match=rf"{name} was not written by a run.*move it away, or choose another save_dir"):
        train(runs.job("run"), restart=restart)

    after = _everything(folder)
    assert after.pop(".lock-training") == b""
    assert after == before


@pytest.mark.parametrize("restart", [False, True])
def test_scores_of_ones_own_are_not_written_over(runs: Runs, restart: bool) -> None:
    folder = runs.folder / "run"
    (folder / "_scores").mkdir(parents=True)
    (folder / "_scores/valid.parquet").write_text("mine")

    with pytest.raises(TrainError, match=r"_scores was not written by a run.*move it away"):
        train(runs.job("run"), restart=restart)

    assert (folder / "_scores/valid.parquet").read_text() == "mine"


def test_linked_figures_of_somebody_else_are_not_written_through(runs: Runs) -> None:
    folder = runs.folder / "run"
    folder.mkdir()
    (runs.folder / "mine").write_text("mine\n")
    (folder / "metrics.jsonl").symlink_to(runs.folder / "mine")

    with pytest.raises(TrainError, match=r"metrics\.jsonl was not written by a run"):
        runs.train("run")

    assert (runs.folder / "mine").read_text() == "mine\n"


@pytest.mark.parametrize("kept", ["run.json", "status.json"])
def test_run_that_ended_before_its_first_checkpoint_begins_again(runs: Runs, finished: Path, kept: str) -> None:
    folder = runs.folder / "run"
    folder.mkdir()
    for name in (kept, "metrics.jsonl", "resolved.textproto"):
        shutil.copy(finished / name, folder / name)
    # As a disk that was full leaves them.
    for name in {"run.json", "status.json"} - {kept}:
        (folder / name).touch()

    runs.train("run")

    assert_same_end(folder, finished)


def test_what_is_in_the_way_is_told_before_anything_of_the_run_is_written(runs: Runs) -> None:
    folder = runs.folder / "run"
    (folder / "20").mkdir(parents=True)

    with pytest.raises(TrainError, match="20 is no checkpoint"):
        runs.train("run")

    assert {path.name for path in folder.iterdir()} == {"20", ".lock-training", "status.json"}


@pytest.mark.parametrize("kind", ["file", "broken link"])
def test_save_dir_that_is_no_folder_is_told_as_what_no_restart_helps(runs: Runs, kind: str) -> None:
    place = runs.folder / "run"
    if kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to("nowhere")

    with pytest.raises(TrainError, match="it is no folder") as caught:
        runs.train("run")

    assert not caught.value.restart_helps


def _everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_checkpoint_whose_manifest_is_changed_by_a_byte_is_a_damaged_one(
    runs: Runs, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _copy(finished, runs)
    manifest = folder / "40" / "files.json"
    # Still JSON, and no hash any more.
    manifest.write_text(manifest.read_text().replace('": "', '": "z', 1))

    assert_same_end(runs.train("run"), finished)

    assert (folder / "damaged-40" / "files.json").is_file()
    assert "checkpoint 40 is damaged" in " ".join(capsys.readouterr().err.split())
