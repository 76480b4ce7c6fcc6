"""Lists of ids over the server: how they come, how they are joined, what is counted of them, and whom it refuses."""

from __future__ import annotations

import asyncio
import math
import re
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.served_bundles import NAME, Served, json_request, rows, serving
from tests.unit.tiny_bundles import scores_of, write_bundle

from rankspec import scoring
from rankspec.encoding.lists import PADDING, Lists
from rankspec.scoring.server.batching import Batcher, WaitingRoom
from rankspec.scoring.server.refusals import Refusal
from rankspec.scoring.server.settings import Limits
from rankspec.scoring.server.worker import Worker

Inputs = Mapping[str, np.ndarray]


def _tags(*lists: list[int]) -> np.ndarray:
    values = np.array([one for row in lists for one in row], np.int64)
    return Lists.of(values, np.array([len(row) for row in lists])).padded()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    write_bundle(folder / "one", step=7, has_lists=True)
    return folder


@pytest.fixture(scope="module")
def signature_hash(folder: Path) -> str:
    with scoring.open(folder / "one") as scorer:
        return scorer.signature_hash


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    with serving(folder, Limits(max_rows=50)) as served:
        yield served


def _request(tags: Any, shape: list[int], signature_hash: str, num_rows: int = 2) -> dict[str, Any]:
    """A request in JSON."""
    message = json_request(*rows(num_rows), signature_hash)
    message["inputs"].append({"name": "tags", "datatype": "INT64", "shape": shape, "data": tags})
    return message


