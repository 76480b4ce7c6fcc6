"""Who gets rows from a data service, and which: nobody without the token, and nothing that its config does not name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyarrow import flight
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.model_pb2 import MULTI_TASK_TYPE_SHARE_NONE
from tests.unit.served import TOKEN, address, certificate, ranker, remote, serving
from tests.unit.small_data import SCHEMA, data_config, opened, row_numbers, table_of, write_files, write_schema

from rankspec import cli
from rankspec.families.recap.program.data.service import served_data
from rankspec.formats.writing import to_textproto
from rankspec.trainer.data.service import servers
from rankspec.trainer.data.service.credentials import CA_FILE, TOKEN_FILE, credentials
from rankspec.trainer.data.service.protocol import DataSetEntry, Ticket
from rankspec.trainer.data.service.server import DataServer
from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "data", [40, 24])


@pytest.fixture
def server(folder: Path) -> Iterator[DataServer]:
    with serving(ranker(data_config(folder))) as server:
        yield server


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "PAUSES_S", ())
    monkeypatch.delenv(TOKEN_FILE, raising=False)
    monkeypatch.delenv(CA_FILE, raising=False)


def digest(client: Any) -> str:
    (entry,) = client.do_action(flight.Action("data_sets", b""))
    return DataSetEntry.from_bytes(entry.body.to_pybytes()).digest


_DEEP = b"[" * 60_000
_ODD = {
    "path": {"file": "../../etc/passwd"},
    "negative": {"file": -1},
    "beyond_the_files": {"file": 2},
    "beyond_the_row_groups": {"row_group": 6},
    "beyond_the_rows": {"first_row": 8},
    "beyond_the_columns": {"columns": [0, 99]},
    "column_twice": {"columns": [0, 0]},
    "no_column": {"columns": []},
    "columns_by_name": {"columns": ["like"]},
    "other_data_set": {"data_set": 1},
    "truth": {"data_set": True},
    "huge": {"row_group": 10**30},
    "half": {"first_row": 0.5},
    "no_digest": {"digest": None},
    "unknown_member": {"path": "/etc/passwd"},
    "compression": {"compress": "zstd"},
}


@pytest.mark.parametrize("change", _ODD.values(), ids=_ODD)
def test_odd_ticket_is_refused_in_a_sentence(server: DataServer, change: dict[str, Any]) -> None:
    client = flight.FlightClient(address(server))
    ticket = {"data_set": 0, "digest": digest(client), "file": 0, "row_group": 0, "columns": [0], "first_row": 0}
    ticket |= {"compress": False}
    assert client.do_get(flight.Ticket(json.dumps(ticket).encode())).read_all().num_rows == 7
    _assert_refused(lambda: client.do_get(flight.Ticket(json.dumps(ticket | change).encode())).read_all())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", _DEEP, b"{" + b" " * 70_000 + b"}", b"null"], ids=range(6))
def test_what_is_no_ticket_is_refused(server: DataServer, body: bytes) -> None:
    client = flight.FlightClient(address(server))
    _assert_refused(lambda: client.do_get(flight.Ticket(body)).read_all())
    _assert_refused(lambda: list(client.do_action(flight.Action("files", body))))


def test_other_calls_are_not_offered(server: DataServer) -> None:
    client = flight.FlightClient(address(server))
    _assert_refused(lambda: list(client.list_flights()))
    _assert_refused(lambda: client.get_flight_info(flight.FlightDescriptor.for_path("/etc/passwd")))
    _assert_refused(lambda: list(client.do_action(flight.Action("shell", b""))))


def _assert_refused(call: Any) -> None:
    with pytest.raises(flight.FlightServerError) as caught:
        call()
    assert json.loads(caught.value.extra_info)["kind"] == "request"
    assert "Traceback" not in str(caught.value)
    assert ".py" not in str(caught.value)


def test_a_mistake_of_the_server_is_told_there_alone(
    server: DataServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], folder: Path
) -> None:
    def failing(*_: Any) -> Any:
        raise KeyError("/secret/place")

    monkeypatch.setattr(DataServer, "_list_data_sets", failing)
    with pytest.raises(TrainError, match="the server failed") as caught:
        opened(remote(folder, server))
    assert "secret" not in str(caught.value)
    assert "KeyError: '/secret/place'" in capfd.readouterr().err


@pytest.mark.parametrize("shown", [None, TOKEN[:-1] + "x", TOKEN + "x"], ids=["none", "other", "longer"])
def test_without_the_token_nothing_is_given(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: str | None
) -> None:
    if shown:
        (tmp_path / "token").write_text(shown)
        monkeypatch.setenv(TOKEN_FILE, str(tmp_path / "token"))
    with serving(ranker(data_config(folder)), token=TOKEN) as server:
        with pytest.raises(DataError, match=f"refuses the token, or its lack; {TOKEN_FILE} names") as caught:
            opened(remote(folder, server))
        headers = [(b"authorization", f"Bearer {TOKEN}".encode())]
        twice = flight.FlightCallOptions(headers=headers * 2)
        with pytest.raises(flight.FlightUnauthenticatedError):
            list(flight.FlightClient(address(server)).do_action(flight.Action("data_sets", b""), twice))
    assert caught.value.path == "train_data.data_service_dispatcher"
    assert TOKEN not in str(caught.value)


def test_with_token_and_tls_rows_come(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    pem, key = certificate(tmp_path)
    config = ranker(data_config(folder))
    server = DataServer(
        served_data(config), "grpc+tls://127.0.0.1:0", token=TOKEN, certificate=(pem.read_bytes(), key.read_bytes())
    )
    monkeypatch.setenv(TOKEN_FILE, str(tmp_path / "token"))
    trusting = data_config(folder, data_service_dispatcher=f"grpc+tls://127.0.0.1:{server.port}")
    try:
        with pytest.raises(TrainError, match=CA_FILE):
            opened(trusting)
        monkeypatch.setenv(CA_FILE, str(pem))
        assert row_numbers(opened(trusting), 0, 4) == row_numbers(opened(data_config(folder)), 0, 4)
        with pytest.raises(TrainError, match="no data service answers"):
            opened(remote(folder, server))
    finally:
        server.close()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file"),
        ("short", "is no token"),
        ("two words, 16 signs", "is no token"),
        ("", "is no token"),
    ],
    ids=["missing", "short", "blank", "empty"],
)
def test_odd_token_file_is_told_without_its_content(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, why: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv(TOKEN_FILE, str(file))
    with pytest.raises(DataError, match=f"{TOKEN_FILE}: .*{why}") as caught:
        opened(remote(folder, "grpc://127.0.0.1:1"))
    assert content is None or not content or content not in str(caught.value)


def test_odd_certificates_are_told(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CA_FILE, str(tmp_path))
    with pytest.raises(DataError, match=f"{CA_FILE}: .* it is no plain file"):
        opened(remote(folder, "grpc://127.0.0.1:1"))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda pem, _key: pem.write_text("none"), "server.pem holds no certificate in PEM"),
        (lambda _pem, key: key.write_text("none"), "server.key holds no private key in PEM"),
        (lambda _pem, key: key.write_text(_ENCRYPTED), "server.key is encrypted"),
        (lambda _pem, key: certificate(key.parent / "other")[1].replace(key), "is not that of the certificate"),
        (lambda pem, _key: pem.write_text(pem.read_text()[:100]), "cannot be used"),
    ],
    ids=["no_certificate", "no_key", "encrypted", "of_another", "cut_off"],
)
def test_certificate_and_key_that_are_of_no_use_are_told(
    tmp_path: Path, spoil: Callable[[Path, Path], object], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir()
    pem, key = certificate(tmp_path)
    spoil(pem, key)
    config = Path(__file__).parents[2] / "configs/recap/tiny.textproto"

    status = cli.main(["data", "serve", str(config), "--tls-cert", str(pem), "--tls-key", str(key)])

    told = capsys.readouterr().err
    assert status == 1
    assert why in told
    assert "listened" not in told


_ENCRYPTED = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGj\n-----END ENCRYPTED PRIVATE KEY-----\n"


class Odd(flight.FlightServerBase):  # type: ignore[misc] # pyarrow has no types
    """A server of something else."""

    answer = b""

    def do_action(self, _context: object, _action: object) -> Iterator[Any]:
        yield flight.Result(self.answer)


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"version": 2}', b'{"version": 1}'], ids=range(5))
def test_answers_that_are_not_understood_are_one_error(folder: Path, answer: bytes) -> None:
    odd = Odd("grpc://127.0.0.1:0")
    odd.answer = answer
    with pytest.raises(DataError, match="cannot be understood"):
        opened(remote(folder, f"grpc://127.0.0.1:{odd.port}"))
    odd.shutdown()


def test_more_rows_than_were_listed_are_refused(
    folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = DataServer._batches

    def twice(self: DataServer, asked: Any) -> Iterator[Any]:
        yield from whole(self, asked)
        yield from whole(self, asked)

    monkeypatch.setattr(DataServer, "_batches", twice)
    with pytest.raises(DataError, match="more than the 0 rows that were left"):
        row_numbers(opened(remote(folder, server)), 0, 1)


def test_fewer_rows_than_were_listed_are_refused(
    folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = DataServer._batches
    monkeypatch.setattr(DataServer, "_batches", lambda self, asked: (batch.slice(1) for batch in whole(self, asked)))
    with pytest.raises(DataError, match="sent 6 rows instead of 7"):
        row_numbers(opened(remote(folder, server)), 0, 1)


def test_other_columns_than_were_asked_for_are_refused(
    folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = DataServer._batches

    def renamed(self: DataServer, asked: Any) -> Iterator[Any]:
        for batch in whole(self, asked):
            yield batch.rename_columns(list(reversed(batch.schema.names)))

    monkeypatch.setattr(DataServer, "_batches", renamed)
    with pytest.raises(DataError, match="the server sent"):
        row_numbers(opened(remote(folder, server)), 0, 1)


# The command.


def written(folder: Path, data: RecapDataConfig) -> str:
    config = ranker(data)
    for task in config.model.tasks.values():
        task.mlp_config.layer_sizes.append(1)
    config.model.featurization_config.log1p_abs_config.SetInParent()
    config.model.multi_task_type = MULTI_TASK_TYPE_SHARE_NONE
    config.optimizer.single_task_learning_rate.constant = 0.1
    config.optimizer.adam.SetInParent()
    file = folder / "config.textproto"
    file.write_text(to_textproto(config))
    return str(file)


_USAGE = {
    "open": (["--listen", "0.0.0.0:0"], "can be reached from other machines"),
    "open_ipv6": (["--listen", "[::]:0"], "can be reached from other machines"),
    "open_name": (["--listen", "data.example.org:0"], "can be reached from other machines"),
    "without_token": (["--listen", "0.0.0.0:0", "--tls-cert", "a", "--tls-key", "b"], "and --token-file"),
    "without_tls": (["--listen", "0.0.0.0:0", "--token-file", "a"], "which takes --tls-cert"),
    "key_alone": (["--tls-key", "b"], "go together"),
    "no_port": (["--listen", "127.0.0.1"], "is no HOST:PORT"),
    "large_port": (["--listen", "127.0.0.1:65536"], "there is no port 65536"),
    "bare_ipv6": (["--listen", "::1:1"], "is no HOST:PORT"),
}


@pytest.mark.parametrize(("arguments", "message"), _USAGE.values(), ids=_USAGE)
def test_where_not_to_listen(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["data", "serve", written(folder, data_config(folder)), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_taken_port_is_told(folder: Path, server: DataServer, capsys: pytest.CaptureFixture[str]) -> None:
    place = f"127.0.0.1:{server.port}"
    assert cli.main(["data", "serve", written(folder, data_config(folder)), "--listen", place]) == 75
    assert f"{place} cannot be listened on" in capsys.readouterr().err


def test_files_that_are_not_there_are_told_at_their_field(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = written(folder, data_config(folder, inputs=f"{folder}/*.nothing"))
    assert cli.main(["data", "serve", config]) == 1
    assert "config.textproto:" in (error := capsys.readouterr().err)
    assert "no file matches" in error


def test_edges_are_not_served(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "serve", str(Path(__file__).parents[2] / "configs/twhin/tiny.textproto")]) == 1
    assert "nothing reads the data of a rankspec.twhin.v1.TwhinConfig" in capsys.readouterr().err


def write_large(folder: Path) -> None:
    """A file of one row group with 64 MiB of `cont`."""
    num_rows, lengths = 1 << 14, {"cont": 1024, "bin": 1, "ids": 1, "emb": 1, "row": 1, "like": 1, "reply": 1}
    types = {name: SCHEMA[name][0] for name in lengths}
    write_schema(folder, {name: (types[name], length) for name, length in lengths.items()})
    values = {"float_list": np.float32, "int64_list": np.int64}
    columns = {name: np.zeros((num_rows, length), values[types[name]]) for name, length in lengths.items()}
    pq.write_table(table_of(columns), folder / "a.parquet", row_group_size=num_rows)


@contextmanager
def command(config: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server as a command, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rankspec", "data", "serve", config],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving 1 data sets, "), process.communicate()
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_when_asked_though_a_client_takes_nothing(tmp_path: Path, number: signal.Signals) -> None:
    # More than is under way to a client that does not read.
    write_large(tmp_path)
    with command(written(tmp_path, data_config(tmp_path))) as (process, served):
        client = flight.FlightClient(served)
        ticket = Ticket(0, digest(client), 0, 0, (0,))
        stalled = client.do_get(flight.Ticket(ticket.to_bytes()))
        stalled.read_chunk()
        # Until the server waits for room.
        time.sleep(1)
        os.kill(process.pid, number)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (0, "", "")


@pytest.mark.slow
def test_a_killed_server_is_no_loss_while_there_is_another(folder: Path) -> None:
    file = written(folder, data_config(folder))
    with command(file) as (first, one), command(file) as (_, other):
        dataset = opened(remote(folder, one, other), shuffle=False)
        rows = []
        with dataset, dataset.batches() as batches:
            for batch in batches:
                rows.append(batch.carried["meta__row"].tolist())
                first.kill()
    assert rows == row_numbers(opened(data_config(folder), shuffle=False))


def test_unreadable_file_is_blamed_on_the_variable_that_names_it(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    # The path of one begins with that of the other.
    named = {TOKEN_FILE: str(token), CA_FILE: f"{token}.pem"}

    with pytest.raises(DataError, match=f": {CA_FILE}: .*cannot be read"):
        credentials("train_data.data_service_dispatcher", named)
