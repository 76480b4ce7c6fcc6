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
_PAGE = (_ROOT / "docs/predicting.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", _PAGE, re.DOTALL | re.MULTILINE)


def test_commands_run_and_the_example_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").symlink_to(_ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RANKSPEC_RUNS", raising=False)
    monkeypatch.delenv("RANKSPEC_TINY", raising=False)
    (commands,), (program,), (shown,) = _blocks("sh"), _blocks("python"), _blocks("text")

    for line in commands.splitlines():
        assert main(shlex.split(line)[1:]) == 0
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout == shown
    lists = pq.read_table("build/lists.parquet")
    assert lists.column_names[:2] == ["meta.user_id", "rank"]
    assert max(lists["rank"].to_pylist()) <= 3


def test_weights_of_the_page_are_of_the_tiny_ranker(tmp_path: Path) -> None:
    overlay = tmp_path / "weights.textproto"
    overlay.write_text(_blocks("textproto")[0])

    assert (
        main(["resolve", str(_ROOT / "configs/recap/tiny.textproto"), str(overlay), "-o", str(tmp_path / "o.json")])
        == 0
    )
