"""The examples of docs/importing.md run, and print what the page shows."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from rankspec.cli import main

PAGE = Path(__file__).parents[2] / "docs/importing.md"
BLOCK = re.compile(r"^```(python|sh|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def run(language: str, block: str, names: dict[str, object]) -> str:
    """What a block prints on the standard output."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if language == "python":
            exec(block, names)  # noqa: S102 — the page's own code
        for line in block.splitlines() if language == "sh" else ():
            program, *arguments = shlex.split(line)
            assert program == "rankspec"
            assert main(arguments) == 0, line
    return printed.getvalue()


@pytest.mark.slow
def test_examples_print_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # One after the other: each goes on with the files and names of those before it.
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    printed = ""
    for language, block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "text":
            lines = [line.rstrip() for line in printed.splitlines()]
            shown = [line.rstrip() for line in block.splitlines()]
            assert lines[: len(shown)] == shown
        else:
            printed = run(language, block, names)
    assert (tmp_path / "visits/run/metrics.jsonl").is_file()
    assert (tmp_path / "visits_later/rows-00.parquet").is_file()
