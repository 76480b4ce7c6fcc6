"""Reporting to Weights & Biases, without a network."""

import json
import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.integration.trainer.runs import Runs, records_of

from rankspec.trainer import weights_and_biases
from rankspec.trainer.errors import TrainError

wandb = pytest.importorskip("wandb")

_SHORT = "training { num_train_steps: 4 }"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text("0123456789" * 4 + "\nwhat follows is no key\n")
    return path


class _Run:
    """Stands for a run of the client library."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.logged: list[tuple[int, dict[str, float]]] = []
        self.exit_code: int | None = None

    def log(self, figures: dict[str, float], step: int) -> None:
        self.logged.append((step, figures))

    def finish(self, exit_code: int) -> None:
        self.exit_code = exit_code


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[_Run]:
    """The runs that are begun, in place of the library's."""
    runs: list[_Run] = []

    def init(**options: Any) -> _Run:
        runs.append(_Run())
        runs[-1].options = options
        return runs[-1]

    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setenv("WANDB_MODE", "offline")
    return runs


def test_every_field_reaches_the_library(
    runs: Runs, begun: list[_Run], key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANKSPEC_WANDB_HOSTS", "other.example:8443, tracker.example")
    folder = runs.train(
        "run",
        _SHORT,
        f"""runtime {{ wandb {{
          host: "https://tracker.example" key_path: "{key_file}" name: "small" entity: "team" project: "ranking"
          tags: "a" tags: "b" notes: "first try" metadata {{ key: "cluster" value: "north" }}
        }} }}""",
    )

    (run,) = begun
    assert run.options["settings"].base_url == "https://tracker.example"
    assert run.options["settings"].api_key == "0123456789" * 4
    expected = {"name": "small", "entity": "team", "project": "ranking", "tags": ["a", "b"], "notes": "first try"}
    assert run.options.items() >= expected.items()
    assert run.options["config"]["metadata"] == {"cluster": "north"}
    assert run.options["config"]["training"]["num_train_steps"] == "4"
    assert run.options["dir"] == str(folder)
    (record,) = records_of(folder, "train")
    figures = {f"train/{name}": value for name, value in record.items() if name not in ("step", "split")}
    assert (4, figures) in run.logged
    assert {name.split("/")[0] for _, logged in run.logged for name in logged} == {"train", "valid", "timing"}
    assert run.exit_code == 0


def test_fields_that_are_unset_are_left_to_the_library(runs: Runs, begun: list[_Run], key_file: Path) -> None:
    runs.train("run", _SHORT, f'runtime {{ wandb {{ key_path: "{key_file}" }} }}')

    (run,) = begun
    assert [run.options[name] for name in ("name", "entity", "project", "notes", "mode")] == [None] * 5
    assert run.options["settings"].base_url == wandb.setup().settings.base_url


def test_run_that_goes_on_reports_into_the_same(runs: Runs, begun: list[_Run], key_file: Path) -> None:
    change = f'runtime {{ wandb {{ key_path: "{key_file}" }} }}'
    runs.train("run", _SHORT, change)
    runs.train("run", change, "training { num_train_steps: 6 }")
    runs.train("other", _SHORT, change)

    first, second, other = (run.options["id"] for run in begun)
    assert first == second != other
    assert {run.options["resume"] for run in begun} == {"allow"}


def test_offline_run_is_kept_in_the_folder(
    runs: Runs, key_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{unused.getsockname()[1]}"

        folder = runs.train("run", _SHORT, f'runtime {{ wandb {{ key_path: "{key_file}" host: "{host}" }} }}')

    # The library's own process writes the file, and may be at it still when the run has ended; this waits for it.
    wandb.teardown()
    output = capsys.readouterr().err
    assert f"{host} does not answer" in output
    assert "Weights & Biases failed" not in output
    (kept,) = (folder / "wandb").glob("offline-run-*")
    (log,) = kept.glob("*.wandb")
    loss = records_of(folder, "train")[0]["loss"]
    assert b"train/loss" in log.read_bytes()
    assert json.dumps(loss).encode() in log.read_bytes()
    assert key_file.read_text().splitlines()[0].encode() not in log.read_bytes()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read: No such file or directory"), ("\nkey", "the first line of .* is empty")],
    ids=["missing", "empty"],
)
def test_key_that_is_missing_is_refused_before_training(
    runs: Runs, tmp_path: Path, content: str | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "key").write_text(content)

    with pytest.raises(TrainError, match=rf"runtime\.wandb\.key_path: .*{reason}"):
        runs.train("run", f'runtime {{ wandb {{ key_path: "{tmp_path}/key" }} }}')

    assert not (runs.folder / "run").exists()


def test_library_that_is_not_installed_is_named_with_its_remedy(
    runs: Runs, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_and_biases, "find_spec", lambda _: None)

    with pytest.raises(TrainError, match=r"pip install rankspec\[wandb\]"):
        runs.train("run", f'runtime {{ wandb {{ key_path: "{key_file}" }} }}')


def test_library_that_fails_does_not_stop_the_run(
    runs: Runs, key_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: Any) -> SimpleNamespace:
        raise wandb.errors.AuthenticationError("the key is not known")

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setattr(wandb, "init", refuse)
    runs.train("run", _SHORT, f'runtime {{ wandb {{ key_path: "{key_file}" }} }}')

    assert "Weights & Biases failed and is left out from here on: the key is not known" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("https://tracker.example", ""),
        ("https://tracker.example", "tracker.example.org, racker.example"),
        ("https://tracker.example:8443", "tracker.example"),
        ("https://tracker.example", "tracker.example:8443"),
        ("https://api.wandb.ai.example", ""),
        ("http://tracker.example", "tracker.example:80"),
    ],
)
def test_key_goes_to_no_server_that_the_environment_does_not_name(
    runs: Runs, begun: list[_Run], key_file: Path, monkeypatch: pytest.MonkeyPatch, host: str, allowed: str
) -> None:
    monkeypatch.setenv("RANKSPEC_WANDB_HOSTS", allowed)

    with pytest.raises(TrainError, match=r"runtime\.wandb\.host: .* would get the API key") as caught:
        runs.train("run", f'runtime {{ wandb {{ key_path: "{key_file}" host: "{host}" }} }}')

    assert begun == []
    assert "0123456789" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("https://api.wandb.ai", ""),
        ("https://api.wandb.ai/", ""),
        ("http://localhost:8080", ""),
        ("http://127.0.0.3:8080", ""),
        ("http://[::1]:8080", ""),
        ("https://tracker.example", "tracker.example"),
        ("https://TRACKER.example:8443", "a b,tracker.example:8443"),
    ],
)
def test_key_may_go_to_the_public_server_this_machine_and_what_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, host: str, allowed: str
) -> None:
    monkeypatch.setenv("RANKSPEC_WANDB_HOSTS", allowed)

    weights_and_biases.require_allowed(host)


