"""Whatever the standard streams and the arguments are, a command ends with a status and at most one complaint."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TINY = ROOT / "configs" / "recap" / "tiny.textproto"
FULL = "No space left on device"


def _shell(redirected: str, *command: str, stdin: bytes = b"", **environment: str) -> tuple[int, str]:
    """Runs `rankspec` with redirections of the shell; returns its status and what came out at the standard error."""
    quoted = " ".join(f"'{word}'" for word in command)
    done = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m rankspec {quoted} {redirected}"],
        input=stdin,
        capture_output=True,
        env=os.environ | environment,
        check=False,
        cwd=ROOT,
        timeout=120,
    )
    return done.returncode, done.stderr.decode()


def _assert_one_line(errors: str) -> None:
    assert errors.count("\n") == 1, errors
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors


COMMANDS = {
    "check": ("check", str(TINY)),
    "resolve": ("resolve", str(TINY)),
    "explain": ("explain", "model"),
    "schema": ("schema", "rankspec.recap.v1.RecapConfig"),
    "fingerprint": ("fingerprint", str(TINY)),
    "diff": ("diff", str(TINY), str(TINY)),
    "version": ("--version",),
    "help": ("train", "--help"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(("redirected", "reason"), [(">&-", "it is closed"), (">/dev/full", FULL)])
def test_output_that_cannot_be_written_is_one_line(command: tuple[str, ...], redirected: str, reason: str) -> None:
    status, errors = _shell(redirected, *command)

    assert status == 75
    _assert_one_line(errors)
    assert f"the standard output cannot be written: {reason}" in errors


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full", "<&-", "2>&- <&-"])
@pytest.mark.parametrize("command", [COMMANDS["check"], COMMANDS["resolve"]], ids=["check", "resolve"])
def test_streams_that_a_command_does_not_need_may_be_anything(command: tuple[str, ...], redirected: str) -> None:
    assert _shell(redirected, *command) == (0, "")


def test_input_that_is_closed_is_named() -> None:
    status, errors = _shell("<&- >&2", "check", "-")

    assert status == 1
    assert "the standard input cannot be read: it is closed [file.unreadable]" in errors


def test_file_does_not_get_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    target = tmp_path / "resolved.textproto"

    status, _ = _shell(">&- 2>&-", "resolve", str(TINY), "-o", str(target))

    assert status == 0
    assert _shell("", "check", str(target))[0] == 0


@pytest.mark.parametrize("redirected", [">&-", "2>&-", "2>/dev/full", ">/dev/full 2>/dev/full", "<&- >&- 2>&-"])
def test_training_goes_on_whatever_the_streams_are(tmp_path: Path, redirected: str) -> None:
    status, errors = _shell(
        redirected, "train", str(TINY), "--set", "training.num_train_steps=4", RANKSPEC_RUNS=str(tmp_path)
    )

    assert status == 0, errors
    assert (tmp_path / "tiny" / "4" / "files.json").exists()
    assert json.loads((tmp_path / "tiny" / "status.json").read_text())["state"] == "ended"


def test_value_that_is_not_utf_8_is_one_line() -> None:
    command: list[str | bytes] = [
        sys.executable,
        "-m",
        "rankspec",
        "train",
        str(TINY),
        "--set",
        b"training.save_dir=\xff",
    ]
    done = subprocess.run(command, capture_output=True, check=False)

    assert done.returncode == 2
    _assert_one_line(done.stderr.decode())
    assert "a value cannot be read as UTF-8: training.save_dir=" in done.stderr.decode()


def test_locale_is_named_where_it_is_the_cause() -> None:
    value = "training.save_dir=é"

    status, errors = _shell("", "resolve", str(TINY), "--set", value, LC_ALL="C", PYTHONUTF8="0")

    assert status == 2
    assert "as the locale has the encoding ascii; set LC_ALL=C.UTF-8" in errors


@pytest.mark.parametrize(
    "value", ["9" * 5000, "1e400", "-" + "9" * 30, "0." + "0" * 5000 + "1"], ids=["digits", "huge", "negative", "tiny"]
)
@pytest.mark.parametrize("field", ["runtime.seed", "training.num_train_steps", "optimizer.adam.epsilon"])
def test_huge_numbers_are_no_traceback(field: str, value: str) -> None:
    status, errors = _shell(">/dev/null", "resolve", str(TINY), "--set", f"{field}={value}")

    assert status in (0, 1)
    assert "this should not happen" not in errors
    assert "Traceback" not in errors


def test_our_own_mistake_is_one_line_and_a_traceback_where_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import rankspec.analysis.fingerprint\ndef broken(*_, **__):\n    raise KeyError('oh')\n"
        "rankspec.analysis.fingerprint.fingerprint = broken\n"
    )
    path = f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"

    status, errors = _shell("", "fingerprint", str(TINY), PYTHONPATH=path)

    assert status == 70
    _assert_one_line(errors)
    assert "rankspec fingerprint: error: this should not happen: KeyError: 'oh'" in errors
    assert "Traceback" in _shell("", "fingerprint", str(TINY), PYTHONPATH=path, RANKSPEC_TRACEBACK="1")[1]


def test_interrupted_saves_and_says_so_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rankspec", "train", str(TINY), "--set", "training.num_train_steps=100000"]
    running = subprocess.Popen(
        command, stderr=subprocess.PIPE, cwd=ROOT, env=os.environ | {"RANKSPEC_RUNS": str(tmp_path)}
    )
    metrics = tmp_path / "tiny" / "metrics.jsonl"
    while not metrics.exists() or not metrics.read_bytes():
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)

    errors = running.communicate(timeout=60)[1].decode()

    assert running.returncode == 130
    assert "Traceback" not in errors
    assert re.search(r"asked to end: saved at step \d+ of 100000; the same command goes on from there\n$", errors)
    assert any(path.name.isdecimal() for path in (tmp_path / "tiny").iterdir())
    assert json.loads((tmp_path / "tiny" / "status.json").read_text())["state"] == "stopped"


def test_memory_that_cannot_be_had_is_one_error_at_its_field(tmp_path: Path) -> None:
    table = 'model.small_embeddings={ tables { name: "t" num_embeddings: 200000000 embedding_dim: 8 index: 0 } }'
    limited = f"ulimit -v 6000000; exec '{sys.executable}' -m rankspec train '{TINY}' --set '{table}'"

    done = subprocess.run(
        ["bash", "-c", limited],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"RANKSPEC_RUNS": str(tmp_path)},
    )

    errors = done.stderr.decode()
    assert done.returncode == 1
    assert "not enough memory: it asked for 6400000000 bytes" in errors
    assert "[train.out_of_memory]" in errors
    assert "num_embeddings" in errors
    assert re.search(r"^--set[^\n]*: error: there is not enough memory", errors, re.MULTILINE)
    assert "Traceback" not in errors
