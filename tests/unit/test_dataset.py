"""What a data set's batches hold, for any number of processes and threads."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.small_data import TASKS, batches_of, columns_of, data_config, opened, row_numbers, table_of, write_files

from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.data.dataset import open_dataset
from rankspec.trainer.data.rows import Rows
from rankspec.trainer.data.source import RowFile
from rankspec.trainer.data_error import DataError

torch.set_num_threads(1)

NUM_ROWS = 61


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), [20, 16, 25])


def test_batches_hold_what_the_files_hold(folder: Path) -> None:
    for batch in batches_of(opened(data_config(folder)), 0, 20):
        rows = batch.carried["meta__row"].numpy()
        expected = columns_of(rows)
        for name, column in {
            "continuous": "cont",
            "binary": "bin",
            "discrete": "ids",
            "author_embedding": "emb",
        }.items():
            assert getattr(batch, name).tolist() == expected[column].tolist()
        assert batch.user_embedding is None
        assert batch.labels.tolist() == np.stack([expected[t] for t in TASKS], axis=1).tolist()
        assert batch.weights.tolist() == [[1.0, 1.0]] * len(rows)


def test_tensors_have_the_formats_of_the_contract(folder: Path) -> None:
    batch = batches_of(opened(data_config(folder)), 0, 1)[0]
    formats = {
        "continuous": torch.float32,
        "binary": torch.int64,
        "discrete": torch.int64,
        "author_embedding": torch.float32,
        "labels": torch.float32,
        "weights": torch.float32,
    }
    assert {name: getattr(batch, name).dtype for name in formats} == formats
    assert (batch.num_rows, batch.first_row, batch.global_rows) == (8, 0, 8)


@pytest.mark.parametrize("buffer", [1, 5, 30, 1000], ids=lambda size: f"buffer-{size}")
def test_every_row_comes_once_an_epoch_and_batches_span_epochs(folder: Path, buffer: int) -> None:
    config = data_config(folder, examples_shuffle_buffer_size=buffer)
    batches = row_numbers(opened(config), 0, NUM_ROWS)
    assert all(len(batch) == 8 for batch in batches)
    rows = [row for batch in batches for row in batch]
    for epoch in range(8):
        assert sorted(rows[epoch * NUM_ROWS : (epoch + 1) * NUM_ROWS]) == list(range(NUM_ROWS))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    world_size=st.integers(1, 4),
    interleave=st.integers(1, 4),
    threads=st.integers(1, 4),
    buffer=st.sampled_from([1, 10, 64]),
    size=st.integers(4, 9),
    cache=st.booleans(),
    shuffle=st.booleans(),
)
def test_global_batches_are_the_same_for_any_number_of_processes_and_threads(
    folder: Path,
    world_size: int,
    interleave: int,
    threads: int,
    buffer: int,
    size: int,
    cache: bool,
    shuffle: bool,
) -> None:
    config = data_config(folder, examples_shuffle_buffer_size=buffer, global_batch_size=size)
    alone = row_numbers(opened(config, shuffle=shuffle), 0, 10)
    config.interleave_num_parallel_calls = interleave
    config.map_num_parallel_calls = threads
    config.cache = cache
    together: list[list[int]] = [[] for _ in alone]
    for rank in range(world_size):
        dataset = opened(config, shuffle=shuffle, rank=rank, world_size=world_size)
        for number, batch in enumerate(batches_of(dataset, 0, 10)):
            assert batch.first_row == len(together[number])
            assert batch.global_rows == len(alone[number])
            assert batch.num_rows in {batch.global_rows // world_size, -(-batch.global_rows // world_size)}
            together[number] += batch.carried["meta__row"].tolist()
    assert together == alone


@pytest.mark.parametrize("start", [1, 7, 8, 23])
def test_a_stream_can_start_at_any_batch(folder: Path, start: int) -> None:
    config = data_config(folder, examples_shuffle_buffer_size=20)
    assert row_numbers(opened(config), start, 5) == row_numbers(opened(config), 0, start + 5)[start:]


def test_another_seed_gives_another_order(folder: Path) -> None:
    config = data_config(folder)
    assert row_numbers(opened(config), 0, 20) == row_numbers(opened(config), 0, 20)
    assert row_numbers(opened(config), 0, 20) != row_numbers(opened(config, seed=2), 0, 20)


def test_evaluation_reads_every_row_once_in_the_order_of_the_files(folder: Path) -> None:
    batches = row_numbers(opened(data_config(folder), shuffle=False), 0, 1000)
    assert [row for batch in batches for row in batch] == list(range(NUM_ROWS))
    assert [len(batch) for batch in batches] == [8] * 7 + [5]


def test_processes_without_rows_in_a_short_last_batch_get_empty_tensors(folder: Path) -> None:
    config = data_config(folder, global_batch_size=20)
    last = [batches_of(opened(config, shuffle=False, rank=r, world_size=4))[-1] for r in range(4)]
    assert [batch.num_rows for batch in last] == [0, 0, 0, 1]
    assert last[0].continuous.shape == (0, 6)
    assert last[0].global_rows == 1


def test_without_repeat_files_the_stream_ends_after_one_pass(folder: Path) -> None:
    config = data_config(folder, repeat_files=False)
    rows = [row for batch in row_numbers(opened(config)) for row in batch]
    assert rows != sorted(rows)
    assert sorted(rows) == list(range(NUM_ROWS))


def test_a_run_longer_than_one_pass_is_refused_without_repeat_files(folder: Path) -> None:
    dataset = opened(data_config(folder, repeat_files=False))
    with pytest.raises(DataError, match=r"takes 9 batches of 8 rows.* 61 rows gives 8") as caught:
        dataset.batches(0, 9)
    assert caught.value.path == "train_data.repeat_files"


def test_more_processes_than_rows_of_a_batch_are_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="8 rows cannot be shared by 9 processes") as caught:
        opened(data_config(folder), world_size=9)
    assert caught.value.path == "train_data.global_batch_size"


def test_columns_of_labels_follow_the_task_names(folder: Path) -> None:
    batch = batches_of(opened(data_config(folder), task_names=("reply", "like")), 0, 1)[0]
    rows = batch.carried["meta__row"]
    assert batch.labels[:, 0].tolist() == (rows % 5 == 0).float().tolist()
    assert batch.labels[:, 1].tolist() == (rows % 3 == 0).float().tolist()


def test_a_task_without_labels_weighs_nothing(folder: Path) -> None:
    batch = batches_of(opened(data_config(folder), task_names=("absent", "like")), 0, 1)[0]
    assert batch.labels[:, 0].abs().sum() == 0
    assert batch.weights.tolist() == [[0.0, 1.0]] * 8


def test_rows_weigh_what_their_rates_say(folder: Path) -> None:
    config = data_config(folder)
    config.tasks["like"].pos_downsampling_rate = 0.5
    config.tasks["like"].neg_downsampling_rate = 0.1
    batch = batches_of(opened(config, weigh=True), 0, 1)[0]
    expected = torch.where(batch.labels[:, 0] == 1, 2.0, 10.0)
    assert batch.weights[:, 0].tolist() == pytest.approx(expected.tolist())
    assert batch.weights[:, 1].tolist() == [1.0] * 8
    assert batches_of(opened(config, weigh=False), 0, 1)[0].weights.tolist() == [[1.0, 1.0]] * 8


def test_cached_rows_are_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[tuple[str, int]] = []
    dataset = opened(data_config(folder, cache=True), shuffle=False)
    read = dataset._decoder.read

    def counted(file: RowFile, index: int) -> Rows:
        reads.append((str(file.file), index))
        return read(file, index)

    monkeypatch.setattr(dataset._decoder, "read", counted)
    with dataset:
        passes = [[b.carried["meta__row"].tolist() for b in dataset.batches()] for _ in range(3)]
    assert passes[0] == passes[1] == passes[2]
    assert len(reads) == len(set(reads)) == 3 + 3 + 4


def test_row_groups_in_memory_are_bounded_by_the_window(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [400], row_group_size=10)
    dataset = opened(data_config(folder, examples_shuffle_buffer_size=40, repeat_files=False))
    with dataset, dataset.batches() as batches:
        alive = [len(batches._reader._held) for _ in batches]
    # Two windows of 40 rows, one row group at their edges, one ahead, and the batches that are being made ahead.
    assert max(alive) <= 2 * 5 + 1 + 1 + 4
    assert len(alive) == 50


def test_threads_end_with_the_stream(folder: Path) -> None:
    config = data_config(folder, interleave_num_parallel_calls=3, map_num_parallel_calls=3)
    before = threading.active_count()
    with opened(config) as dataset:
        stream = dataset.batches()
        next(stream)
        assert threading.active_count() > before
        stream.close()
        assert threading.active_count() == before
        assert list(stream) == []
        next(dataset.batches())
    assert threading.active_count() == before


def test_an_error_in_a_thread_reaches_the_consumer_at_its_batch(tmp_path: Path) -> None:
    folder = write_files(tmp_path, [16, 16], row_group_size=8)
    columns = columns_of(np.arange(16, 32))
    columns["like"][9] = 4
    pq.write_table(table_of(columns), folder / "b.parquet", row_group_size=8)
    with opened(data_config(folder), shuffle=False) as dataset, dataset.batches() as batches:
        good = [next(batches).num_rows for _ in range(3)]
        with pytest.raises(DataError, match=r'b\.parquet, row group 1, row 9, column "like": the label is 4') as caught:
            next(batches)
    assert good == [8, 8, 8]
    assert caught.value.path == "train_data.inputs"
    assert isinstance(caught.value.__cause__, DataError)


def test_other_inputs_than_the_models_are_refused(folder: Path) -> None:
    config, other = data_config(folder), data_config(folder)
    other.preprocess.truncate_and_slice.continuous_feature_truncation = 2
    inputs = input_signature(config)
    with pytest.raises(DataError, match='"continuous" has another width: 2 instead of 6'):
        open_dataset(other, inputs, TASKS, seed=0, shuffle=False, path='validation_data["v"]', weigh=True)


def test_the_schema_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = data_config(folder)
    config.seg_dense_schema.features.append("served")
    rectifying = config.preprocess.rectify_labels
    rectifying.served_timestamp_field = rectifying.impressed_timestamp_field = "served"
    rectifying.label_to_engaged_timestamp_field["like"] = "liked_at"
    inputs = input_signature(config)
    read: list[Path] = []
    read_text = Path.read_text

    def counted(path: Path, encoding: str) -> str:
        read.append(path)
        return read_text(path, encoding)

    monkeypatch.setattr(Path, "read_text", counted)
    open_dataset(config, inputs, TASKS, seed=0, shuffle=False, weigh=True)
    assert read == [folder / "schema.json"]
