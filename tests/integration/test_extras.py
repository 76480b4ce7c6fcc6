"""What an extra of the package installs is all that its verbs take: they run where nothing else can be imported."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.unit.tiny_bundles import write_bundle

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).parents[2]
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
# A module that is None here is one that is not installed, for `import` and for who asks whether it is there.
_PROGRAM = """
import json, sys
sys.modules.update(dict.fromkeys(json.loads(sys.argv[1])))
from rankspec.cli import main
sys.exit(main(sys.argv[2:]))
"""
_SHORT = ("--set", "training.num_train_steps=2", "--set", "training.save_dir=run")
_TINY = str(_ROOT / "configs/recap/tiny.textproto")
_BUNDLES = _ROOT / "tests/scoring"


def _installed(name: str, extras: frozenset[str], found: set[tuple[str, str]]) -> None:
    """Adds a distribution and what it asks for, each with the extra that is asked for."""
    own = _PROJECT["dependencies"] if name == "rankspec" else None
    for extra in ("", *extras):
        if (name, extra) in found:
            continue
        found.add((name, extra))
        if own is None:
            try:
                lines = requires(name) or []
            except PackageNotFoundError:
                continue
        else:
            lines = [*own, *(_PROJECT["optional-dependencies"][extra] if extra else ())]
        for requirement in map(Requirement, lines):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                _installed(canonicalize_name(requirement.name), frozenset(requirement.extras), found)


def _missing(extra: str) -> Iterator[str]:
    """Modules that are here, and would not be where the extra alone is installed."""
    found: set[tuple[str, str]] = set()
    _installed("rankspec", frozenset([extra] if extra else []), found)
    there = {name for name, _ in found}
    for module, owners in packages_distributions().items():
        if module.isidentifier() and there.isdisjoint(map(canonicalize_name, owners)):
            yield module


def _run(extra: str, folder: Path, *arguments: str, status: int = 0) -> str:
    """Runs a verb with what an extra installs; returns what it says."""
    command = [sys.executable, "-c", _PROGRAM, json.dumps(sorted(_missing(extra))), *arguments]
    settings = os.environ | {"RANKSPEC_TINY": str(_ROOT / "configs/recap/tiny_data")}
    ran = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)
    assert ran.returncode == status, ran.stderr
    return ran.stdout + ran.stderr


def test_modules_of_other_extras_are_missing() -> None:
    assert {"torch", "pyarrow", "numpy", "rich", "grpc"} <= set(_missing(""))
    assert "google" not in set(_missing(""))
    assert {"torch", "onnxruntime"} <= set(_missing("data"))
    assert {"torch", "pyarrow", "onnx", "grpc"} <= set(_missing("scoring"))
    assert set(_missing("export")) < set(_missing("train")) < set(_missing("data"))


def test_checking_takes_no_extra(tmp_path: Path) -> None:
    assert "no mistakes" in _run("", tmp_path, "check", _TINY)


def test_a_table_is_imported(tmp_path: Path) -> None:
    lines = (f"{row % 7},{row},{row % 2}" for row in range(200))
    (tmp_path / "table.csv").write_text("\n".join(["shop,price,bought", *lines]) + "\n")

    said = _run("data", tmp_path, "data", "import", "table.csv", "--label", "bought", "-o", "made")

    assert re.search(r"price +number", said)


@pytest.mark.parametrize(
    ("extra", "bundle"), [("scoring", "example_bundle"), ("raw", "example_raw_bundle")], ids=["scoring", "raw"]
)
def test_a_bundle_is_opened(tmp_path: Path, extra: str, bundle: str) -> None:
    assert "whole; " in _run(extra, tmp_path, "bundle", "verify", str(_BUNDLES / bundle))


def test_what_a_bundle_takes_is_told(tmp_path: Path) -> None:
    bundle = str(_BUNDLES / "example_bundle")

    assert "`pip install 'rankspec[scoring]'`" in _run("data", tmp_path, "bundle", "verify", bundle, status=1)
    assert "`pip install 'rankspec[serve]'`" in _run("scoring", tmp_path, "serve", bundle, status=1)


def test_weights_of_a_bundle_are_set(tmp_path: Path) -> None:
    _run("scoring", tmp_path, "bundle", "set-weights", str(_BUNDLES / "example_bundle"), "-o", "other", "like=2")

    assert (tmp_path / "other").is_dir()


def test_a_bundle_is_served(tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundle", is_right=False)

    assert "GOLDEN_MISMATCH" in _run("serve", tmp_path, "serve", "bundle", status=1)


def test_a_run_is_trained_predicted_compared_and_exported(tmp_path: Path) -> None:
    _run("train", tmp_path, "train", _TINY, *_SHORT)
    _run("train", tmp_path, "predict", _TINY, *_SHORT, "-o", "scores.parquet")
    remedy = "`pip install 'rankspec[baseline]'` installs what this takes"
    assert remedy in _run("train", tmp_path, "baseline", _TINY, *_SHORT, status=1)
    _run("baseline", tmp_path, "baseline", _TINY, *_SHORT, "--draws", "20")
    assert remedy.replace("baseline", "export") in _run("train", tmp_path, "export", "run", "-o", "bundle", status=1)
    _run("export", tmp_path, "export", "run", "-o", "bundle", "--triton", "triton")

    assert (tmp_path / "bundle/manifest.binpb").is_file()
