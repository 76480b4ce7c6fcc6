"""The generated bindings of other languages compile, read schema defaults and reach the verdict."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_TOOLS = {"go": ("go",), "java": ("javac", "mvn"), "ts": ("node", "npm")}


def _environment() -> dict[str, str]:
    """Returns ours without what a `make` above us would pass to the one below, its job server for one."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


@pytest.mark.slow
@pytest.mark.parametrize("language", _TOOLS)
def test_bindings_compile_and_their_tests_pass(language: str) -> None:
    missing = [tool for tool in _TOOLS[language] if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{language} bindings left out: {', '.join(missing)} not installed")

    result = subprocess.run(
        ["make", f"test-{language}"],
        cwd=_ROOT,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout
