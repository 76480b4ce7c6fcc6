"""Rows from a data service are those of its files, in the same batches, whatever becomes of its servers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import flight
from rankspec.recap.v1.data_pb2 import DDS_COMPRESSION_OPTION_AUTO, ExplicitDateInputs, RecapDataConfig
from tests.unit.served import address, ranker, remote, serving
from tests.unit.small_data import (
    SCHEMA,
    assert_same,
    batches_of,
    data_config,
    opened,
    row_numbers,
    write_files,
    write_schema,
)

from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.batch import RecapBatch
from rankspec.families.recap.program.data.dataset import open_dataset
from rankspec.trainer.data import parquet
from rankspec.trainer.data.identity import identity_digest
from rankspec.trainer.data.service import servers
from rankspec.trainer.data.service.credentials import Credentials
from rankspec.trainer.data.service.protocol import DataSetEntry, Ticket
from rankspec.trainer.data.service.server import DataServer
from rankspec.trainer.data_error import DataError
from rankspec.trainer.errors import TrainError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "data", [40, 24, 9])


@pytest.fixture
def server(folder: Path) -> Iterator[DataServer]:
    with serving(ranker(data_config(folder), valid=data_config(folder, num_files_to_keep=1))) as server:
        yield server


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "PAUSES_S", (0.01, 0.01))


@pytest.mark.parametrize("num_threads", [1, 3])
@pytest.mark.parametrize("start", [0, 11])
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
def test_batches_are_those_of_the_files(
    folder: Path, server: DataServer, start: int, num_threads: int, *, compressed: bool
) -> None:
    config = remote(folder, server, interleave_num_parallel_calls=num_threads)
    if compressed:
        config.dataset_service_compression = DDS_COMPRESSION_OPTION_AUTO
    assert_same(batches_of(opened(config), start, 20), batches_of(opened(data_config(folder)), start, 20))


def test_identity_content_and_order_are_those_of_the_files(folder: Path, server: DataServer) -> None:
    with opened(remote(folder, server)) as served, opened(data_config(folder)) as local:
        assert identity_digest(served.identity) == identity_digest(local.identity)
        assert list(served.identity["files"]) == list(local.identity["files"])
        assert served.content == local.content
        assert_same(batches_of(served, 0, 5), batches_of(local, 0, 5))


def test_only_compressed_rows_are_compressed(folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    stream = flight.GeneratorStream

    def noted(schema: pa.Schema, batches: Iterator[Any], options: Any) -> Any:
        asked.append(options.compression)
        return stream(schema, batches, options)

    monkeypatch.setattr(flight, "GeneratorStream", noted)
    batches_of(opened(remote(folder, server)), 0, 1)
    assert set(asked) == {None}
    asked.clear()
    batches_of(opened(remote(folder, server, dataset_service_compression=DDS_COMPRESSION_OPTION_AUTO)), 0, 1)
    assert set(asked) == {"lz4"}


def test_types_of_labels_and_of_lists_do_not_matter(tmp_path: Path) -> None:
    columns = {
        name: pa.array(np.arange(12, dtype=np.int64).reshape(12, 1).repeat(n, 1).tolist())
        for name, (_, n) in SCHEMA.items()
        if n > 1
    }
    columns = {
        name: column.cast(pa.list_(pa.float32())) if SCHEMA[name][0] == "float_list" else column
        for name, column in columns.items()
    }
    columns |= {
        "row": pa.array(range(12), pa.int32()),
        "like": pa.array([0, 1] * 6, pa.int8()),
        "reply": pa.array([1, 0] * 6, pa.uint16()),
    }
    write_schema(tmp_path, SCHEMA)
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", row_group_size=5)
    with serving(ranker(data_config(tmp_path))) as server:
        assert_same(batches_of(opened(remote(tmp_path, server)), 0, 3), batches_of(opened(data_config(tmp_path)), 0, 3))


def _take(batches: Iterator[RecapBatch]) -> None:
    """Takes more batches than are made ahead."""
    for _ in range(40):
        next(batches)


def lossy(monkeypatch: pytest.MonkeyPatch, port: int, num_batches: int, error: Exception) -> list[int]:
    """Has the server of a port lose each stream after so many record batches; returns the row groups that it lost."""
    lost: list[int] = []
    whole = DataServer._batches

    def batches(self: DataServer, asked: Ticket) -> Iterator[Any]:
        for number, batch in enumerate(whole(self, asked)):
            if self.port == port and number == num_batches:
                lost.append(asked.row_group)
                raise error
            yield batch

    monkeypatch.setattr(DataServer, "_batches", batches)
    return lost


@pytest.mark.parametrize("shuffle", [False, True], ids=["in_order", "shuffled"])
@pytest.mark.parametrize("num_batches", [0, 1, 3])
def test_another_server_goes_on_at_the_row(
    folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch, num_batches: int, *, shuffle: bool
) -> None:
    monkeypatch.setattr(parquet, "_CHUNK_BYTES", 1)  # A row in each batch.
    with serving(ranker(data_config(folder))) as other:
        lost = lossy(monkeypatch, server.port, num_batches, flight.FlightUnavailableError("gone"))
        rows = row_numbers(opened(remote(folder, server, other), shuffle=shuffle), 0, 9)
    assert lost
    assert rows == row_numbers(opened(data_config(folder), shuffle=shuffle), 0, 9)


def test_a_server_that_loses_every_stream_is_asked_until_it_is_through(
    folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_CHUNK_BYTES", 1)
    lost = lossy(monkeypatch, server.port, 1, flight.FlightInternalError("odd"))
    rows = row_numbers(opened(remote(folder, server), shuffle=False))
    assert len(lost) > len(rows)
    assert rows == row_numbers(opened(data_config(folder), shuffle=False))


@pytest.fixture
def ports_that_answer(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The ports whose servers are asked in truth; another one answers that it is gone."""
    ports: set[int] = set()
    whole = servers.Server.read

    def answered(self: servers.Server, ticket: Ticket) -> Iterator[Any]:
        if int(self.address.rpartition(":")[2]) not in ports:
            raise flight.FlightUnavailableError("gone")
        return whole(self, ticket)

    monkeypatch.setattr(servers.Server, "read", answered)
    return ports


