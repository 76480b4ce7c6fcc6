"""Training on rows from a data service: to the bit what training on the files is."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tests.integration.trainer import interruptions
from tests.integration.trainer.runs import (
    BATCH_ROWS,
    TRAIN_ROWS,
    Plan,
    Runs,
    assert_same_end,
    data_set,
    newest,
    tensors_of,
    write_data,
)
from tests.unit.served import address, serving

from rankspec.trainer.data.service.server import DataServer
from rankspec.trainer.data_changes import DataChangedError

_KILLED = -signal.SIGKILL
_MID = f"training {{ num_train_steps: {TRAIN_ROWS // BATCH_ROWS // 2} }}"


@pytest.fixture
def own(tmp_path: Path) -> Runs:
    """Runs over data that a test may change."""
    write_data(tmp_path)
    return Runs(tmp_path, tmp_path)


@pytest.fixture
def server(runs: Runs) -> Iterator[DataServer]:
    with serving(runs.job("served").config) as server:
        yield server


def _remote(runs: Runs, *servers: DataServer) -> str:
    """What has the rows of a run come from these servers, compressed on their way."""
    service = f'data_service_dispatcher: "{",".join(map(address, servers))}" '
    service += "dataset_service_compression: DDS_COMPRESSION_OPTION_AUTO"
    validation = f'key: "valid" value {{ {data_set(runs.data, "valid")} {service} }}'
    return f"train_data {{ {service} }} validation_data {{ {validation} }}"


def _files(runs: Runs) -> str:
    return f'train_data {{ inputs: "{runs.data}/train*.parquet" }}'


def test_killed_and_resumed_it_ends_as_on_the__files(runs: Runs, finished: Path, server: DataServer) -> None:
    change = _remote(runs, server)
    first = runs.start("run", change, plan=Plan(interruptions.in_step, [12, signal.SIGKILL]))
    assert first.wait() == [_KILLED], first.output

    assert_same_end(runs.train("run", change), finished)


def test_a_run_goes_on_from_files_to_servers_and_back(runs: Runs, finished: Path, server: DataServer) -> None:
    change = _remote(runs, server)
    runs.train("run", "training { num_train_steps: 9 }")
    runs.train("run", change, "training { num_train_steps: 23 }")
    folder = runs.train("run")

    # There are figures of the parts' last steps, which the whole run does not have.
    ours, theirs = tensors_of(newest(folder)), tensors_of(newest(finished))
    assert [name for name in theirs if not torch.equal(ours[name], theirs[name])] == []


def test_two_processes_and_two_servers_of_which_one_ends(runs: Runs, server: DataServer) -> None:
    whole = runs.train_apart("files", num_processes=2)
    with serving(runs.job("served").config) as other:
        change = _remote(runs, server, other)
        processes = runs.start("served", change, num_processes=2)
        while not (runs.folder / "served" / "metrics.jsonl").exists():
            assert all(process.exitcode is None for process in processes.members), processes.output
            os.sched_yield()
        other.close()
        assert processes.wait() == [0, 0], processes.output

    assert_same_end(runs.folder / "served", whole)


def test_evaluation_figures_of_the_files_are_those_of_the_servers(
    runs: Runs, server: DataServer, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.train("run", _MID)
    runs.evaluate("run", _MID)
    before = (runs.folder / "run" / "evaluation.jsonl").read_bytes()
    runs.evaluate("run", _MID, _remote(runs, server))

    assert (runs.folder / "run" / "evaluation.jsonl").read_bytes() == before
    assert capsys.readouterr().err


def test_changed_data_are_refused_as_changed_files_are(own: Runs) -> None:
    with serving(own.job("served", _files(own)).config) as server:
        own.train("local", _MID, _files(own))
        own.train("remote", _MID, _files(own), _remote(own, server))
    shutil.copy(own.data / "valid.parquet", own.data / "train-1.parquet")
    with pytest.raises(DataChangedError) as local:
        own.train("local", _files(own))
    with serving(own.job("served", _files(own)).config) as server, pytest.raises(DataChangedError) as remote:
        own.train("remote", _files(own), _remote(own, server))

    assert remote.value.message == local.value.message
    assert "train-1.parquet added" in remote.value.message
    assert (local.value.path, remote.value.path) == ("train_data.inputs", "train_data.data_service_dispatcher")
