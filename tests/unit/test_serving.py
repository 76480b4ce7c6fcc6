"""What the server answers: scores by both protocols, what it says of itself, and whom it refuses."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from tests.unit.served_bundles import NAME, Served, grpc_request, json_request, rows, serving
from tests.unit.tiny_bundles import FEATURES, TASKS, scores_of, write_bundle
from tritonclient.grpc import service_pb2

from rankspec import cli, scoring
from rankspec.scoring.server.settings import Limits


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    write_bundle(folder / "one", step=7)
    return folder


@pytest.fixture(scope="module")
def digest_and_hash(folder: Path) -> tuple[str, str]:
    with scoring.open(folder / "one") as scorer:
        return scorer.digest, scorer.signature_hash


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    with serving(folder, Limits(max_rows=50, max_request_bytes=200_000)) as served:
        yield served


def _client(served: Served, protocol: Any) -> Any:
    return protocol.InferenceServerClient(str(getattr(served.addresses, protocol.__name__.rpartition(".")[2])))


_PROTOCOLS = pytest.mark.parametrize("protocol", [tritonclient.grpc, tritonclient.http], ids=["grpc", "http"])


def _input(protocol: Any, name: str, values: np.ndarray) -> Any:
    given = protocol.InferInput(name, values.shape, "FP32" if values.dtype.kind == "f" else "INT64")
    given.set_data_from_numpy(np.ascontiguousarray(values))
    return given


@_PROTOCOLS
def test_features_by_name_are_scored_in_whatever_order_they_come(
    served: Served, protocol: Any, digest_and_hash: tuple[str, str]
) -> None:
    dense, ids = rows(9)
    columns = [_input(protocol, f"dense/{name}", dense[:, place]) for place, name in enumerate(FEATURES)]
    given = [_input(protocol, "ids", ids), *reversed(columns)]

    result = _client(served, protocol).infer(NAME, given, parameters={"signature_hash": digest_and_hash[1]})

    for place, task in enumerate(TASKS):
        np.testing.assert_allclose(result.as_numpy(task), scores_of(dense, ids, 0)[:, place], rtol=0, atol=1e-6)
    both = result.as_numpy("like").astype(np.float64) + 2 * result.as_numpy("reply").astype(np.float64)
    np.testing.assert_array_equal(result.as_numpy("score"), both.astype(np.float32))


@_PROTOCOLS
def test_every_answer_has_digest_and_step(served: Served, protocol: Any, digest_and_hash: tuple[str, str]) -> None:
    dense, ids = rows(1)
    given = [_input(protocol, "dense", dense), _input(protocol, "ids", ids)]
    wanted = [protocol.InferRequestedOutput("reply")]

    result = _client(served, protocol).infer(
        NAME, given, "7", wanted, request_id="r1", parameters={"signature_hash": digest_and_hash[1]}
    )

    answer = result.get_response(as_json=True) if protocol is tritonclient.grpc else result.get_response()
    parameters = answer["parameters"]
    if protocol is tritonclient.grpc:
        assert parameters["bundle_digest"] == {"string_param": digest_and_hash[0]}
        assert parameters["step"] == {"int64_param": "7"}
    else:
        assert parameters == {"bundle_digest": digest_and_hash[0], "step": 7}
    assert (answer["id"], answer["model_version"]) == ("r1", "7")
    assert [output["name"] for output in answer["outputs"]] == ["reply"]


@_PROTOCOLS
def test_metadata_is_the_signature(served: Served, protocol: Any) -> None:
    client = _client(served, protocol)

    given = client.get_model_metadata(NAME)

    if protocol is tritonclient.grpc:
        tensors = [(item.name, item.datatype, list(item.shape)) for item in (*given.inputs, *given.outputs)]
    else:
        tensors = [(item["name"], item["datatype"], item["shape"]) for item in (*given["inputs"], *given["outputs"])]
    assert tensors == [
        ("dense", "FP32", [-1, 3]),
        ("ids", "INT64", [-1, 2]),
        ("like", "FP32", [-1]),
        ("reply", "FP32", [-1]),
        ("score", "FP32", [-1]),
    ]
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(NAME)


def test_numbers_of_json_are_scored_as_binary_ones_are(served: Served, digest_and_hash: tuple[str, str]) -> None:
    dense, ids = rows(4)
    dense[1, 2] = np.nan

    status, answer = served.infer(json_request(dense, ids, digest_and_hash[1]))

    assert status == 200
    np.testing.assert_allclose(answer["outputs"][0]["data"], scores_of(dense, ids, 0)[:, 0], rtol=0, atol=1e-6)


def _changed(message: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A request with another first input."""
    first, *rest = message["inputs"]
    return message | {"inputs": [{**first, **changes}, *rest]}


