"""Which bundle of a folder is served, and that nobody notices when it changes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import grpc
import numpy as np
import pytest
from tests.unit.served_bundles import NAME, Served, grpc_request, json_request, rows, serving, until
from tests.unit.tiny_bundles import scores_of, write_bundle
from tritonclient.grpc import service_pb2

from rankspec import scoring
from rankspec.scoring.server.models import ServedModel
from rankspec.scoring.server.requests import ScoreAnswer, ScoreRequest


def _step(served: Served) -> int | None:
    current = served.server.registry.current
    return None if current is None else current.step


def _serves(served: Served, step: int) -> bool:
    return _step(served) == step


def _has_more_than(answers: list[tuple[int, float]], number: int) -> bool:
    return len(answers) > number


def _hash(bundle: Path) -> str:
    with scoring.open(bundle) as scorer:
        return scorer.signature_hash


@contextmanager
def _asked_all_the_while(served: Served, signature_hash: str) -> Iterator[list[tuple[int, float]]]:
    """Clients that ask without a pause; yields each answer's step and how far it is from what that step gives."""
    answers: list[tuple[int, float]] = []
    stop = threading.Event()
    failures: list[BaseException] = []

    def ask(seed: int) -> None:
        dense, ids = rows(3, seed)
        data = grpc_request(dense, ids, signature_hash).SerializeToString()
        try:
            with served.channel() as channel:
                call = served.raw_infer(channel)
                while not stop.is_set():
                    answer = service_pb2.ModelInferResponse.FromString(call(data))
                    step = answer.parameters["step"].int64_param
                    found = np.frombuffer(answer.raw_output_contents[0], np.float32)
                    answers.append((step, float(np.abs(found - scores_of(dense, ids, step)[:, 0]).max())))
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert not failures


def test_new_bundles_are_swapped_in_whole_while_requests_go_on(tmp_path: Path) -> None:
    write_bundle(tmp_path / "1", step=1, shift=1)
    with serving(tmp_path) as served, _asked_all_the_while(served, _hash(tmp_path / "1")) as answers:
        until(partial(_has_more_than, answers, 0))
        for step in range(2, 8):
            write_bundle(tmp_path / str(step), step=step, shift=step)
            until(partial(_serves, served, step))
            assert served.http("GET", "/v2/health/ready")[0] == 200
            until(partial(_has_more_than, answers, len(answers) + 8))

    assert {step for step, _ in answers} >= {1, 7}
    assert max(apart for _, apart in answers) < 1e-6, "each answer is by the bundle that it names"
    assert [event["step"] for event in served.events("bundle_drained")] == list(range(1, 8))


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_request_is_counted_to_the_bundle_that_scored_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    answered: list[ServedModel] = []
    score = ServedModel.score

    async def swapped_meanwhile(model: ServedModel, request: ScoreRequest, deadline: float) -> ScoreAnswer:
        try:
            return await score(model, request, deadline)
        finally:
            answered.append(model)
            await asyncio.to_thread(until, partial(_serves, served, 2))

    monkeypatch.setattr(ServedModel, "score", swapped_meanwhile)
    write_bundle(tmp_path / "1", step=1)
    signature_hash = _hash(tmp_path / "1")
    with serving(tmp_path, logs_requests=True) as served, served.channel() as channel, ThreadPoolExecutor() as pool:

        def ask(signature_hash: str, name: str = NAME) -> object:
            if protocol == "http":
                body = json.dumps(json_request(*rows(2), signature_hash)).encode()
                return served.http("POST", f"/v2/models/{name}/infer", body)
            message = grpc_request(*rows(2), signature_hash)
            message.model_name = name
            try:
                return served.raw_infer(channel)(message.SerializeToString())
            except grpc.RpcError as error:
                return error

        asking = [pool.submit(ask, signature_hash), pool.submit(ask, "0" * 64)]
        until(lambda: len(answered) == 2)
        write_bundle(tmp_path / "2", step=2)
        for one in asking:
            one.result(30)
        ask(signature_hash, "nobody")
        until(lambda: len(served.events("request")) == 3)
        metrics = served.metrics()

    found = {(event["code"], event["step"]) for event in served.events("request")}
    assert found == {("OK", 1), ("SIGNATURE_MISMATCH", 1), ("MODEL_UNKNOWN", 2)}
    for code, step in found:
        labels = rf'code="{code}",digest="\w+",protocol="{protocol}",step="{step}"'
        assert re.search(rf"^rankspec_requests_total{{{labels}}} 1.0$", metrics, re.MULTILINE), metrics


