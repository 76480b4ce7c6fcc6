"""The examples of docs/data.md run, and print what the page shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from rankspec.cli import data as data_verb

PAGE = Path(__file__).parents[2] / "docs/data.md"
END_OF_BLOCK = "--- end of block ---\n"


def blocks(*languages: str) -> list[str]:
    return [
        text
        for language in languages
        for text in re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    ]


def test_python_examples_print_what_the_page_shows(tmp_path: Path) -> None:
    # One after the other in one process: each goes on with the names of those before it.
    program = f"print({END_OF_BLOCK!r}, end='')\n".join(blocks("python"))
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    assert ran.stdout.split(END_OF_BLOCK) == blocks("text")


def test_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in "".join(blocks("sh")).splitlines():
        program, verb, *arguments = shlex.split(line)
        assert (program, verb) == ("rankspec", "data")
        parser = ArgumentParser()
        data_verb.add_arguments(parser)
        assert data_verb.run(parser.parse_args(arguments)) == 0
    assert len(list(tmp_path.glob("build/random/*.parquet"))) == 2