_WRONG = {
    "hash_missing": (lambda m: m | {"parameters": {}}, "SIGNATURE_REQUIRED"),
    "hash_of_another": (lambda m: m | {"parameters": {"signature_hash": "0" * 64}}, "SIGNATURE_MISMATCH"),
    "hash_no_text": (lambda m: m | {"parameters": {"signature_hash": 1}}, "PARAMETER_INVALID"),
    "parameter_unknown": (lambda m: m | {"parameters": {"priority": 1}}, "PARAMETER_UNKNOWN"),
    "member_unknown": (lambda m: m | {"input": []}, "REQUEST_INVALID"),
    "input_missing": (lambda m: m | {"inputs": m["inputs"][1:]}, "INPUT_MISSING"),
    "input_twice": (lambda m: m | {"inputs": [*m["inputs"], m["inputs"][0]]}, "INPUT_TWICE"),
    "input_unknown": (lambda m: _changed(m, name="dense/height"), "INPUT_UNKNOWN"),
    "output_unknown": (lambda m: m | {"outputs": [{"name": "share"}]}, "OUTPUT_UNKNOWN"),
    "type_unknown": (lambda m: _changed(m, datatype="FP64"), "TYPE_MISMATCH"),
    "type_of_another": (lambda m: _changed(m, datatype="INT64", data=[1, 2]), "TYPE_MISMATCH"),
    "text_for_a_number": (lambda m: _changed(m, data=["1", "2"]), "TYPE_MISMATCH"),
    "truth_for_a_number": (lambda m: _changed(m, data=[True, 1.5]), "TYPE_MISMATCH"),
    "beyond_float32": (lambda m: _changed(m, data=[1e39, 0]), "TYPE_MISMATCH"),
    "beyond_int64": (lambda m: _changed(m, datatype="INT64", data=[2**63, 0]), "TYPE_MISMATCH"),
    "too_few_values": (lambda m: _changed(m, data=[1]), "DATA_LENGTH"),
    "negative_shape": (lambda m: _changed(m, shape=[-2]), "SHAPE_INVALID"),
    "deep_shape": (lambda m: _changed(m, shape=[1, 1, 2]), "SHAPE_INVALID"),
    "other_rows": (lambda m: _changed(m, shape=[1], data=[1]), "ROWS_MISMATCH"),
    "many_rows": (lambda m: _changed(m, shape=[51], data=[0] * 51), "TOO_MANY_ROWS"),
    "id_out_of_range": (
        lambda m: m | {"inputs": [*m["inputs"][:-1], {**m["inputs"][-1], "data": [[0, 0], [0, 123456]]}]},
        "ID_OUT_OF_RANGE",
    ),
}


@pytest.mark.parametrize("number", ["1e39", "1e400", "-1e400", "9" * 400])
def test_a_number_beyond_float32_is_refused_however_it_is_written(
    served: Served, digest_and_hash: tuple[str, str], number: str
) -> None:
    message = json.dumps(_changed(json_request(*rows(1), digest_and_hash[1]), data=["here"]))

    status, _, answer = served.http("POST", f"/v2/models/{NAME}/infer", message.replace('"here"', number).encode())

    assert (status, json.loads(answer)["code"]) == (400, "TYPE_MISMATCH")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_called_infinite_are_missing_ones(
    served: Served, digest_and_hash: tuple[str, str], number: str
) -> None:
    dense, ids = rows(1)
    dense[0, 0] = np.nan
    message = json.dumps(_changed(json_request(dense, ids, digest_and_hash[1]), data=["here"]))

    status, _, answer = served.http("POST", f"/v2/models/{NAME}/infer", message.replace('"here"', number).encode())

    assert status == 200
    np.testing.assert_allclose(json.loads(answer)["outputs"][0]["data"], scores_of(dense, ids, 0)[:, 0], atol=1e-6)


@pytest.mark.parametrize(("change", "code"), _WRONG.values(), ids=_WRONG)
def test_a_wrong_request_is_refused_by_its_code_and_without_its_values(
    served: Served, digest_and_hash: tuple[str, str], change: Any, code: str
) -> None:
    status, answer = served.infer(change(json_request(*rows(2), digest_and_hash[1])))

    assert (status, answer["code"]) == (413 if code == "TOO_MANY_ROWS" else 400, code)
    assert "123456" not in answer["error"]


