"""The pages of docs/serving work in empty folders, as a new user follows them, and all come to the same scores."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rankspec import scoring

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parents[2]
_PAGES = _ROOT / "docs/serving"
_BUNDLE = _ROOT / "tests/scoring/example_bundle"
# What each page needs beside Python.
_TOOLS = {"python": [], "go": ["go"], "java": ["mvn", "javac"], "typescript": ["npm"]}
_FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# A name and its scores, as each language prints them.
_SCORES = re.compile(r"(\S+) (?:Float32Array\(2\) )?\[(.*)\]")
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what packages are made of, so that nothing is built where others may be building."""
    folder = tmp_path_factory.mktemp("checkout")
    leave_out = shutil.ignore_patterns("node_modules", "target", "dist", ".build-*", "src/gen")
    for name in ("go", "java", "ts", "gen/go", "gen/java", "gen/ts"):
        shutil.copytree(_ROOT / name, folder / name, ignore=leave_out)
    for name in ("LICENSE", "NOTICE", "THIRD_PARTY_NOTICES.md"):
        shutil.copy(_ROOT / name, folder)
    return folder


def _commands(page: str) -> list[str]:
    return [line[2:] for block in _BLOCK.findall(page) for line in block.splitlines() if line.startswith("$ ")]


def _environment(folder: Path) -> dict[str, str]:
    """With a Maven repository of its own, which begins as the user's: what is installed there stays there."""
    repository = folder / "m2"
    if (Path.home() / ".m2/repository").is_dir():
        shutil.copytree(Path.home() / ".m2/repository", repository, copy_function=os.link)
    # Without a network, modules of Go are there that were fetched before, but nobody to ask what they should be.
    return {**os.environ, "MAVEN_OPTS": f"-Dmaven.repo.local={repository}", "GOSUMDB": "off", "PYTHONPATH": ""}


@pytest.mark.parametrize("language", _TOOLS)
def test_the_page_leads_from_an_empty_folder_to_scores(language: str, checkout: Path, tmp_path: Path) -> None:
    missing = [tool for tool in _TOOLS[language] if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    page = (_PAGES / f"{language}.md").read_text()
    folder = tmp_path / "empty"
    for name, content in _FILE.findall(page):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    script = "\n".join(_commands(page))
    # Set-up is `make`'s business, and here it is done.
    build = f"{sys.executable} -m build --wheel --no-isolation --outdir {checkout}/dist {_ROOT} >/dev/null"
    script = script.replace("make -C ~/rankspec package", build).replace("~/rankspec", str(checkout))
    script = script.replace("~/bundles/tiny", str(_BUNDLE)).replace("$HOME/bundles/tiny", str(_BUNDLE))

    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = ran.stdout[ran.stdout.index("step ") :].splitlines()
    with scoring.open(_BUNDLE) as scorer:
        columns = {
            item.name: np.zeros((2, item.width), "float32" if item.HasField("non_finite_value") else "int64")
            for item in scorer.manifest.signature.inputs
        }
        expected = scorer.score(columns, scorer.signature_hash)
        assert said[0] == f"step {scorer.manifest.step} digest {scorer.digest}"
    lines = filter(None, map(_SCORES.fullmatch, said[1:]))
    found = {line[1]: re.findall(r"-?[\d.]+(?:[eE]-?\d+)?", line[2]) for line in lines}
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(np.array(found[name], float), values, rtol=0, atol=1e-6)


def test_the_commands_of_shipping_bring_a_bundle_to_the_watched_folder(tmp_path: Path) -> None:
    page = (_PAGES / "shipping.md").read_text()
    for name in ("registry", "bundles"):
        (tmp_path / name).mkdir()
    # The page begins with a run; a bundle of one is here already. The last command asks a server.
    commands = [command for command in _commands(page) if not command.startswith("curl")]
    exporting = "rankspec export build/runs/tiny -o tiny-60"
    assert exporting in commands
    script = "\n".join(commands).replace(exporting, f"cp -r {_BUNDLE} tiny-60")
    rankspec = f'rankspec() {{ {sys.executable} -m rankspec "$@"; }}\n'

    subprocess.run(["bash", "-euo", "pipefail", "-c", rankspec + script], cwd=tmp_path, check=True)

    assert (tmp_path / "bundles/tiny-60/manifest.binpb").read_bytes() == (_BUNDLE / "manifest.binpb").read_bytes()
    assert [path.name for path in (tmp_path / "bundles").iterdir() if not path.name.startswith(".")] == ["tiny-60"]
    assert [(tmp_path / name).read_text() for name in ("canary-step", "step")] == ["120\n", "60\n"]