def test_a_broken_bundle_is_skipped_once_and_tried_again_when_it_changes(tmp_path: Path) -> None:
    write_bundle(tmp_path / "1", step=1)
    write_bundle(tmp_path / "2", step=2, is_right=False)
    with serving(tmp_path) as served:
        assert _step(served) == 1
        time.sleep(0.2)
        refused = served.events("bundle_refused")
        assert [(event["folder"], event["code"]) for event in refused] == [("2", "GOLDEN_MISMATCH")]

        shutil.rmtree(tmp_path / "2")
        write_bundle(tmp_path / "2", step=2)
        until(lambda: _step(served) == 2)
        assert 'rankspec_bundle_loads_total{code="GOLDEN_MISMATCH"} 1.0' in served.metrics()


@pytest.mark.parametrize("damage", ["manifest", "model", "listing"])
def test_a_damaged_bundle_does_not_disturb_the_one_that_is_served(tmp_path: Path, damage: str) -> None:
    write_bundle(tmp_path / "1", step=1)
    with serving(tmp_path) as served:
        beside = tmp_path.parent / f"beside_{damage}"
        write_bundle(beside, step=9)
        if damage == "listing":
            (beside / "more").write_bytes(b"")
        else:
            (beside / {"manifest": "manifest.binpb", "model": "model.onnx"}[damage]).write_bytes(b"\xff")
        beside.rename(tmp_path / "9")

        until(lambda: bool(served.events("bundle_refused")))
        assert _step(served) == 1
        assert served.http("GET", "/v2/health/ready")[0] == 200


def test_a_folder_without_a_manifest_or_with_a_dot_is_not_looked_at(tmp_path: Path) -> None:
    write_bundle(tmp_path / "1", step=1)
    write_bundle(tmp_path / ".2", step=2)
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "model.onnx").write_bytes(b"half")
    with serving(tmp_path) as served:
        assert _step(served) == 1
        assert not served.events("bundle_refused")