def test_grpc_tells_code_and_status(served: Served, digest_and_hash: tuple[str, str]) -> None:
    dense, ids = rows(2)
    ids[1, 1] = 99

    with served.channel() as channel, pytest.raises(grpc.RpcError) as refused:
        served.raw_infer(channel)(grpc_request(dense, ids, digest_and_hash[1]).SerializeToString())

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert ("rankspec-code", "ID_OUT_OF_RANGE") in [tuple(item) for item in refused.value.trailing_metadata()]
    assert "99" not in refused.value.details()


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/v2/models/other/infer", "POST", 404),
        (f"/v2/models/{NAME}/versions/8/infer", "POST", 404),
        (f"/v2/models/{NAME}/infer", "GET", 405),
        ("/", "GET", 404),
        ("/v2/repository/index", "POST", 404),
    ],
)
def test_what_is_not_there_is_refused(
    served: Served, path: str, method: str, status: int, digest_and_hash: tuple[str, str]
) -> None:
    body = json.dumps(json_request(*rows(1), digest_and_hash[1])).encode()

    assert served.http(method, path, body)[0] == status


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/health/ready", "/v2", f"/v2/models/{NAME}"])
def test_head_is_answered_as_get_without_a_body(served: Served, path: str) -> None:
    status, headers, body = served.http("HEAD", path)

    assert (status, body) == (200, b"")
    assert headers.get("Content-Type") == served.http("GET", path)[1].get("Content-Type")


def test_head_of_metrics_is_answered(served: Served) -> None:
    connection = http.client.HTTPConnection(*served.addresses.metrics, timeout=30)
    connection.request("HEAD", "/metrics")
    response = connection.getresponse()

    assert (response.status, response.read()) == (200, b"")
    connection.close()


def test_who_asks_whether_to_send_the_body_is_told_to_go_on(served: Served, digest_and_hash: tuple[str, str]) -> None:
    body = json.dumps(json_request(*rows(1), digest_and_hash[1])).encode()
    head = f"POST /v2/models/{NAME}/infer HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {len(body)}"

    with socket.create_connection(served.addresses.http, timeout=30) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode())
        told = connection.recv(1000)
        connection.sendall(body)
        answer = connection.recv(1000)

    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200 ")


_DEEP = b"[" * 100_000
_BODIES = {
    "no_json": (b"{", {}, 400),
    "deep_json": (_DEEP, {}, 400),
    "bomb": (gzip.compress(b" " * 30_000_000), {"Content-Encoding": "gzip"}, 413),
    "large": (b" " * 300_000, {}, 413),
    "not_compressed": (b"{}", {"Content-Encoding": "gzip"}, 400),
    "half_compressed": (gzip.compress(bytes(range(256)) * 9)[:50], {"Content-Encoding": "gzip"}, 400),
    "other_encoding": (b"{}", {"Content-Encoding": "br"}, 415),
    "length_beyond": (b"{}", {"Inference-Header-Content-Length": "3"}, 400),
    "length_odd": (b"{}", {"Inference-Header-Content-Length": "-1"}, 400),
    "more_than_json": (b"{}1", {"Inference-Header-Content-Length": "2"}, 400),
    "long_header": (b"{}", {"X": "x" * 9000}, 400),
}


@pytest.mark.parametrize(("body", "headers", "status"), _BODIES.values(), ids=_BODIES)
def test_an_odd_body_is_refused(served: Served, body: bytes, headers: dict[str, str], status: int) -> None:
    assert served.http("POST", f"/v2/models/{NAME}/infer", body, headers)[0] == status


def test_compressed_json_is_scored(served: Served, digest_and_hash: tuple[str, str]) -> None:
    body = gzip.compress(json.dumps(json_request(*rows(1), digest_and_hash[1])).encode())

    assert served.http("POST", f"/v2/models/{NAME}/infer", body, {"Content-Encoding": "gzip"})[0] == 200


def test_grpc_takes_nothing_compressed_and_nothing_large(served: Served) -> None:
    large = service_pb2.ModelInferRequest(raw_input_contents=[bytes(300_000)]).SerializeToString()

    with served.channel() as channel:
        call = served.raw_infer(channel)
        with pytest.raises(grpc.RpcError) as compressed:
            call(large, compression=grpc.Compression.Gzip)
        with pytest.raises(grpc.RpcError) as plain:
            call(large)

    assert compressed.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert plain.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_deadline_that_is_over_is_told_before_scoring(served: Served, digest_and_hash: tuple[str, str]) -> None:
    message = json_request(*rows(1), digest_and_hash[1])
    message["parameters"]["timeout"] = 1

    status, answer = served.infer(message)

    assert (status, answer["code"]) == (504, "DEADLINE_EXCEEDED")


