"""Texts made to exhaust the reader are refused in bounded memory, by a process that could not take more."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.example_configs import VALID

_DEPTH = 100_000
_SIZE = 100 * 1024 * 1024
# Of address space, of which the interpreter and protobuf take a third.
_MEMORY = 512 * 1024 * 1024
# A guard against a test that never ends, not a measure: these take less than a second.
_SECONDS = 300

DEEP = {
    "unknown_blocks.textproto": b"a { " * _DEPTH,
    "unknown_blocks_closed.textproto": b"a { " * _DEPTH + b"} " * _DEPTH,
    "angles.textproto": b"a < " * _DEPTH,
    "known_blocks.textproto": b"model { " * _DEPTH,
    "openers.textproto": b"{" * _DEPTH,
    "closers.textproto": b"}" * _DEPTH,
    "lists.textproto": b"which_metrics: " + b"[" * _DEPTH,
    "objects.json": b'{"model":' * _DEPTH,
    "objects_closed.json": b'{"model":' * _DEPTH + b"{}" + b"}" * _DEPTH,
    "lists.json": b"[" * _DEPTH,
    "flow.yaml": b"{model: " * _DEPTH,
    "flow_closed.yaml": b"{model: " * _DEPTH + b"}" * _DEPTH,
    "flow_lists.yaml": b"[" * _DEPTH,
    "blocks.yaml": b"- " * _DEPTH,
    "keys.yaml": b"? " * _DEPTH,
    "groups.binpb": b"\x0b" * _DEPTH,
}
LARGE = {
    "comments.textproto": (VALID.encode(), b"# and more\n"),
    "one_line.textproto": (b"", b"training { } "),
    "one_string.textproto": (b'which_metrics: "', b"a"),
    "list.json": (b'{"which_metrics": [', b'"loss", '),
    "comments.yaml": (b"training: {}\n", b"# and more\n"),
    "strings.binpb": (b"", b"\x0a\x02\x0a\x00"),
}


@pytest.mark.parametrize("name", DEEP)
def test_text_nested_a_hundred_thousand_deep_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(DEEP[name])

    codes = _codes(str(path))

    assert codes
    # What was not read is not also missing.
    assert "required" not in codes or name == "unknown_blocks_closed.textproto"


@pytest.mark.parametrize("name", LARGE)
def test_text_of_100_mb_is_refused_for_its_size(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    begin, piece = LARGE[name]
    with path.open("wb") as file:
        file.write(begin)
        chunk = piece * (1024 * 1024 // len(piece))
        for _ in range(_SIZE // len(chunk) + 1):
            file.write(chunk)
    assert path.stat().st_size > _SIZE

    assert _codes(str(path)) == {"parse.too_large"}


def test_file_without_end_is_refused_for_its_size() -> None:
    assert _codes("/dev/zero") == {"parse.too_large"}


def test_standard_input_of_100_mb_is_refused_for_its_size(tmp_path: Path) -> None:
    path = tmp_path / "zeros"
    with path.open("wb") as file:
        file.truncate(_SIZE)

    with path.open("rb") as file:
        assert _codes("-", file.fileno()) == {"parse.too_large"}


def _codes(name: str, stdin: int | None = None) -> set[str]:
    """Returns the codes that the command line reports of a file, with little memory."""
    command = [sys.executable, "-m", "rankspec", "check", "--format", "json", name]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))

    result = subprocess.run(command, stdin=stdin, capture_output=True, timeout=_SECONDS, check=False, preexec_fn=limit)
    assert (result.returncode, result.stderr) == (1, b"")
    return {diagnostic["code"] for diagnostic in json.loads(result.stdout)["diagnostics"]}
