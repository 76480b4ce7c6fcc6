"""What a run shows: logs at standard error, results at standard output."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from io import StringIO
from typing import NoReturn

import pytest
from rich.console import Console
from rich.progress import Progress

from rankspec.trainer.console import RunConsole, _Pace, _RowsPerSecond

RECORDS = [{"split": "valid", "auroc/liked": 0.75}]


def test_table_is_a_result_and_lines_are_logs(capsys: pytest.CaptureFixture[str]) -> None:
    console = RunConsole()
    console.say("a line")
    console.table("run", RECORDS, ["auroc"])

    told = capsys.readouterr()
    assert told.err == "a line\n"
    assert "0.7500" in told.out


@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        ({"loss": 0.5, "auroc": 0.625, "loss/follows": 0.25, "loss/likes": 0.75}, {"(all)", "follows", "likes"}),
        ({"loss": 0.5, "loss/liked": 0.5}, {"liked"}),
        ({"loss": 0.5, "auroc": 0.625}, {"(all)"}),
    ],
    ids=["several", "one", "none"],
)
def test_table_has_a_row_of_the_whole(
    capsys: pytest.CaptureFixture[str], figures: dict[str, float], shown: set[str]
) -> None:
    RunConsole().table("run", [{"split": "valid", **figures}], ["loss", "auroc"])

    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    found = {row[1]: row[2] for row in rows if row and row[0] == "valid"}
    assert found.keys() == shown
    assert found.get("(all)", "0.5000") == "0.5000"


def test_silent_process_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    console = RunConsole(silent=True)
    console.say("a line")
    console.table("run", RECORDS, ["auroc"])

    assert capsys.readouterr() == ("", "")


class _Full(StringIO):
    def flush(self) -> NoReturn:
        raise OSError("no space")


def test_output_that_takes_nothing_is_told_and_ends_no_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", _Full())

    RunConsole().table("run", RECORDS, ["auroc"])

    assert capsys.readouterr().err == "the standard output cannot be written: no space\n"
    sys.stdout.flush()


def test_what_is_left_goes_by_the_steps_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    pace = _Pace(1000, 1100)
    assert pace.left(1000) is None
    now[0] += 30
    assert pace.left(1025) == timedelta(seconds=90)
    assert pace.left(1100) == timedelta()


def test_without_a_terminal_a_report_says_how_long_it_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    console = RunConsole()
    with console.progress(0, 100, 16):
        now[0] += 61
        console.report_training(50, "step 50  train  loss 0.5  1,000 rows/s")
        console.note("step 50  valid")

    assert capsys.readouterr().err == "step 50  train  loss 0.5  1,000 rows/s  0:01:01 left\nstep 50  valid\n"


def test_bar_shows_rows_a_second() -> None:
    now = [0.0]
    column = _RowsPerSecond(500)
    with Progress(column, console=Console(file=StringIO()), get_time=lambda: now[0]) as bar:
        task = bar.add_task("training", total=100)
        assert str(column.render(bar.tasks[0])) == ""
        for done in (10, 20):
            now[0] += 2
            bar.update(task, completed=done)
        assert str(column.render(bar.tasks[0])) == "2,500 rows/s"
