"""Nothing in a checkpoint can run code, read elsewhere or end in a traceback, however well its hashes fit."""

import hashlib
import json
import math
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.integration.trainer.runs import Runs, newest, steps_of
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import BytesStorageMetadata, MetadataIndex, TensorStorageMetadata

from rankspec.trainer.checkpoints import Checkpoint
from rankspec.trainer.errors import TrainError

LONGER = "training { num_train_steps: 41 }"


class _Calls:
    """Pickles as a call."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


def _mend_hashes(checkpoint: Path) -> None:
    manifest = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in checkpoint.iterdir()
        if path.name != "files.json" and path.is_file()
    }
    (checkpoint / "files.json").write_text(json.dumps(manifest))


def _index(checkpoint: Path) -> Any:
    return FileSystemReader(checkpoint).read_metadata()


def _write_index(checkpoint: Path, index: object) -> None:
    (checkpoint / ".metadata").write_bytes(pickle.dumps(index))


def _named_call(checkpoint: Path) -> None:
    _write_index(checkpoint, _Calls(os.mkdir, str(checkpoint / "ran")))


def _call_inside(checkpoint: Path) -> None:
    index = _index(checkpoint)
    index.planner_data = _Calls(os.mkdir, str(checkpoint / "ran"))
    _write_index(checkpoint, index)


def _dotted_name(checkpoint: Path) -> None:
    name = b"serialization.os.mkdir"
    (checkpoint / ".metadata").write_bytes(
        b"\x80\x04\x8c\x05torch\x94\x8c" + bytes([len(name)]) + name + b"\x94\x93\x94\x8c\x03ran\x94\x85\x94R\x94."
    )


def _old_opcode(checkpoint: Path) -> None:
    (checkpoint / ".metadata").write_bytes(b"cos\nmkdir\n(Vran\ntR.")


def _byte_item(checkpoint: Path) -> None:
    index = _index(checkpoint)
    name = next(name for name in index.state_dict_metadata if name.startswith("model."))
    index.state_dict_metadata[name] = BytesStorageMetadata()
    _write_index(checkpoint, index)


def _another_file(name: str) -> Callable[[Path], None]:
    def change(checkpoint: Path) -> None:
        index = _index(checkpoint)
        for stored in index.storage_data.values():
            stored.relative_path = name
        _write_index(checkpoint, index)

    return change


def _larger_than_stored(checkpoint: Path) -> None:
    index = _index(checkpoint)
    for entry in index.state_dict_metadata.values():
        assert isinstance(entry, TensorStorageMetadata)
        entry.size = torch.Size([1 << 40])
        entry.chunks[0].sizes = torch.Size([1 << 40])
    _write_index(checkpoint, index)


def _chunk_outside(checkpoint: Path) -> None:
    index = _index(checkpoint)
    for name, entry in index.state_dict_metadata.items():
        if name.startswith("model.") and len(entry.size) == 1:
            entry.chunks[0].offsets = torch.Size([1000])
            stored = index.storage_data.pop(MetadataIndex(name, torch.Size([0])))
            index.storage_data[MetadataIndex(name, torch.Size([1000]))] = stored
            break
    _write_index(checkpoint, index)


def _empty_by_huge(checkpoint: Path) -> None:
    index = _index(checkpoint)
    for name, entry in index.state_dict_metadata.items():
        if name.startswith("optimizer."):
            entry.size = entry.chunks[0].sizes = torch.Size([0, 1 << 62, 1 << 62])
            entry.chunks[0].offsets = torch.Size([0, 0, 0])
    _write_index(checkpoint, index)


def _same_bytes_many_times(checkpoint: Path) -> None:
    index = _index(checkpoint)
    name, entry = max(index.state_dict_metadata.items(), key=lambda pair: pair[1].size.numel())
    stored = index.storage_data[MetadataIndex(name, torch.Size([0] * len(entry.size)))]
    for number in range(1000):
        index.state_dict_metadata[f"optimizer.x.{number}"] = entry
        index.storage_data[MetadataIndex(f"optimizer.x.{number}", torch.Size([0] * len(entry.size)))] = stored
    _write_index(checkpoint, index)


def _no_index(checkpoint: Path) -> None:
    (checkpoint / ".metadata").write_bytes(b"\x80\x04N.")


UNSAFE = {
    "call": _named_call,
    "call_inside": _call_inside,
    "dotted_name": _dotted_name,
    "old_opcode": _old_opcode,
    "byte_item": _byte_item,
    "file_above": _another_file("../35/__0_0.distcp"),
    "absolute_file": _another_file("/etc/passwd"),
    "unlisted_file": _another_file("other.distcp"),
    "larger_than_stored": _larger_than_stored,
    "chunk_outside": _chunk_outside,
    "empty_by_huge": _empty_by_huge,
    "same_bytes_many_times": _same_bytes_many_times,
    "no_index": _no_index,
}


@pytest.fixture
def crafted(runs: Runs, finished: Path, request: pytest.FixtureRequest) -> Path:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    checkpoint = newest(folder).folder
    (checkpoint / "other.distcp").write_bytes((checkpoint / "__0_0.distcp").read_bytes())
    UNSAFE[request.param](checkpoint)
    _mend_hashes(checkpoint)
    manifest = json.loads((checkpoint / "files.json").read_text())
    del manifest["other.distcp"]
    (checkpoint / "files.json").write_text(json.dumps(manifest))
    assert Checkpoint(40, checkpoint).damage() is None
    return folder


@pytest.mark.parametrize("crafted", UNSAFE, indirect=True)
def test_resume_runs_nothing_of_a_checkpoint(runs: Runs, crafted: Path) -> None:
    with pytest.raises(TrainError) as caught:
        runs.train("run", LONGER)

    assert caught.value.code == "checkpoint.unsafe"
    assert not (crafted / "40" / "ran").exists()
    assert not Path("ran").exists()


@pytest.mark.parametrize("crafted", ["call", "call_inside", "byte_item"], indirect=True)
def test_evaluation_runs_nothing_of_a_checkpoint(runs: Runs, crafted: Path) -> None:
    with pytest.raises(TrainError) as caught:
        runs.evaluate("run")

    assert caught.value.code == "checkpoint.unsafe"
    assert not (crafted / "40" / "ran").exists()


@pytest.mark.parametrize("crafted", ["call", "call_inside", "byte_item"], indirect=True)
def test_start_from_a_checkpoint_runs_nothing_of_it(runs: Runs, crafted: Path) -> None:
    with pytest.raises(TrainError) as caught:
        runs.train("new", f'training {{ initial_checkpoint_dir: "{crafted}/40" }}')

    assert caught.value.code == "checkpoint.unsafe"
    assert not (crafted / "40" / "ran").exists()


def test_tensors_that_pickle_as_calls_run_nothing(runs: Runs, finished: Path, tmp_path: Path) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    checkpoint = newest(folder).folder
    shards = checkpoint / "__0_0.distcp"
    torch.save(_Calls(os.mkdir, str(tmp_path / "ran")), tmp_path / "call.pt")
    call = (tmp_path / "call.pt").read_bytes()
    shards.write_bytes(call + b"\0" * max(0, shards.stat().st_size - len(call)))
    index = _index(checkpoint)
    for stored in index.storage_data.values():
        stored.offset = 0
        stored.length = len(call)
    _write_index(checkpoint, index)
    _mend_hashes(checkpoint)

    with pytest.raises(TrainError) as caught:
        runs.train("run", LONGER)

    assert caught.value.code in ("checkpoint.unsafe", "checkpoint.damaged")
    assert not (tmp_path / "ran").exists()


def _state(**changes: object) -> str:
    state: dict[str, object] = {"step": 40, "window": {}, "best": {"step": None}, "scaler": {}, "metrics_bytes": 0}
    return json.dumps(state | {"feature_signature": "", "inputs": []} | changes)


_ODD_STATES = {
    "list": "[]",
    "nested": "[" * 100_000,
    "no_number": '{"step": NaN}',
    "negative_size": _state(metrics_bytes=-5),
    "no_best": _state(best={}),
    "infinite_best": _state(best={"step": math.inf}),
    "missing_keys": '{"step": 40}',
    "wrong_types": (
        '{"step": 40, "window": {"rows": "x", "sums": 3}, "best": {"step": [], "value": 1}, "scaler": {}, '
        '"metrics_bytes": 0, "feature_signature": "", "inputs": [{"kept": 3}]}'
    ),
}


@pytest.mark.parametrize("text", _ODD_STATES.values(), ids=_ODD_STATES)
def test_odd_state_is_one_clear_error(runs: Runs, finished: Path, text: str) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    (folder / "40" / "state.json").write_text(text)
    _mend_hashes(folder / "40")

    with pytest.raises(TrainError, match=r"40/state\.json is not what a run writes .*another checkpoint") as caught:
        runs.train("run", LONGER)

    assert caught.value.code == "checkpoint.damaged"


_ODD_VALUES = {
    "negative_size": {"metrics_bytes": -5},
    "offset_of_words": {"data_offset": "a"},
    "data_without_files": {"data": {"train_data": {}}},
    "files_without_rows": {"data": {"train_data": {"files": {"a": [1]}, "schema": ""}}},
    "rows_of_words": {"data": {"train_data": {"files": {"a": [1, "b", "c"]}, "schema": ""}}},
    "data_as_a_list": {"data": [1]},
}


@pytest.mark.parametrize("change", _ODD_VALUES.values(), ids=_ODD_VALUES)
def test_odd_value_in_a_state_is_one_clear_error(runs: Runs, finished: Path, change: dict[str, Any]) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    state = json.loads((folder / "40" / "state.json").read_text())
    (folder / "40" / "state.json").write_text(json.dumps(state | change))
    _mend_hashes(folder / "40")

    with pytest.raises(TrainError, match=r"40/state\.json is not what a run writes .*another checkpoint") as caught:
        runs.train("run", LONGER)

    assert caught.value.code == "checkpoint.damaged"


def test_checkpoint_under_the_name_of_another_step_is_not_gone_on_from(runs: Runs, finished: Path) -> None:
    folder = runs.folder / "run"
    shutil.copytree(finished, folder)
    shutil.copytree(folder / "40", folder / "45")

    with pytest.raises(TrainError, match=r"it is of step 40, and the folder was renamed to 45\); go back"):
        runs.train("run", LONGER)

    assert steps_of(folder)[-1] == 45


def test_flipped_bytes_of_an_index_are_one_clear_error(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "40"
    shutil.copytree(newest(finished).folder, folder)
    original = (folder / ".metadata").read_bytes()
    generator = np.random.default_rng(0)
    codes = []
    for _ in range(500):
        changed = bytearray(original)
        for _ in range(int(generator.integers(1, 5))):
            changed[int(generator.integers(len(changed)))] = int(generator.integers(256))
        (folder / ".metadata").write_bytes(changed)
        try:
            Checkpoint(40, folder).empty_tensors("model.")
        except TrainError as error:
            codes.append(error.code)
    assert set(codes) == {"checkpoint.unsafe"}
    assert len(codes) > 250


@pytest.mark.parametrize("name", ["files.json", "state.json"])
def test_pipe_in_place_of_a_file_does_not_hang(finished: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "40"
    shutil.copytree(newest(finished).folder, folder)
    (folder / name).unlink()
    os.mkfifo(folder / name)

    damage = Checkpoint(40, folder).damage()

    assert damage is not None
    assert "is no plain file" in damage