@pytest.mark.parametrize("protocol", [tritonclient.grpc, tritonclient.http], ids=["grpc", "http"])
def test_lists_are_said_to_be_of_any_length_and_are_scored(served: Served, protocol: Any, signature_hash: str) -> None:
    client = protocol.InferenceServerClient(str(getattr(served.addresses, protocol.__name__.rpartition(".")[2])))
    dense, ids = rows(3)
    tags = _tags([1, 2, 3, 3], [], [49])
    given = []
    for name, values in {"dense": dense, "ids": ids, "tags": tags}.items():
        given.append(protocol.InferInput(name, values.shape, "FP32" if values.dtype.kind == "f" else "INT64"))
        given[-1].set_data_from_numpy(values)

    metadata = client.get_model_metadata(NAME, **({"as_json": True} if protocol is tritonclient.grpc else {}))
    found = client.infer(NAME, given, parameters={"signature_hash": signature_hash})

    (shape,) = [item["shape"] for item in metadata["inputs"] if item["name"] == "tags"]
    assert list(map(int, shape)) == [-1, -1]
    np.testing.assert_allclose(found.as_numpy("like"), scores_of(dense, ids, 0, tags)[:, 0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("tags", "shape"),
    [([[PADDING], [PADDING]], [2, 1]), ([[PADDING] * 3] * 2, [2, 3]), ([[], []], [2, 0]), ([], [2, 0])],
    ids=["one column", "three columns", "empty arrays", "nothing"],
)
def test_lists_that_are_all_empty_are_scored(
    served: Served, signature_hash: str, tags: list[Any], shape: list[int]
) -> None:
    status, answer = served.infer(_request(tags, shape, signature_hash))

    assert status == 200
    np.testing.assert_allclose(answer["outputs"][0]["data"], scores_of(*rows(2), 0)[:, 0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("tags", "shape", "code", "row"),
    [
        ([[1], [50]], [2, 1], "ID_OUT_OF_RANGE", 1),
        ([[1, PADDING], [PADDING, 1]], [2, 2], "TYPE_MISMATCH", None),
        ([1, 2], [2], "TYPE_MISMATCH", None),
        ([[1]], [1, 1], "ROWS_MISMATCH", None),
        ([[1], [2, 3]], [2, 2], "DATA_LENGTH", None),
        ([[1], [1.5]], [2, 1], "TYPE_MISMATCH", None),
        ([[[1], [1]]], [2, 1, 1], "SHAPE_INVALID", None),
    ],
    ids=["unknown id", "padding before an id", "one id a row", "fewer rows", "ragged", "fraction", "three axes"],
)
def test_lists_that_cannot_be_scored_are_refused(
    served: Served, signature_hash: str, tags: list[Any], shape: list[int], code: str, row: int | None
) -> None:
    status, answer = served.infer(_request(tags, shape, signature_hash))

    assert (status, answer["code"], answer["input"], answer.get("row")) == (400, code, "tags", row)


def test_lists_that_are_missing_are_refused(served: Served, signature_hash: str) -> None:
    status, answer = served.infer(json_request(*rows(2), signature_hash))

    assert (status, answer["code"], answer["input"]) == (400, "INPUT_MISSING", "tags")


def test_metrics_count_ids_and_not_what_is_behind_them(folder: Path, signature_hash: str) -> None:
    tags = _tags([1, 39, 2], [40, 41], []).tolist()
    with serving(folder) as served:
        assert served.infer(_request(tags, [3, 3], signature_hash, 3))[0] == 200
        served.run(served.server._loader.observed())
        metrics = served.metrics()

    for name, label, figure in (
        ("rankspec_observed_values_total", 'input="tags"', 5),
        ("rankspec_missing_values_total", 'input="tags"', 0),
        # Rows, as the baseline has it.
        ("rankspec_unseen_ids_total", 'table="label"', 1),
        ("rankspec_unseen_ids_total", 'table="tag"', 0),
        ("rankspec_baseline_unseen_share", 'table="label"', 0.3),
    ):
        (found,) = re.findall(rf"^{name}\{{.*{label}.*\}} (\S+)$", metrics, re.MULTILINE)
        assert float(found) == figure, name


class _Sums:
    """Adds up lists, and keeps how large the matrices were."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, inputs: Inputs) -> Inputs:
        self.shapes.append(inputs["tags"].shape)
        return {"sum": np.array([row[row != PADDING].sum() for row in inputs["tags"]])}


def _sums(requests: list[np.ndarray], limits: Limits) -> tuple[_Sums, list[np.ndarray | BaseException]]:
    """What is found for requests that come together."""
    model = _Sums()

    async def within() -> list[np.ndarray | BaseException]:
        room, worker = WaitingRoom(limits), Worker("scoring")
        batcher = Batcher(model, worker, limits, room, lambda *_: None, ["tags"])
        asked = [batcher.score({"tags": tags}, math.inf) for tags in requests]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        worker.close()
        assert (room.requests, room.rows, room.ids) == (0, 0, 0), "all have left"
        return [one if isinstance(one, BaseException) else one["sum"] for one in answers]

    return model, asyncio.run(within())


_LISTS = st.lists(st.integers(0, 99), max_size=8)
_REQUESTS = st.lists(st.lists(_LISTS, max_size=4), min_size=1, max_size=12)


@given(_REQUESTS, st.integers(1, 60))
@settings(deadline=None, max_examples=50)
def test_everybody_gets_the_scores_of_their_own_lists(requests: list[list[list[int]]], most: int) -> None:
    matrices = [_tags(*lists) for lists in requests]

    model, answers = _sums(matrices, Limits(max_batch_ids=most, max_delay_s=0.001))

    assert [list(one) for one in answers if not isinstance(one, BaseException)] == [
        [sum(row) for row in lists] for lists in requests
    ]
    assert max(map(math.prod, model.shapes)) <= max(most, *(matrix.size for matrix in matrices), 0)


def test_a_very_long_list_does_not_multiply_memory() -> None:
    long = np.ones((1, 200_000), np.int64)
    short = [np.full((1, 1), place) for place in range(300)]

    tracemalloc.start()
    model, answers = _sums([*short[:150], long, *short[150:]], Limits(max_delay_s=0.005))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [int(one[0]) for one in answers if not isinstance(one, BaseException)] == [
        *range(150),
        200_000,
        *range(150, 300),
    ]
    assert (1, 200_000) in model.shapes, "it is scored alone"
    assert len(model.shapes) < 10, "the others are joined"
    assert peak < 4 * long.nbytes, "joined, all of them would take 300 times its memory"


def test_two_inputs_of_lists_count_together() -> None:
    shapes = []

    def score(inputs: Inputs) -> Inputs:
        shapes.append(inputs["a"].shape)
        return {"y": np.zeros(len(inputs["a"]))}

    async def within() -> None:
        limits = Limits(max_batch_ids=12, max_delay_s=1.0)
        worker = Worker("scoring")
        batcher = Batcher(score, worker, limits, WaitingRoom(limits), lambda *_: None, ["a", "b"])
        inputs = {"a": np.zeros((1, 2), np.int64), "b": np.zeros((1, 1), np.int64)}
        await asyncio.gather(*(batcher.score(inputs, math.inf) for _ in range(4)))
        worker.close()

    asyncio.run(within())
    assert shapes == [(4, 2)], "four rows of 2 and 1 are a full batch, which does not wait"


def test_lists_that_wait_fill_the_queue() -> None:
    requests = [np.ones((1, 10), np.int64)] * 3

    _, answers = _sums(requests, Limits(max_waiting_ids=25, max_delay_s=0.01))

    assert [getattr(one, "code", "OK") for one in answers] == ["OK", "OK", "QUEUE_FULL"]
    assert isinstance(answers[2], Refusal)
