"""The commands of docs/predicting.md run one after the other, and its example prints what the page shows."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rankspec.cli import main

_ROOT = Path(__file__).parents[3]


def _blocks(language: str, page: str = "predicting") -> list[str]:
    text = (_ROOT / f"docs/{page}.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def _run(commands: str) -> None:
    for line in commands.splitlines():
        assert main(shlex.split(line)[1:]) == 0, line


def _printed(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_commands_run_and_the_example_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").symlink_to(_ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RANKSPEC_RUNS", raising=False)
    monkeypatch.delenv("RANKSPEC_TINY", raising=False)
    (commands, _), (_, program), (shown,) = _blocks("sh"), _blocks("python"), _blocks("text")

    _run(commands)

    assert _printed(program) == shown
    lists = pq.read_table("build/lists.parquet")
    assert lists.column_names[:2] == ["meta.user_id", "rank"]
    assert max(lists["rank"].to_pylist()) <= 3


@pytest.mark.slow
def test_raw_rows_are_those_of_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (_, commands), (new_rows, _) = _blocks("sh"), _blocks("python")

    _printed(_blocks("python", "importing")[0])
    _run(_blocks("sh", "importing")[0])
    _printed(new_rows)
    _run(commands)

    assert pq.read_table("scores.parquet").column_names == ["visited_at", "bought"]
    assert pq.read_table("scores.parquet").num_rows == 200
    lists = pq.read_table("best.parquet")
    assert lists.column_names == ["city", "rank", "visited_at", "remark", "bought"]
    assert lists.num_rows == 9


def test_weights_of_the_page_are_of_the_tiny_ranker(tmp_path: Path) -> None:
    overlay = tmp_path / "weights.textproto"
    overlay.write_text(_blocks("textproto")[0])

    assert (
        main(["resolve", str(_ROOT / "configs/recap/tiny.textproto"), str(overlay), "-o", str(tmp_path / "o.json")])
        == 0
    )