@pytest.mark.parametrize("content", [b"root:x:0:0:root:/root:/bin/bash\n", b"short\n", b"\xff" * 40, b"a" * 10_000])
def test_file_that_holds_no_key_is_refused_and_not_shown(runs: Runs, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)

    with pytest.raises(TrainError, match=r"is no API key") as caught:
        runs.train("run", f'runtime {{ wandb {{ key_path: "{tmp_path}/key" }} }}')

    assert "/bin/bash" not in str(caught.value)
    assert "aaaa" not in str(caught.value)


def test_pipe_is_no_key_file(runs: Runs, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key")

    with pytest.raises(TrainError, match=r"it is no plain file"):
        runs.train("run", f'runtime {{ wandb {{ key_path: "{tmp_path}/key" }} }}')


def test_settings_in_the_current_folder_do_not_choose_the_server(
    runs: Runs, begun: list[_Run], key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "wandb").mkdir(parents=True)
    (tmp_path / "here" / "wandb" / "settings").write_text("[default]\nbase_url = https://evil.example\n")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)

    runs.train("run", _SHORT, f'runtime {{ wandb {{ key_path: "{key_file}" }} }}')

    assert begun[0].options["settings"].base_url == wandb.Settings().base_url != "https://evil.example"


def test_environment_may_choose_the_server(
    runs: Runs, begun: list[_Run], key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "https://ours.example")

    runs.train("run", _SHORT, f'runtime {{ wandb {{ key_path: "{key_file}" }} }}')

    assert begun[0].options["settings"].base_url == "https://ours.example"