def test_an_empty_folder_is_not_ready_until_a_bundle_comes(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert served.http("GET", "/v2/health/live")[0] == 200
        assert served.http("GET", "/v2/health/ready")[0] == 503
        status, answer = served.infer({})
        assert (status, answer["code"]) == (503, "NOT_READY")

        write_bundle(tmp_path / "1", step=1)
        until(lambda: served.http("GET", "/v2/health/ready")[0] == 200)


def test_the_step_file_pins_rolls_back_and_lets_go(tmp_path: Path) -> None:
    bundles, file = tmp_path / "bundles", tmp_path / "step"
    for step in (1, 2, 3):
        write_bundle(bundles / f"of_{step}", step=step)
    file.write_text("2\n")
    with serving(bundles, step_file=file) as served:
        assert _step(served) == 2
        file.write_text("1")
        until(lambda: _step(served) == 1)
        file.write_text("77")
        until(lambda: bool(served.events("step_missing")))
        file.write_text("the newest")
        until(lambda: bool(served.events("step_file_unread")))
        assert _step(served) == 1, "what is not there, or no step, changes nothing"
        file.write_text("")
        until(lambda: _step(served) == 3)


def test_a_step_file_that_is_empty_for_one_look_is_one_that_is_being_written(tmp_path: Path) -> None:
    bundles, file = tmp_path / "bundles", tmp_path / "step"
    for step in (1, 2):
        write_bundle(bundles / f"of_{step}", step=step)
    file.write_text("1\n")
    with serving(bundles, step_file=file, poll_s=3600) as served:
        assert _step(served) == 1
        file.write_text("")
        served.run(served.server.load())
        assert _step(served) == 1
        file.write_text("1\n")
        served.run(served.server.load())
        file.unlink()
        served.run(served.server.load())
        assert _step(served) == 1
        served.run(served.server.load())
        assert _step(served) == 2


def test_of_two_bundles_of_a_step_the_last_by_name_is_served_and_the_other_is_told_once(tmp_path: Path) -> None:
    digests = {name: write_bundle(tmp_path / name, step=1, shift=place) for place, name in enumerate("ab")}
    shutil.copytree(tmp_path / "b", tmp_path / "copy_of_b")
    with serving(tmp_path) as served:
        current = served.server.registry.current
        assert current is not None
        assert current.digest == digests["b"]
        write_bundle(tmp_path / "a_broken", step=1, is_right=False)
        time.sleep(0.2)

        shutil.rmtree(tmp_path / "b")
        shutil.rmtree(tmp_path / "copy_of_b")
        until(lambda: len(served.events("bundle_served")) > 1)
        assert [event["folder"] for event in served.events("bundle_served")] == ["copy_of_b", "a"]
        assert [event["folder"] for event in served.events("bundle_refused")] == ["a_broken"]
        told = [(event["served"], event["passed_over"]) for event in served.events("step_twice")]

    assert told[0] == ("copy_of_b", "a")
    assert told[1:] in ([], [("copy_of_b", "a, a_broken")])


def test_two_troubles_that_last_are_told_once_each(tmp_path: Path) -> None:
    bundles, file = tmp_path / "bundles", tmp_path / "step"
    for place, name in enumerate("ab"):
        write_bundle(bundles / name, step=1, shift=place)
    file.write_text("the newest")
    with serving(bundles, step_file=file) as served:
        time.sleep(0.3)
        events = [len(served.events(name)) for name in ("step_file_unread", "step_twice")]

    assert events == [1, 1]


def test_a_bundle_of_another_digest_than_the_pinned_is_not_served(tmp_path: Path) -> None:
    pinned = write_bundle(tmp_path / "1", step=1)
    with serving(tmp_path, expect_digest=pinned) as served:
        write_bundle(tmp_path / "2", step=2)
        until(lambda: bool(served.events("bundle_refused")))
        assert [event["code"] for event in served.events("bundle_refused")] == ["DIGEST_MISMATCH"]
        assert _step(served) == 1


def test_nothing_is_written_into_the_watched_folder(tmp_path: Path) -> None:
    write_bundle(tmp_path / "1", step=1)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path, *tmp_path.rglob("*"))}
    with serving(tmp_path) as served:
        served.infer(json_request(*rows(2), _hash(tmp_path / "1")))

    assert {path: path.stat().st_mtime_ns for path in (tmp_path, *tmp_path.rglob("*"))} == before


def test_a_bundle_that_is_gone_is_served_on(tmp_path: Path) -> None:
    write_bundle(tmp_path / "1", step=1)
    signature_hash = _hash(tmp_path / "1")
    with serving(tmp_path) as served:
        shutil.rmtree(tmp_path / "1")
        until(lambda: bool(served.events("nothing_to_serve")) or _step(served) == 1)
        assert served.infer(json_request(*rows(2), signature_hash))[0] == 200


def test_sigterm_lets_every_request_that_was_taken_have_its_answer(tmp_path: Path) -> None:
    write_bundle(tmp_path / "1", step=1, shift=1)
    data = grpc_request(*rows(3), _hash(tmp_path / "1")).SerializeToString()
    command = [sys.executable, "-m", "rankspec", "serve", str(tmp_path), "--name", NAME, "--unready", "1.5"]
    command += ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split("grpc://")[1].split()[0]
        with grpc.insecure_channel(address) as channel:
            ready = channel.unary_unary("/inference.GRPCInferenceService/ServerReady")
            call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
            call(data)
            process.send_signal(signal.SIGTERM)
            until(lambda: not service_pb2.ServerReadyResponse.FromString(ready(b"")).ready)
            under_way = [call.future(data) for _ in range(50)]
            answers = [one.result(30) for one in under_way]
        assert len(answers) == 50
        assert process.wait(30) == 0
