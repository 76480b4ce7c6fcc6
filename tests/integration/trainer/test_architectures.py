"""Every architecture, as backbone and as tower under each way of sharing, is built, takes steps and goes on exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.architectures import SHIPPED, Variant, config_of, variants
from rankspec.recap.v1.architecture_pb2 import TaskModel
from tests.unit.small_movielens import write_grouplens

from rankspec.checking.check import check
from rankspec.datasets import movielens
from rankspec.families.jobs import job_of
from rankspec.formats.writing import to_textproto
from rankspec.trainer import run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small MovieLens in it."""
    folder = tmp_path_factory.mktemp("movielens")
    movielens.prepare(folder / "data", write_grouplens(folder / "source"))
    return folder


def _train(variant: Variant, save_dir: Path, num_steps: int) -> None:
    config = config_of(variant)
    config.training.save_dir = str(save_dir)
    config.training.num_train_steps = num_steps
    config.training.checkpoint_every_n = config.training.train_log_every_n = 1
    config.train_data.global_batch_size = 20
    config.ClearField("validation_data")
    config.training.ClearField("eval_log_every_n")
    file = save_dir.with_suffix(".textproto")
    file.write_text(to_textproto(config))
    loaded = check([file])
    assert [found for found in loaded.diagnostics if found.severity == "error"] == []
    assert run.train(job_of(loaded))


def _figures(save_dir: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (save_dir / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("variant", list(variants()), ids=lambda variant: variant.name)
def test_it_trains_and_goes_on_as_if_it_had_not_stopped(
    variant: Variant, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOVIELENS_DATA", str(data))
    _train(variant, tmp_path / "whole", 3)
    for num_steps in (1, 3):
        _train(variant, tmp_path / "resumed", num_steps)

    assert [record["step"] for record in _figures(tmp_path / "whole")] == [1, 2, 3]
    assert _figures(tmp_path / "resumed") == _figures(tmp_path / "whole")


def test_every_architecture_of_the_spec_is_shipped() -> None:
    members = TaskModel.DESCRIPTOR.oneofs_by_name["architecture"].fields
    assert {field.name.removesuffix("_config") for field in members} == SHIPPED.keys()
