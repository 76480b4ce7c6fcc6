"""What a shipped config sets is read when it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.message import Message
from tests.claims import fields_read
from tests.unit.small_movielens import write_grouplens

from rankspec.claims.registry import forget_reads
from rankspec.composition.compose import compose
from rankspec.datasets import clicks, edges, movielens, random_data
from rankspec.families.jobs import job_of
from rankspec.families.recap.program.data.service import served_data
from rankspec.schema.leaves import leaves
from rankspec.trainer import run
from rankspec.trainer.data.service.server import DataServer
from rankspec.trainer.setup import Job, set_up

_CONFIGS = Path(__file__).parents[2] / "configs"
_SHIPPED = sorted(str(file.relative_to(_CONFIGS)) for file in _CONFIGS.rglob("*.textproto"))
_SERVERS: list[DataServer] = []


def _beside_the_configs(folder: Path, environment: pytest.MonkeyPatch) -> None:
    environment.chdir(_CONFIGS.parent)
    environment.setenv("RANKSPEC_RUNS", str(folder))


def _movielens(folder: Path, environment: pytest.MonkeyPatch) -> None:
    movielens.prepare(folder / "data", write_grouplens(folder / "source"))
    environment.setenv("MOVIELENS_DATA", str(folder))


def _random_rows(folder: Path, environment: pytest.MonkeyPatch) -> None:
    random_data.write(folder / "data", num_rows=256)
    environment.setenv("RANKSPEC_RANDOM_DATA", str(folder / "data"))
    environment.setenv("RANKSPEC_RUNS", str(folder))


def _tfrecord(folder: Path, environment: pytest.MonkeyPatch) -> None:
    random_data.write(folder / "data", num_rows=400, num_files=4, widths=random_data.SMALL, form="tfrecord")
    environment.setenv("RANKSPEC_TFRECORD", str(folder / "data"))
    environment.setenv("RANKSPEC_RUNS", str(folder))


def _edges(folder: Path, environment: pytest.MonkeyPatch) -> None:
    edges.write(folder / "edges", num_edges=6000)
    environment.setenv("RANKSPEC_EDGES", str(folder / "edges"))
    environment.setenv("RANKSPEC_RUNS", str(folder))


def _named_edges(folder: Path, environment: pytest.MonkeyPatch) -> None:
    edges.write(folder / "edges", num_edges=6000, named=True)
    environment.setenv("RANKSPEC_NAMED_EDGES", str(folder / "edges"))
    environment.setenv("RANKSPEC_RUNS", str(folder))


def _clicks(folder: Path, environment: pytest.MonkeyPatch) -> None:
    clicks.write(folder / "clicks", num_rows=2000)
    environment.setenv("CLICKS_DATA", str(folder / "clicks"))
    environment.setenv("RANKSPEC_RUNS", str(folder))


def _served_rows(folder: Path, environment: pytest.MonkeyPatch) -> None:
    """The server reads what the trainer leaves to it, such as `inputs`."""
    _beside_the_configs(folder, environment)
    server = DataServer(served_data(compose(_CONFIGS / "recap/remote.textproto").message), "grpc://127.0.0.1:0")
    _SERVERS.append(server)
    environment.setenv("RANKSPEC_DATA_SERVICE", f"grpc://127.0.0.1:{server.port}")


@pytest.fixture(autouse=True)
def _servers_end() -> Iterator[None]:
    yield
    while _SERVERS:
        _SERVERS.pop().close()


# What a config's data are made by, by a pattern of its name; the first that fits.
_DATA: dict[str, Callable[[Path, pytest.MonkeyPatch], None]] = {
    "movielens/*": _movielens,
    "recap/tiny*": _beside_the_configs,
    "recap/z_score*": _beside_the_configs,
    "recap/remote*": _served_rows,
    "recap/local_prod*": _random_rows,
    "clicks/*": _clicks,
    "recap/tfrecord*": _tfrecord,
    "twhin/named*": _named_edges,
    "twhin/*": _edges,
}
# Models too large to train here: all is built, and no step is made.
_NOT_TRAINED = ("recap/local_prod.textproto",)


def test_every_shipped_config_has_its_data() -> None:
    assert [name for name in _SHIPPED if not any(fnmatch(name, pattern) for pattern in _DATA)] == []


@pytest.mark.parametrize("name", _SHIPPED)
def test_shipped_config_is_read_in_full(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_reads()
    next(make for pattern, make in _DATA.items() if fnmatch(name, pattern))(tmp_path, monkeypatch)
    loaded = compose(_CONFIGS / name, overrides=["training.num_train_steps=2"])

    if name in _NOT_TRAINED:
        _build(job_of(loaded))
    else:
        assert run.train(job_of(loaded))

    assert _set_but_not_read(loaded.message) == set()


def _build(job: Job) -> None:
    with set_up(job) as setup:
        training = run.TrainingRun(setup)
        sums = training._window.sums.numpy()
        setup.program.training_figures(np.zeros(sums.shape[1]), np.ones_like(sums[1:]))


def _set_but_not_read(config: Message) -> set[tuple[str, str]]:
    read = fields_read()
    fields = {field for leaf in leaves(config) for field in leaf.path.fields}
    names = {tuple(field.full_name.rsplit(".", 1)) for field in fields}
    return {(message, field) for message, field in names if field not in read.get(message, ())}