def test_a_lost_server_is_told_once_and_asked_again(
    folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch, ports_that_answer: set[int]
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    told: list[str] = []
    with serving(ranker(data_config(folder))) as other, opened(remote(folder, server, other)) as dataset:
        dataset.notices.listen(told.append)
        ports_that_answer.add(other.port)
        rows = [file.chunks(0, dataset.columns) for file in dataset.files * 2]
        for chunks in rows:
            assert list(chunks)
        (lost,) = told
        assert f"{address(server)}: gone" in lost
        assert f"{address(other)} goes on" in lost
        ports_that_answer.add(server.port)
        now[0] += servers.RETRY_S - 1
        list(dataset.files[0].chunks(0, dataset.columns))
        assert told == [lost], "not before its time"
        now[0] += 1
        list(dataset.files[0].chunks(0, dataset.columns))
        assert told == [lost, f"{address(server)} answers again"]


def test_a_server_that_stays_lost_is_asked_less_and_less(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    server = servers.Server("grpc://127.0.0.1:1", Credentials())
    assert server.lose()
    for factor in (1, 2, 4):
        due = []
        for seconds in (factor * servers.RETRY_S - 1, 1):
            now[0] += seconds
            due.append(server.is_due)
        assert due == [False, True]
        assert not server.lose()


def test_servers_share_the_row_groups(folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[int, list[tuple[int, int]]] = {}
    whole = DataServer._batches

    def noted(self: DataServer, ticket: Ticket) -> Iterator[Any]:
        asked.setdefault(self.port, []).append((ticket.file, ticket.row_group))
        return whole(self, ticket)

    monkeypatch.setattr(DataServer, "_batches", noted)
    with serving(ranker(data_config(folder))) as other:
        row_numbers(opened(remote(folder, server, other), shuffle=False))
    # 6, 4 and 2 row groups, in turns.
    assert sorted(asked[server.port]) == [(0, 0), (0, 2), (0, 4), (1, 0), (1, 2), (2, 0)]
    assert sorted(asked[other.port]) == [(0, 1), (0, 3), (0, 5), (1, 1), (1, 3), (2, 1)]


def test_no_server_is_one_error_after_some_tries(folder: Path, server: DataServer) -> None:
    config = remote(folder, server, "grpc://127.0.0.1:1")
    with opened(config) as dataset, dataset.batches() as batches:
        next(batches)
        server.close()
        with pytest.raises(TrainError, match="no data service answers") as caught:
            _take(batches)
    assert (caught.value.code, caught.value.path) == ("data.service_lost", "train_data.data_service_dispatcher")
    assert caught.value.restart_helps
    assert caught.value.message.count("grpc://127.0.0.1:1:") == 1
    assert address(server) in caught.value.message


def _nothing_for_a_second(*_: object) -> Iterator[Any]:
    time.sleep(1)
    return iter(())


def test_a_server_that_answers_nothing_is_lost(
    folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "DEADLINE_S", 0.3)
    monkeypatch.setattr(servers, "PAUSES_S", ())
    with opened(remote(folder, server)) as dataset:
        monkeypatch.setattr(DataServer, "_batches", _nothing_for_a_second)
        with dataset.batches() as batches, pytest.raises(TrainError, match="no data service answers"):
            next(batches)


def test_a_slow_reader_loses_nothing(folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline is that of a whole stream, and cuts it off where the rows are taken slowly."""
    monkeypatch.setattr(servers, "DEADLINE_S", 0.25)
    monkeypatch.setattr(parquet, "_CHUNK_BYTES", 1)
    monkeypatch.setattr(servers, "PAUSES_S", ())
    whole, openings = servers.Server.read, []

    def slowly(self: servers.Server, ticket: Ticket) -> Iterator[Any]:
        openings.append(ticket.first_row)
        for batch in whole(self, ticket):
            time.sleep(0.1)
            yield batch

    with opened(remote(folder, server), shuffle=False) as dataset:
        monkeypatch.setattr(servers.Server, "read", slowly)
        with dataset.batches(0, 1) as batches:
            rows = next(batches).carried["meta__row"].tolist()
    assert rows == list(range(8))
    assert openings[0] == 0
    assert max(openings) > 0


def test_data_replaced_behind_a_server_is_refused(folder: Path, server: DataServer, tmp_path: Path) -> None:
    other = write_files(tmp_path / "other", [40, 25])
    with opened(remote(folder, server)) as dataset, dataset.batches() as batches:
        next(batches)
        (other / "b.parquet").replace(folder / "b.parquet")
        with pytest.raises(DataError, match=r"b\.parquet: the file was replaced since the run began") as caught:
            _take(batches)
    assert caught.value.path == "train_data.data_service_dispatcher"
    assert str(folder) not in str(caught.value)


def test_a_server_that_comes_back_with_other_data_is_refused(
    folder: Path, server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "PAUSES_S", (0.5,) * 20)
    port = server.port
    with opened(remote(folder, server)) as dataset, dataset.batches() as batches:
        next(batches)
        server.close()
        write_files(folder, [40, 24, 9, 3])
        with (
            serving(ranker(data_config(folder)), port),
            pytest.raises(DataError, match="replaced since the run began; bring the old ones back, or begin anew"),
        ):
            _take(batches)


def test_a_second_server_of_other_data_is_refused(folder: Path, server: DataServer, tmp_path: Path) -> None:
    other = write_files(tmp_path / "other", [40, 24, 10])
    with (
        serving(ranker(data_config(other))) as second,
        opened(remote(folder, server, second)) as dataset,
        dataset.batches() as batches,
        pytest.raises(DataError, match="were replaced"),
    ):
        next(batches)


def test_damage_is_told_as_of_files_without_the_servers_paths(folder: Path) -> None:
    content = bytearray((folder / "b.parquet").read_bytes())
    content[4:200] = bytes(196)
    (folder / "b.parquet").write_bytes(content)
    with (
        serving(ranker(data_config(folder))) as server,
        pytest.raises(DataError, match=r'b\.parquet, row group 0, column "cont": cannot be read') as caught,
    ):
        row_numbers(opened(remote(folder, server), shuffle=False))
    assert str(folder) not in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_data_sets_are_found_by_their_places(folder: Path, server: DataServer) -> None:
    config = remote(folder, server)
    inputs = input_signature(config, "train_data")
    settings: dict[str, Any] = {"seed": 0, "shuffle": False, "weigh": False}
    with pytest.raises(DataError, match=r'has no validation_data\["no"\], but train_data, validation_data\["valid"\]'):
        open_dataset(config, inputs, ("like",), path='validation_data["no"]', **settings)
    config.num_files_to_keep = 1
    with open_dataset(config, inputs, ("like",), path='validation_data["valid"]', **settings) as dataset:
        assert list(dataset.identity["files"]) == ["a.parquet"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_files_to_keep": 2}, "num_files_to_keep: nothing, and this one 2"),
        ({"ignore_data_errors": True}, "ignore_data_errors: false, and this one true"),
        (
            {"explicit_date_inputs": ExplicitDateInputs(data_root="x", end_date="2024/01/02", days=3)},
            "explicit_date_inputs: nothing, and this one 3 days up to 2024/01/02",
        ),
    ],
    ids=["files", "errors", "days"],
)
def test_another_selection_is_refused(folder: Path, server: DataServer, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        opened(remote(folder, server, **fields))


def test_a_column_that_the_server_does_not_have_is_named(folder: Path) -> None:
    smaller = data_config(folder)
    del smaller.seg_dense_schema.renamed_features["author_embedding"]
    with serving(ranker(smaller)) as server, pytest.raises(DataError, match='does not give out the column "emb"'):
        opened(remote(folder, server))


def test_another_length_of_a_column_is_named(folder: Path, tmp_path: Path, server: DataServer) -> None:
    write_schema(tmp_path, SCHEMA | {"emb": ("float_list", 4)})
    config = remote(folder, server)
    config.seg_dense_schema.schema_path = str(tmp_path / "schema.json")
    with pytest.raises(DataError, match='"emb" as 5 of float32 a row, and this config reads 4 of float32'):
        opened(config)


def test_files_left_out_are_told_to_the_trainer_without_the_servers_paths(folder: Path) -> None:
    (folder / "d.parquet").write_bytes(b"no such file")
    fields = {"ignore_data_errors": True}
    with serving(ranker(data_config(folder, **fields))) as server, opened(remote(folder, server, **fields)) as dataset:
        (note,) = dataset.notes
    assert "d.parquet: cannot be read as Parquet" in note
    assert str(folder) not in note


def test_the_server_sends_no_faster_than_rows_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, [400])
    monkeypatch.setattr(parquet, "_CHUNK_BYTES", 1)
    sent = []
    large = pa.record_batch([pa.array(np.zeros(1 << 20))], names=["a"])

    def batches(*_: Any) -> Iterator[Any]:
        for number in range(64):
            sent.append(number)
            yield large

    monkeypatch.setattr(DataServer, "_batches", batches)
    with serving(ranker(data_config(tmp_path))) as server:
        client = flight.FlightClient(address(server))
        entry = next(iter(client.do_action(flight.Action("data_sets", b"")))).body.to_pybytes()
        ticket = Ticket(0, DataSetEntry.from_bytes(entry).digest, 0, 0, (0,))
        reader = client.do_get(flight.Ticket(ticket.to_bytes()))
        reader.read_chunk()
        time.sleep(0.5)
        assert len(sent) < 32
        reader.cancel()


def test_a_served_config_need_not_have_the_service(folder: Path, server: DataServer) -> None:
    """The server itself reads the files, though its config names a service."""
    config: RecapDataConfig = remote(folder, "grpc://127.0.0.1:1")
    with serving(ranker(config)) as own:
        assert row_numbers(opened(remote(folder, own)), 0, 3) == row_numbers(opened(remote(folder, server)), 0, 3)