def test_without_the_token_there_is_only_whether_it_lives_and_is_ready(folder: Path) -> None:
    with serving(folder, token="t" * 16) as served:
        right, wrong = {"Authorization": "Bearer " + "t" * 16}, {"Authorization": "Bearer " + "t" * 15}

        assert served.http("GET", "/v2/health/ready")[0] == 200
        assert served.http("GET", "/v2")[0] == served.http("GET", "/v2", headers=wrong)[0] == 401
        assert served.http("GET", "/v2", headers=right)[0] == 200
        assert "show the token" in served.metrics()
        with served.channel() as channel:
            call = served.raw_infer(channel)
            for metadata, status in (
                ((), "UNAUTHENTICATED"),
                ((("authorization", "Bearer " + "t" * 16),), "NOT_FOUND"),
            ):
                with pytest.raises(grpc.RpcError) as refused:
                    call(b"", metadata=metadata)
                assert refused.value.code().name == status


def test_two_hundred_clients_are_all_answered(folder: Path, digest_and_hash: tuple[str, str]) -> None:
    together = threading.Barrier(50)

    def ask(running: Served, number: int) -> bool:
        dense, ids = rows(3, number)
        if number < 50:
            together.wait(30)
        with running.channel() as channel:
            answer = service_pb2.ModelInferResponse.FromString(
                running.raw_infer(channel)(grpc_request(dense, ids, digest_and_hash[1]).SerializeToString())
            )
        found = np.frombuffer(answer.raw_output_contents[1], np.float32)
        return bool(np.allclose(found, scores_of(dense, ids, 0)[:, 1], rtol=0, atol=1e-6))

    with serving(folder, Limits(max_delay_s=0.01)) as running, ThreadPoolExecutor(50) as clients:
        assert all(clients.map(partial(ask, running), range(200)))
        batches = re.search(r"rankspec_batch_requests_count\{.*\} (\S+)", running.metrics())
        assert batches is not None
        assert float(batches[1]) < 200, "some were scored together"


_ROOT = Path(__file__).parents[2]
_RAW_BUNDLE = _ROOT / "tests/scoring/example_raw_bundle"
_PAGE = (_ROOT / "docs/serving.md").read_text()


def _example(language: str, word: str) -> str:
    """The one example of the page in this language that has a word in it."""
    (block,) = [block for block in re.findall(rf"```{language}\n(.*?)```", _PAGE, re.DOTALL) if word in block]
    return str(block)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            {"datatype": "BYTES", "data": ["Ulm"]},
            "TYPE_MISMATCH dense/age: expected values of FP32 or INT64, which a recipe makes of raw rows",
            id="text",
        ),
        pytest.param({"data": [None]}, "TYPE_MISMATCH dense/age: expected values of float32", id="null"),
        pytest.param({"data": []}, "DATA_LENGTH dense/age: expected as many values as the shape says", id="length"),
        pytest.param(
            {"name": "age"},
            "INPUT_UNKNOWN age: expected an input of the signature, or a feature of one as `input/feature`",
            id="name",
        ),
    ],
)
def test_a_refusal_says_what_was_expected_of_which_column(served: Served, change: dict[str, Any], said: str) -> None:
    column = {"name": "dense/age", "datatype": "FP32", "shape": [1], "data": [1.0]}

    status, answer = served.infer({"inputs": [column | change]})

    assert (status, answer["error"]) == (400, said)


def test_the_example_of_the_page_with_curl_gets_the_answer_that_it_shows() -> None:
    script = _example("sh", "curl")
    assert "127.0.0.1:8000" in script
    assert "/visits/" in script
    with serving(_RAW_BUNDLE) as running:
        script = script.replace("127.0.0.1:8000", str(running.addresses.http)).replace("/visits/", f"/{NAME}/")
        if shutil.which("curl") is None:
            pytest.skip("curl is not installed")
        ran = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True)

    found, shown = json.loads(ran.stdout), json.loads(_example("json", "bundle_digest"))
    np.testing.assert_allclose(found["outputs"][0].pop("data"), shown["outputs"][0].pop("data"), rtol=0, atol=1e-6)
    assert found == shown | {"model_name": NAME}


