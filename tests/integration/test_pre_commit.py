"""The pre-commit hook for other repositories."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.example_configs import VALID, write

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hook() -> dict[str, Any]:
    (only,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert isinstance(only, dict)
    return only


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        pytest.param(VALID, 0, "no mistakes", id="valid"),
        pytest.param(VALID.replace("32", "-5"), 1, "config.textproto:13:22: error:", id="wrong"),
    ],
)
def test_entry_checks_the_files_it_is_given(
    hook: dict[str, Any], tmp_path: Path, text: str, status: int, said: str
) -> None:
    write(tmp_path, text)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    result = subprocess.run(
        [*shlex.split(hook["entry"]), "config.textproto"],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == status, result.stderr
    assert said in result.stdout


@pytest.mark.parametrize(
    ("name", "is_config"),
    [
        pytest.param("configs/ranker.textproto", True, id="textproto"),
        pytest.param("ranker.txtpb", True, id="txtpb"),
        pytest.param("data.json", False, id="json_may_be_anything"),
        pytest.param("ranker.textproto.orig", False, id="other_extension"),
    ],
)
def test_configs_are_known_by_their_extension(hook: dict[str, Any], name: str, *, is_config: bool) -> None:
    assert bool(re.search(hook["files"], name)) is is_config
