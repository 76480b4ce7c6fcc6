"""A checkpoint that release 0.1 wrote is gone on from, and comes to the figures that 0.1 itself came to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rankspec.cli import main

_STORED = Path(__file__).parent / "run_of_0_1"
_DATA = Path(__file__).parents[3] / "configs/recap/tiny_data"
_LAST = 80


def _last(metrics: Path) -> dict[str, dict[str, Any]]:
    """Figures of the last step by part of the data."""
    records: list[dict[str, Any]] = [json.loads(line) for line in metrics.read_text().splitlines()]
    return {record.pop("split"): record for record in records if record["step"] == _LAST}


def test_a_run_of_the_first_release_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(_STORED, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RANKSPEC_TINY", str(_DATA))

    assert main(["train", "config.textproto"]) == 0

    said = capsys.readouterr().err
    assert "continuing from checkpoint 40 " in said
    assert "does not say which data it was trained on" in said
    assert (tmp_path / "run" / str(_LAST)).is_dir()
    # Kept from the time when 0.1 went on to the last step without a break.
    expected, found = (_last(folder / "run/metrics.jsonl") for folder in (_STORED, tmp_path))
    assert expected.keys() == found.keys() == {"train", "validation"}
    for split, figures in expected.items():
        assert {name: found[split][name] for name in figures} == pytest.approx(figures, rel=1e-3), split