def test_the_example_of_the_page_with_raw_rows_gets_the_scores_of_score_raw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "build/bundles").mkdir(parents=True)
    (tmp_path / "build/bundles/visits").symlink_to(_RAW_BUNDLE)
    monkeypatch.chdir(tmp_path)
    block = _example("python", "raw_rows()")
    namespace: dict[str, Any] = {}
    with serving(_RAW_BUNDLE) as running:
        for before, here in (("127.0.0.1:8001", str(running.addresses.grpc)), ('"visits"', f'"{NAME}"')):
            assert before in block
            block = block.replace(before, here)
        exec(block, namespace)  # noqa: S102 - our own page

    with scoring.open(_RAW_BUNDLE) as scorer:
        np.testing.assert_array_equal(
            namespace["answer"].as_numpy("bought"), scorer.score_raw(namespace["rows"])["bought"]
        )
    assert capsys.readouterr().out


def test_the_example_of_the_page_runs(
    served: Served, digest_and_hash: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    block = _example("python", "SIGNATURE_HASH")
    for before, here in (
        ("127.0.0.1:8001", str(served.addresses.grpc)),
        ('"bundles"', f'"{NAME}"'),
        ("SIGNATURE_HASH", f'"{digest_and_hash[1]}"'),
        ("recap.engagement.is_favorited", "like"),
    ):
        assert before in block
        block = block.replace(before, here)

    exec(block, {})  # noqa: S102 - our own page

    assert capsys.readouterr().out == "[0.5 0.5]\n"


def test_metrics_count_what_is_missing_and_unseen_and_how_far_scores_drift(
    folder: Path, digest_and_hash: tuple[str, str]
) -> None:
    dense, ids = rows(4)
    dense[:2, 0], ids[:, 0] = np.nan, [0, 5, -1, 4]
    labels = f'digest="{digest_and_hash[0][:16]}"'
    with serving(folder) as served:
        assert served.infer(json_request(dense, ids, digest_and_hash[1]))[0] == 200
        assert served.infer(json_request(dense, ids, "0" * 64))[0] == 400
        served.run(served.server._loader.observed())
        metrics = served.metrics()

    for line in (
        f'rankspec_missing_values_total{{{labels},input="dense",step="7"}} 2.0',
        f'rankspec_observed_values_total{{{labels},input="dense",step="7"}} 12.0',
        f'rankspec_unseen_ids_total{{{labels},step="7",table="user"}} 2.0',
        f'rankspec_requests_total{{code="OK",{labels},protocol="http",step="7"}} 1.0',
        f'rankspec_requests_total{{code="SIGNATURE_MISMATCH",{labels},protocol="http",step="7"}} 1.0',
        f'rankspec_baseline_missing_share{{{labels},input="dense",step="7"}} 0.25',
    ):
        assert line in metrics
    drift = re.search(r'rankspec_score_drift\{.*output="reply".*\} (\S+)', metrics)
    assert drift is not None
    assert float(drift[1]) == pytest.approx(scores_of(dense, ids, 0)[:, 1].mean() - 0.75, abs=1e-6)


def test_it_is_not_reached_from_elsewhere_without_tls_and_token(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["serve", str(folder), "--http", "0.0.0.0:0"]) == 2
    assert "takes --tls-cert, --tls-key and --token-file" in capsys.readouterr().err


def test_a_run_is_not_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json").write_text("{}")

    assert cli.main(["serve", str(tmp_path)]) == 1
    assert f"`rankspec export {tmp_path} -o DIR` makes a bundle of it" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--http", "--metrics"])
def test_an_address_that_is_taken_is_told(folder: Path, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    addresses = dict.fromkeys(("--grpc", "--http", "--metrics"), "127.0.0.1:0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        addresses[option] = f"127.0.0.1:{taken.getsockname()[1]}"
        command = ["serve", str(folder), *(f"{name}={address}" for name, address in addresses.items())]
        assert cli.main(command) == 75
    told = f"error: {addresses[option]} cannot be listened on: Address already in use; name a free address\n"
    assert told in capsys.readouterr().err


def test_a_single_bundle_that_cannot_be_opened_ends_with_its_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bundle(tmp_path / "bundle", is_right=False)

    assert cli.main(["serve", str(tmp_path / "bundle")]) == 1
    assert "GOLDEN_MISMATCH" in capsys.readouterr().err


def test_the_server_imports_neither_torch_nor_pyarrow() -> None:
    code = (
        "import sys, rankspec.cli.serve, rankspec.scoring.server.server\n"
        "print([name for name in ('torch', 'pyarrow', 'onnx') if name in sys.modules])"
    )

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
