"""`status.json`: what a run is doing, for whoever watches over it from outside."""

import json
import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

STATUS_FILE = "status.json"
# A process whose last heartbeat is several of these old is dead or stuck.
HEARTBEAT_SECONDS = 10.0


class RunStatus:
    """Keeps the file up to date for the time of its context, with a heartbeat from a thread of its own.

    The file is written beside and renamed, so that a reader never sees half of one. That it cannot be written is told
    once and never ends a run.
    """

    def __init__(self, folder: Path, last_step: int, say: Callable[[str], None]) -> None:
        """Writes nothing yet.

        Args:
            folder: the run's.
            last_step: where it ends.
            say: takes a line if the file cannot be written.
        """
        self._path = folder / STATUS_FILE
        self._say = say
        self._has_failed = False
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._beats = threading.Thread(target=self._beat, daemon=True)
        self._facts: dict[str, Any] = {
            "state": "running",
            "step": None,
            "last_step": last_step,
            "code": None,
            "message": None,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": _now(),
        }

    def __enter__(self) -> Self:
        self._write()
        self._beats.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._is_over.set()
        self._beats.join()
        if error is None:
            self._facts["state"] = "stopped" if self._facts["state"] == "stopped" else "ended"
        else:
            is_asked = isinstance(error, KeyboardInterrupt)
            code = "interrupted" if is_asked else getattr(error, "code", None)
            self._facts |= {
                "state": "stopped" if is_asked else "failed",
                "code": code if isinstance(code, str) else type(error).__name__,
                "message": str(error),
            }
        self._write()

    def end_at(self, last_step: int) -> None:
        """Takes another last step; the next heartbeat tells it."""
        self._facts["last_step"] = last_step

    def advance(self, step: int) -> None:
        """Takes the number of steps done; the next heartbeat tells it."""
        self._facts["step"] = step

    def stop(self) -> None:
        """Takes that the run was asked to end before its last step."""
        self._facts["state"] = "stopped"

    def _beat(self) -> None:
        while not self._is_over.wait(HEARTBEAT_SECONDS):
            self._write()

    def _write(self) -> None:
        beside = self._path.with_name(f".{STATUS_FILE}-{os.getpid()}")
        with self._lock:
            try:
                beside.write_text(json.dumps(self._facts | {"heartbeat": _now()}, indent=1) + "\n")
                beside.replace(self._path)
            except OSError as error:
                if not self._has_failed:
                    self._has_failed = True
                    self._say(f"{self._path} cannot be written: {error.strerror}; the run goes on without it")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
