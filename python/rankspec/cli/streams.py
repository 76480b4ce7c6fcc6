"""The standard streams, made fit to write to: whatever they are, a command ends with one line and a status."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO


class OutputError(Exception):
    """The standard output does not take what is written."""


def prepare() -> None:
    """Replaces the process's own streams where they could fail.

    A missing descriptor is opened on nothing first: the next file that is opened would get its number otherwise, and
    what is meant for a terminal would be written into it.
    """
    is_missing = [_open_on_nothing(descriptor) for descriptor in range(3)]
    if is_missing[0]:
        sys.stdin = None
    # Not where somebody, such as a test, has put streams of their own.
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(_Output(1, is_missing=is_missing[1]), sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(_Lossy(2, "w", closefd=False), sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What the encoding has not, such as an odd file's name, is written as an escape.
            stream.reconfigure(errors="backslashreplace")


def drop_output() -> None:
    """Leaves what the standard output has not taken: Python would try again at its end, and complain."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for as long as the process lives


def _open_on_nothing(descriptor: int) -> bool:
    """Opens a descriptor on nothing if it is closed; returns whether it was."""
    try:
        os.fstat(descriptor)
    except OSError:
        # The lowest free number is given, and those below are taken by now.
        os.open(os.devnull, os.O_RDWR)
        return True
    return False


def _text(raw: io.FileIO, before: TextIO | None) -> io.TextIOWrapper:
    encoding = before.encoding if before is not None else "utf-8"
    is_terminal = os.isatty(raw.fileno())
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=encoding, line_buffering=is_terminal or isinstance(raw, _Lossy)
    )


class _Output(io.FileIO):
    """The standard output; says what is wrong with it in an error of its own."""

    def __init__(self, descriptor: int, *, is_missing: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._is_missing = is_missing

    def write(self, data: Any, /) -> int:
        if self._is_missing:
            raise OutputError("it is closed")
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error.strerror) from error


class _Lossy(io.FileIO):
    """The standard error; what it does not take is lost, since there is nowhere to say so."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(memoryview(data))
