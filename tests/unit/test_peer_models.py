import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pydantic
import pytest
from benchmarks.content import expanded, plain
from benchmarks.peer_models import PEERS, module
from benchmarks.peers import written
from google.protobuf import json_format
from rankspec.recap.v1 import recap_pb2

from rankspec.schema.descriptors import descriptor_of

_REFUSALS = (pydantic.ValidationError, msgspec.ValidationError)

# What is changed in the production config, by the path of a value: a mistake that is visible in one field.
_MISTAKES: dict[str, tuple[tuple[str, ...], object]] = {
    "unknown field": (("training", "num_train_stepz"), 1),
    "number below its range": (("training", "num_train_steps"), 0),
    "number above its range": (("train_data", "tasks", "recap.engagement.is_replied", "neg_downsampling_rate"), 1.5),
    "wrong type": (("training", "num_train_steps"), "many"),
    "unknown enum value": (("model", "multi_task_type"), "MULTI_TASK_TYPE_SHARE_MUCH"),
    "unspecified enum value": (("model", "multi_task_type"), "MULTI_TASK_TYPE_UNSPECIFIED"),
    "empty text": (("training", "save_dir"), ""),
    "empty map": (("model", "tasks"), {}),
    "null for a required field": (("optimizer",), None),
}


@pytest.fixture(params=PEERS)
def peer(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, Callable[[Path], Any]]:
    name = f"{request.param}_under_test"
    (tmp_path / f"{name}.py").write_text(module(PEERS[request.param], descriptor_of(expanded())))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return request.param, import_module(name).load


def test_a_plain_config_says_what_the_message_says() -> None:
    assert json_format.ParseDict(plain(expanded()), recap_pb2.RecapConfig()) == expanded()


def test_models_take_the_production_config_and_keep_its_values(
    peer: tuple[str, Callable[[Path], Any]], tmp_path: Path
) -> None:
    name, load = peer
    (tmp_path / "content").write_text(written(name, plain(expanded())))
    loaded = load(tmp_path / "content")
    values = loaded.model_dump(exclude_unset=True) if name == "pydantic" else _set_values(msgspec.to_builtins(loaded))
    assert values == plain(expanded())


@pytest.mark.parametrize("mistake", _MISTAKES)
def test_models_refuse(mistake: str, peer: tuple[str, Callable[[Path], Any]], tmp_path: Path) -> None:
    name, load = peer
    path, value = _MISTAKES[mistake]
    config = plain(expanded())
    holder = config
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    (tmp_path / "content").write_text(written(name, config))
    with pytest.raises(_REFUSALS):
        load(tmp_path / "content")


def _set_values(tree: Any) -> Any:
    """Returns what msgspec made without the fields that hold their defaults."""
    if isinstance(tree, dict):
        return {key: _set_values(value) for key, value in tree.items() if value is not None and value not in ([], {})}
    return [_set_values(item) for item in tree] if isinstance(tree, list) else tree
