"""Batches made ahead of the consumer by threads, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from rankspec.trainer.data.row_groups import Requests, RowGroupReader

# Batches beyond one for each thread that lie ready or are being made.
_AHEAD = 3


@dataclass(frozen=True)
class _Pending:
    """A batch that is being made, and the row groups that it and its successors need."""

    batch: Future[Any]
    row_groups: Requests


class BatchStream(AbstractContextManager["BatchStream"], Iterator[Any]):
    """Yields batches in order; to be closed, best as a context manager.

    An error in a thread is raised by the `next` that would have returned its batch.
    """

    def __init__(
        self,
        reader: RowGroupReader,
        needed: Callable[[int], list[int]],
        assemble: Callable[[int, Requests], Any],
        numbers: Iterator[int],
        num_threads: int,
    ) -> None:
        """Starts the threads; the first batches are made at the first `next`.

        Args:
            reader: reads row groups; it is closed with the stream.
            needed: the row groups to have in memory for the batch of a number.
            assemble: makes the batch of a number from them.
            numbers: the numbers of the batches to yield.
            num_threads: batches made at the same time.
        """
        self._reader = reader
        self._needed = needed
        self._assemble = assemble
        self._numbers = numbers
        self._num_ahead = num_threads + _AHEAD
        self._threads = ThreadPoolExecutor(num_threads, thread_name_prefix="rankspec-batch")
        self._pending: deque[_Pending] = deque()
        self._current: _Pending | None = None
        self.closed = False

    def __next__(self) -> Any:
        if self.closed:
            raise StopIteration
        try:
            self._ask_ahead()
            # Kept until the next call: its row groups must outlive the request of the batches that share them.
            self._current = self._pending.popleft() if self._pending else None
            batch = self._current.batch.result() if self._current else None
        except BaseException:
            self.close()
            raise
        if batch is None:
            self.close()
            raise StopIteration
        return batch

    def _ask_ahead(self) -> None:
        while len(self._pending) < self._num_ahead:
            number = next(self._numbers, None)
            if number is None:
                return
            row_groups = self._reader.request(self._needed(number))
            self._pending.append(_Pending(self._threads.submit(self._assemble, number, row_groups), row_groups))

    def close(self) -> None:
        """Stops the threads; what they are doing is finished, what waits is not begun."""
        if self.closed:
            return
        self.closed = True
        # The reader first: a batch may be waiting for a row group, and gets it or learns that it is cancelled.
        self._reader.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._pending.clear()
        self._current = None

    def __exit__(self, *_error: object) -> None:
        self.close()
