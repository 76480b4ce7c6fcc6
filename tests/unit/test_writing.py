"""Writing a file as a whole."""

import os
import stat
import threading
from pathlib import Path

import pytest

from rankspec.formats.writing import write_file


def test_file_is_new(tmp_path: Path) -> None:
    (tmp_path / "other").touch()

    write_file(str(tmp_path / "out"), b"new")

    assert (tmp_path / "out").read_bytes() == b"new"
    assert _mode(tmp_path / "out") == _mode(tmp_path / "other")
    assert {path.name for path in tmp_path.iterdir()} == {"out", "other"}


def test_file_without_a_folder_in_its_name_goes_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    write_file("out", b"new")

    assert (tmp_path / "out").read_bytes() == b"new"


def test_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"old")
    out.chmod(0o640)
    with out.open("rb") as reader:
        write_file(str(out), b"new")

        assert reader.read() == b"old"
    assert out.read_bytes() == b"new"
    assert _mode(out) == 0o640


def test_file_is_left_as_it_was_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no"):
        write_file(str(out), b"new")

    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_symbolic_link_is_written_through(tmp_path: Path) -> None:
    link, out = tmp_path / "link", tmp_path / "out"
    link.symlink_to("out")

    write_file(str(link), b"new")

    assert link.is_symlink()
    assert out.read_bytes() == b"new"


def test_pipe_is_written_through(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()

    write_file(str(pipe), b"new")

    reader.join()
    assert read == [b"new"]
    assert pipe.is_fifo()


@pytest.mark.skipif(os.getuid() == 0, reason="the superuser may write everything")
def test_file_that_may_not_be_written_is_left(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"old")
    out.chmod(0o444)
    with pytest.raises(PermissionError):
        write_file(str(out), b"new")

    assert out.read_bytes() == b"old"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
